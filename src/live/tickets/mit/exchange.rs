//! The exchange with one server, through GSS-API: SPNEGO that offers Kerberos only, with mutual authentication.

use super::library::{Buffer, ChannelBindings, Gss, Handle, KeyValue, KeyValueSet, Oid, OidSet};
use crate::live::tickets::security::{Context, Fault, Step};
use std::ffi::{CStr, c_int};
use std::ptr::{null, null_mut};

const COMPLETE: u32 = 0;
const CONTINUE: u32 = 1;
const MUTUAL: u32 = 2;
const INITIATE: c_int = 1;
/// The kinds of status that have words: GSS-API's own, and the mechanism's.
const STATUS_KINDS: (c_int, c_int) = (1, 2);

/// 1.3.6.1.5.5.2
const SPNEGO: &[u8] = b"\x2b\x06\x01\x05\x05\x02";
/// 1.2.840.113554.1.2.2
const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
/// 1.2.840.113554.1.2.2.1: a principal's name with its realm, which is not looked up in the DNS.
const PRINCIPAL_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01";

/// The client's tickets, for any number of exchanges at a time.
pub(super) struct Credential {
    gss: Gss,
    handle: Handle,
}

// SAFETY: GSS-API credentials are not bound to a thread.
unsafe impl Send for Credential {}
// SAFETY: MIT Kerberos locks a credential that several threads use; only contexts belong to one thread at a time.
unsafe impl Sync for Credential {}

impl Credential {
    /// What the cache of that name holds.
    pub(super) fn of_cache(gss: Gss, cache: &CStr) -> Result<Self, String> {
        let mut credential = Self { gss, handle: null_mut() };
        let place = KeyValue { key: c"ccache".as_ptr(), value: cache.as_ptr() };
        let store = KeyValueSet { count: 1, elements: &raw const place };
        let (spnego, kerberos) = (oid(SPNEGO), oid(KERBEROS));
        let (outer, inner) =
            (OidSet { count: 1, elements: &raw const spnego }, OidSet { count: 1, elements: &raw const kerberos });
        let mut minor = 0;
        // SAFETY: the sets and strings live until the calls return, the functions only read them; the handle is a place
        // to be filled; null stands for the default name, and for what is not asked.
        unsafe {
            let major = (credential.gss.gss_acquire_cred_from)(
                &raw mut minor,
                null_mut(),
                0,
                &raw const outer,
                INITIATE,
                &raw const store,
                &raw mut credential.handle,
                null_mut(),
                null_mut(),
            );
            credential.check(major, minor)?;
            let major = (credential.gss.gss_set_neg_mechs)(&raw mut minor, credential.handle, &raw const inner);
            credential.check(major, minor)?;
        }
        Ok(credential)
    }

    fn check(&self, major: u32, minor: u32) -> Result<(), String> {
        if major >> 16 == 0 { Ok(()) } else { Err(self.words(major, minor)) }
    }

    /// The mechanism's words where it has any, else GSS-API's.
    fn words(&self, major: u32, minor: u32) -> String {
        let specific = if minor == 0 { String::new() } else { self.status(minor, STATUS_KINDS.1) };
        if specific.is_empty() { self.status(major, STATUS_KINDS.0) } else { specific }
    }

    fn status(&self, status: u32, kind: c_int) -> String {
        let (mut minor, mut more) = (0, 0);
        let mut text = EMPTY;
        // SAFETY: the buffer is filled by the library, copied, and given back once.
        unsafe {
            let major =
                (self.gss.gss_display_status)(&raw mut minor, status, kind, null(), &raw mut more, &raw mut text);
            if major == COMPLETE { String::from_utf8_lossy(&self.taken(&mut text)).into_owned() } else { String::new() }
        }
    }

