//! The first ticket: from a keytab, with a password, or the user's own.

use super::library::{Credentials, Handle, KeytabEntry};
use super::{Client, c_string, credentials};
use crate::live::tickets::security::{Initial, SecurityError};
use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr::{null, null_mut};
use zeroize::Zeroizing;

impl Client {
    /// Takes the first ticket into a private cache.
    pub(super) fn take(&mut self, initial: &Initial) -> Result<(), SecurityError> {
        let (from, taken) = match initial {
            Initial::Keytab { file, principal } => {
                (format!("the keytab {}", file.display()), self.by_keytab(file, principal.as_deref()))
            }
            Initial::Password { principal, password } => {
                (format!("the password of {principal}"), self.by_password(principal, password))
            }
            Initial::Own => ("your own ticket".to_owned(), self.by_own()),
        };
        taken.and_then(|credentials| self.keep(credentials)).map_err(|why| SecurityError::Initial { from, why })
    }

    fn by_keytab(&mut self, file: &Path, principal: Option<&str>) -> Result<Credentials, String> {
        let name = file.to_str().ok_or("its name is not UTF-8")?;
        let name = c_string(&format!("FILE:{name}"))?;
        let mut keytab = null_mut();
        // SAFETY: the name is a C string that outlives the call, and the pointer is to a place for one handle.
        self.check(unsafe { (self.krb5.krb5_kt_resolve)(self.context, name.as_ptr(), &raw mut keytab) })?;
        let taken = self.with_keytab(keytab, principal);
        // SAFETY: the keytab is live, and not used afterwards.
        unsafe { (self.krb5.krb5_kt_close)(self.context, keytab) };
        taken
    }

    fn with_keytab(&mut self, keytab: Handle, principal: Option<&str>) -> Result<Credentials, String> {
        self.principal = match principal {
            Some(name) => self.parse(name)?,
            None => self.first_of(keytab)?,
        };
        let mut got = credentials();
        // SAFETY: context, principal and keytab are live, `got` is filled; null stands for the defaults.
        self.check(unsafe {
            (self.krb5.krb5_get_init_creds_keytab)(
                self.context,
                &raw mut got,
                self.principal,
                keytab,
                0,
                null(),
                null_mut(),
            )
        })?;
        Ok(got)
    }

    /// The principal of a keytab's first entry.
    fn first_of(&self, keytab: Handle) -> Result<Handle, String> {
        let mut cursor = null_mut();
        let mut entry = MaybeUninit::<KeytabEntry>::zeroed();
        let mut principal = null_mut();
        // SAFETY: context and keytab are live; an entry is read only after the call that fills it succeeded, its
        // principal is copied before the entry is freed, and the cursor is ended.
        unsafe {
            self.check((self.krb5.krb5_kt_start_seq_get)(self.context, keytab, &raw mut cursor))?;
            let mut read =
                self.check((self.krb5.krb5_kt_next_entry)(self.context, keytab, entry.as_mut_ptr(), &raw mut cursor));
            if read.is_ok() {
                let first = (*entry.as_ptr()).principal;
                read = self.check((self.krb5.krb5_copy_principal)(self.context, first, &raw mut principal));
                (self.krb5.krb5_free_keytab_entry_contents)(self.context, entry.as_mut_ptr());
            }
            (self.krb5.krb5_kt_end_seq_get)(self.context, keytab, &raw mut cursor);
            read?;
        }
        Ok(principal)
    }

    fn by_password(&mut self, principal: &str, password: &str) -> Result<Credentials, String> {
        self.principal = self.parse(principal)?;
        let mut text = Zeroizing::new(Vec::with_capacity(password.len() + 1));
        text.extend_from_slice(password.as_bytes());
        if text.contains(&0) {
            return Err("it has a NUL character".to_owned());
        }
        text.push(0);
        let mut got = credentials();
        // SAFETY: context and principal are live, the password ends with its only NUL and outlives the call, `got` is
        // filled; null stands for the defaults and for no prompting.
        self.check(unsafe {
            (self.krb5.krb5_get_init_creds_password)(
                self.context,
                &raw mut got,
                self.principal,
                text.as_ptr().cast(),
                null_mut(),
                null_mut(),
                0,
                null(),
                null_mut(),
            )
        })?;
        Ok(got)
    }

    /// The ticket-granting ticket of the user's default cache, and nothing else of it.
    fn by_own(&mut self) -> Result<Credentials, String> {
        let mut own = null_mut();
        // SAFETY: the pointer is to a place for one handle.
        self.check(unsafe { (self.krb5.krb5_cc_default)(self.context, &raw mut own) })?;
        let taken = self.granting_ticket_of(own);
        // SAFETY: the cache is live, and not used afterwards; closing leaves its content as it is.
        unsafe { (self.krb5.krb5_cc_close)(self.context, own) };
        taken
    }

    fn granting_ticket_of(&mut self, own: Handle) -> Result<Credentials, String> {
        // SAFETY: the cache is live, and the pointer is to a place for one handle.
        let code = unsafe { (self.krb5.krb5_cc_get_principal)(self.context, own, &raw mut self.principal) };
        self.check(code)?;
        let name = self.name(self.principal)?;
        let realm = name.rsplit('@').next().unwrap_or_default();
        let server = self.parse(&format!("krbtgt/{realm}@{realm}"))?;
        let (mut wanted, mut got) = (credentials(), credentials());
        (wanted.client, wanted.server) = (self.principal, server);
        // SAFETY: context, cache and both principals are live; `wanted` is only read, `got` is filled.
        self.check(unsafe {
            let code = (self.krb5.krb5_cc_retrieve_cred)(self.context, own, 0, &raw mut wanted, &raw mut got);
            (self.krb5.krb5_free_principal)(self.context, server);
            code
        })?;
        Ok(got)
    }

    /// Puts the first ticket into a new cache in memory.
    fn keep(&mut self, mut first: Credentials) -> Result<(), String> {
        // SAFETY: context, principal and ticket are live, the type is a C string, the pointer is to a place for one
        // handle; the cache copies the ticket, which is then freed once.
        unsafe {
            let mut code =
                (self.krb5.krb5_cc_new_unique)(self.context, c"MEMORY".as_ptr(), null(), &raw mut self.cache);
            if code == 0 {
                code = (self.krb5.krb5_cc_initialize)(self.context, self.cache, self.principal);
            }
            if code == 0 {
                code = (self.krb5.krb5_cc_store_cred)(self.context, self.cache, &raw mut first);
            }
            (self.krb5.krb5_free_cred_contents)(self.context, &raw mut first);
            self.check(code)
        }
    }
}
