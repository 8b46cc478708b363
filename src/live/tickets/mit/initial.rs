//! The first ticket: from a keytab, with a password, or the user's own.

use super::library::{Code, Credentials, Handle, KeytabEntry};
use super::{Client, PROTOCOL, c_string, credentials};
use crate::live::tickets::first_ticket::{Initial, InitialFault};
use crate::live::tickets::security::SecurityError;
use jiff::Timestamp;
use log::debug;
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
        let kept = taken.and_then(|credentials| {
            let end = end(&credentials);
            self.keep(credentials)?;
            debug!("the first ticket is that of {}, from {from}, until {end}", self.name(self.principal)?);
            Ok(())
        });
        kept.map_err(|fault| SecurityError::Initial { from, fault })
    }

    fn checked(&self, code: Code) -> Result<(), InitialFault> {
        match code {
            0 => Ok(()),
            code => Err(fault(code).unwrap_or_else(|| InitialFault::Other(self.words(code)))),
        }
    }

    /// A user's name, in which the library would take a backslash away.
    fn user(&self, name: &str) -> Result<Handle, InitialFault> {
        if name.trim().is_empty() || name.contains('\\') {
            return Err(InitialFault::Name);
        }
        self.parse(name).map_err(|_| InitialFault::Name)
    }

    fn by_keytab(&mut self, file: &Path, principal: Option<&str>) -> Result<Credentials, InitialFault> {
        let name = file.to_str().ok_or_else(|| InitialFault::Other("its name is not UTF-8".to_owned()))?;
        let name = c_string(&format!("FILE:{name}"))?;
        let mut keytab = null_mut();
        // SAFETY: the name is a C string that outlives the call, and the pointer is to a place for one handle.
        self.checked(unsafe { (self.krb5.krb5_kt_resolve)(self.context, name.as_ptr(), &raw mut keytab) })?;
        let taken = self.with_keytab(keytab, principal);
        // SAFETY: the keytab is live, and not used afterwards.
        unsafe { (self.krb5.krb5_kt_close)(self.context, keytab) };
        taken
    }

    fn with_keytab(&mut self, keytab: Handle, principal: Option<&str>) -> Result<Credentials, InitialFault> {
        self.principal = match principal {
            Some(name) => self.user(name)?,
            None => self.first_of(keytab)?,
        };
        let mut got = credentials();
        // SAFETY: context, principal and keytab are live, `got` is filled; null stands for the defaults.
        self.checked(unsafe {
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
    fn first_of(&self, keytab: Handle) -> Result<Handle, InitialFault> {
        let mut cursor = null_mut();
        let mut entry = MaybeUninit::<KeytabEntry>::zeroed();
        let mut principal = null_mut();
        // SAFETY: context and keytab are live; an entry is read only after the call that fills it succeeded, its
        // principal is copied before the entry is freed, and the cursor is ended.
        unsafe {
            self.checked((self.krb5.krb5_kt_start_seq_get)(self.context, keytab, &raw mut cursor))?;
            let mut read =
                self.checked((self.krb5.krb5_kt_next_entry)(self.context, keytab, entry.as_mut_ptr(), &raw mut cursor));
            if read.is_ok() {
                let first = (*entry.as_ptr()).principal;
                read = self.checked((self.krb5.krb5_copy_principal)(self.context, first, &raw mut principal));
                (self.krb5.krb5_free_keytab_entry_contents)(self.context, entry.as_mut_ptr());
            }
            (self.krb5.krb5_kt_end_seq_get)(self.context, keytab, &raw mut cursor);
            read?;
        }
        Ok(principal)
    }

    fn by_password(&mut self, principal: &str, password: &str) -> Result<Credentials, InitialFault> {
        self.principal = self.user(principal)?;
        let mut text = Zeroizing::new(Vec::with_capacity(password.len() + 1));
        text.extend_from_slice(password.as_bytes());
        if text.contains(&0) {
            return Err(InitialFault::WrongKey); // no password has a NUL character
        }
        text.push(0);
        let mut got = credentials();
        // SAFETY: context and principal are live, the password ends with its only NUL and outlives the call, `got` is
        // filled; null stands for the defaults and for no prompting.
        self.checked(unsafe {
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
    fn by_own(&mut self) -> Result<Credentials, InitialFault> {
        let mut own = null_mut();
        // SAFETY: the pointer is to a place for one handle.
        self.checked(unsafe { (self.krb5.krb5_cc_default)(self.context, &raw mut own) })?;
        let taken = self.granting_ticket_of(own);
        // SAFETY: the cache is live, and not used afterwards; closing leaves its content as it is.
        unsafe { (self.krb5.krb5_cc_close)(self.context, own) };
        taken
    }

    fn granting_ticket_of(&mut self, own: Handle) -> Result<Credentials, InitialFault> {
        // SAFETY: the cache is live, and the pointer is to a place for one handle.
        let code = unsafe { (self.krb5.krb5_cc_get_principal)(self.context, own, &raw mut self.principal) };
        self.checked(code)?;
        let name = self.name(self.principal)?;
        let realm = name.rsplit('@').next().unwrap_or_default();
        let server = self.parse(&format!("krbtgt/{realm}@{realm}"))?;
        let (mut wanted, mut got) = (credentials(), credentials());
        (wanted.client, wanted.server) = (self.principal, server);
        // SAFETY: context, cache and both principals are live; `wanted` is only read, `got` is filled.
        self.checked(unsafe {
            let code = (self.krb5.krb5_cc_retrieve_cred)(self.context, own, 0, &raw mut wanted, &raw mut got);
            (self.krb5.krb5_free_principal)(self.context, server);
            code
        })?;
        let end = end(&got);
        if end <= Timestamp::now() {
            // SAFETY: the ticket is the library's, and not used afterwards.
            unsafe { (self.krb5.krb5_free_cred_contents)(self.context, &raw mut got) };
            return Err(InitialFault::Expired(end));
        }
        Ok(got)
    }

    /// Puts the first ticket into a new cache in memory.
    fn keep(&mut self, mut first: Credentials) -> Result<(), InitialFault> {
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
            self.checked(code)
        }
    }
}

/// When a ticket ends. The library's seconds have 32 bits, and count beyond 2038 as if they had no sign.
fn end(credentials: &Credentials) -> Timestamp {
    let [_, _, end, _] = credentials.times;
    Timestamp::from_second(i64::from(end.cast_unsigned())).unwrap_or(Timestamp::MAX)
}

/// What an error of the library means for the first ticket: those of the protocol have their number there, the others
/// count on from it (krb5.h).
pub(super) fn fault(code: Code) -> Option<InitialFault> {
    const NO_SUCH_FILE: Code = 2;
    if code == NO_SUCH_FILE {
        return Some(InitialFault::NoKeytab);
    }
    Some(match code.wrapping_sub(PROTOCOL) {
        6 => InitialFault::UnknownUser,
        18 => InitialFault::Revoked,
        23 => InitialFault::PasswordExpired,
        24 | 31 => InitialFault::WrongKey,
        37 | 148 => InitialFault::Clocks,
        134 => InitialFault::Name,
        141 | 142 | 195 => InitialFault::NoTicket,
        154 => InitialFault::UnknownRealm,
        156 => InitialFault::SilentKdc,
        181 => InitialFault::NoKey,
        182 | 213 | 235 => InitialFault::NotAKeytab,
        _ => return None,
    })
}