    /// The content of a buffer that the library filled; the buffer goes back to it.
    fn taken(&self, buffer: &mut Buffer) -> Vec<u8> {
        let mut minor = 0;
        // SAFETY: the library says that the value has that many bytes; they are copied before it is released.
        unsafe {
            let bytes = if buffer.value.is_null() {
                Vec::new()
            } else {
                std::slice::from_raw_parts(buffer.value.cast::<u8>(), buffer.length).to_vec()
            };
            (self.gss.gss_release_buffer)(&raw mut minor, buffer);
            bytes
        }
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the handle is live or null, and not used afterwards.
        unsafe { (self.gss.gss_release_cred)(&raw mut minor, &raw mut self.handle) };
    }
}

/// One security context.
pub(super) struct Exchange<'c> {
    credential: &'c Credential,
    name: Handle,
    context: Handle,
    binding: Option<Vec<u8>>,
}

impl<'c> Exchange<'c> {
    /// A context with the service of that principal.
    pub(super) fn new(credential: &'c Credential, principal: &str, binding: Option<&[u8]>) -> Result<Self, Fault> {
        let mut exchange =
            Self { credential, name: null_mut(), context: null_mut(), binding: binding.map(<[u8]>::to_vec) };
        let (mut text, kind, mut minor) = (borrowed(principal.as_bytes()), oid(PRINCIPAL_NAME), 0);
        // SAFETY: text and kind live until the call returns, which copies them; the name is a place to be filled.
        let major = unsafe {
            (credential.gss.gss_import_name)(&raw mut minor, &raw mut text, &raw const kind, &raw mut exchange.name)
        };
        credential.check(major, minor).map_err(Fault)?;
        Ok(exchange)
    }
}

impl Context for Exchange<'_> {
    fn step(&mut self, token: Option<&[u8]>) -> Result<Step, Fault> {
        let input = token.map(borrowed);
        let mechanism = oid(SPNEGO);
        let bindings = self.binding.as_deref().map(|binding| ChannelBindings {
            initiator_type: 0,
            initiator: EMPTY,
            acceptor_type: 0,
            acceptor: EMPTY,
            application: borrowed(binding),
        });
        let (mut minor, mut flags, mut output) = (0, 0, EMPTY);
        let gss = &self.credential.gss;
        // SAFETY: the credential and the name are live and only read; input, mechanism and bindings live until the
        // call returns, and null stands for their absence; context and output are places that the library fills.
        let major = unsafe {
            (gss.gss_init_sec_context)(
                &raw mut minor,
                self.credential.handle,
                &raw mut self.context,
                self.name,
                &raw const mechanism,
                MUTUAL,
                0,
                bindings.as_ref().map_or(null(), std::ptr::from_ref),
                input.as_ref().map_or(null(), std::ptr::from_ref),
                null_mut(),
                &raw mut output,
                &raw mut flags,
                null_mut(),
            )
        };
        let reply = self.credential.taken(&mut output);
        match major {
            COMPLETE if flags & MUTUAL != 0 => Ok(Step::Mutual),
            COMPLETE => Ok(Step::Unproved),
            CONTINUE => Ok(Step::Send(reply)),
            _ => Err(Fault(self.credential.words(major, minor))),
        }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        let (gss, mut minor) = (&self.credential.gss, 0);
        // SAFETY: both handles are live or null, and not used afterwards.
        unsafe {
            (gss.gss_delete_sec_context)(&raw mut minor, &raw mut self.context, null_mut());
            (gss.gss_release_name)(&raw mut minor, &raw mut self.name);
        }
    }
}

const EMPTY: Buffer = Buffer { length: 0, value: null_mut() };

/// A buffer over bytes that the library only reads.
fn borrowed(bytes: &[u8]) -> Buffer {
    Buffer { length: bytes.len(), value: bytes.as_ptr().cast_mut().cast() }
}

fn oid(elements: &'static [u8]) -> Oid {
    Oid { length: u32::try_from(elements.len()).unwrap_or_default(), elements: elements.as_ptr().cast() }
}
