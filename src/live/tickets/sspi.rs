//! Kerberos on Windows, through SSPI.
//!
//! The package is Kerberos itself, not Negotiate: it never falls back to NTLM, and servers that use Negotiate answer
//! clients that select Kerberos ("Microsoft Negotiate" in the documentation of authentication \[doc\]). A ticket by
//! password belongs to the credential alone. One by the user's own logon comes out of the logon session's cache, where a
//! stale one may lie: the LSA is asked to put a fresh one there, and what is shown is compared with one that is surely
//! new. The user's cache then has a newer ticket than before, which is all that changes in it.
//!
//! It never ran on Windows: each call was read against its documentation, and contexts, tokens and the comparison of
//! keys were tried in Wine against real servers, which does without the LSA's tickets.

#![expect(unsafe_code, reason = "the only way to the system; every block says why it is sound")]

use super::first_ticket::{Initial, InitialFault};
use super::krb_error::KrbError;
use super::security::{Context, Fault, Key, Refusal, Security, SecurityError, Step, Ticket, ticket_in_token};
use jiff::Timestamp;
use log::debug;
use std::ffi::c_void;
use std::mem::size_of;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use windows_sys::Win32::Foundation::{
    HANDLE, NTSTATUS, SEC_E_KDC_UNKNOWN_ETYPE, SEC_E_LOGON_DENIED, SEC_E_NO_AUTHENTICATING_AUTHORITY,
    SEC_E_NO_CREDENTIALS, SEC_E_TARGET_UNKNOWN, SEC_E_TIME_SKEW, SEC_E_UNKNOWN_CREDENTIALS, SEC_I_CONTINUE_NEEDED,
    STATUS_KDC_UNKNOWN_ETYPE, STATUS_NO_LOGON_SERVERS, STATUS_NO_TRUST_SAM_ACCOUNT, STATUS_TIME_DIFFERENCE_AT_DC,
};
use windows_sys::Win32::Security::Authentication::Identity::{
    AcquireCredentialsHandleW, DeleteSecurityContext, FreeContextBuffer, FreeCredentialsHandle,
    ISC_REQ_ALLOCATE_MEMORY, ISC_REQ_CONNECTION, ISC_REQ_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH, InitializeSecurityContextW,
    KERB_RETRIEVE_TICKET_DONT_USE_CACHE, KERB_RETRIEVE_TICKET_MAX_LIFETIME, KERB_RETRIEVE_TKT_REQUEST,
    KERB_RETRIEVE_TKT_RESPONSE, KerbRetrieveEncodedTicketMessage, LSA_STRING, LSA_UNICODE_STRING,
    LsaCallAuthenticationPackage, LsaConnectUntrusted, LsaDeregisterLogonProcess, LsaFreeReturnBuffer,
    LsaLookupAuthenticationPackage, MICROSOFT_KERBEROS_NAME_W, SEC_CHANNEL_BINDINGS, SECBUFFER_CHANNEL_BINDINGS,
    SECBUFFER_TOKEN, SECBUFFER_VERSION, SECPKG_CRED_OUTBOUND, SECURITY_NATIVE_DREP, SecBuffer, SecBufferDesc,
};
use windows_sys::Win32::Security::Credentials::SecHandle;
use windows_sys::Win32::System::Rpc::{SEC_WINNT_AUTH_IDENTITY_UNICODE, SEC_WINNT_AUTH_IDENTITY_W};
use zeroize::Zeroizing;

/// Kerberos with the user's logon, or with a user's password.
pub struct Sspi {
    credential: SecHandle,
    own: bool,
    /// Whether a ticket was had: then the login is good.
    logged_on: AtomicBool,
}

impl Sspi {
    /// Takes the credential; the first ticket is asked for with the first service ticket.
    pub fn new(initial: &Initial) -> Result<Self, SecurityError> {
        match initial {
            Initial::Own => Self::with("your own logon", null(), true),
            Initial::Password { principal, password } => {
                let (user, domain) = parts(principal);
                let (mut user, mut domain) = (utf16(user), domain.map(utf16));
                // It never grows: that would leave a copy.
                let mut letters = Zeroizing::new(Vec::with_capacity(password.len()));
                letters.extend(password.encode_utf16());
                let identity = SEC_WINNT_AUTH_IDENTITY_W {
                    User: user.as_mut_ptr(),
                    UserLength: count(&user) - 1,
                    Domain: domain.as_mut().map_or(null_mut(), Vec::as_mut_ptr),
                    DomainLength: domain.as_ref().map_or(0, |domain| count(domain) - 1),
                    Password: letters.as_mut_ptr(),
                    PasswordLength: count(&letters),
                    Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
                };
                Self::with(principal, (&raw const identity).cast(), false)
            }
            Initial::Keytab { .. } => Err(SecurityError::Unsupported("Windows takes no first ticket from a keytab")),
        }
    }

    fn with(from: &str, identity: *const c_void, own: bool) -> Result<Self, SecurityError> {
        let mut credential = SecHandle::default();
        // SAFETY: the identity, where there is one, and its texts live until the call returns, which copies them; the
        // handle is a place to be filled; null stands for what is not asked.
        let status = unsafe {
            AcquireCredentialsHandleW(
                null(),
                MICROSOFT_KERBEROS_NAME_W,
                SECPKG_CRED_OUTBOUND,
                null(),
                identity,
                None,
                null(),
                &raw mut credential,
                null_mut(),
            )
        };
        if status < 0 {
            return Err(SecurityError::Initial { from: from.to_owned(), fault: InitialFault::Other(words(status)) });
        }
        debug!("the first ticket is to come from {from}");
        Ok(Self { credential, own, logged_on: AtomicBool::new(own) })
    }

    /// What was said instead of a ticket.
    fn refusal(&self, status: NTSTATUS) -> Refusal {
        match refusal(status) {
            // The first attempt is the login too, and a refused password is never tried again.
            Refusal::Failed(why) if !self.logged_on.load(Ordering::Relaxed) => Refusal::NotLoggedOn(why),
            refusal => refusal,
        }
    }

    /// A new ticket for the user's own logon, which the LSA is asked to put in the place of the one in the cache.
    fn refresh(principal: &str) -> Result<Vec<u8>, Refusal> {
        let lsa = Lsa::connect()?;
        // Documented to be new, and not to be cached.
        let new = lsa.ticket(principal, KERB_RETRIEVE_TICKET_DONT_USE_CACHE)?;
        // Documented to be fresh, and to be cached afterwards.
        if let Err(why) = lsa.ticket(principal, KERB_RETRIEVE_TICKET_MAX_LIFETIME) {
            debug!("{principal}: the cache was not renewed: {why}");
        }
        Ok(new)
    }
}

impl Drop for Sspi {
    fn drop(&mut self) {
        // SAFETY: the handle is live, and not used afterwards.
        unsafe { FreeCredentialsHandle(&raw const self.credential) };
    }
}

impl Security for Sspi {
    fn ticket(&self, host: &str) -> Result<Ticket, Refusal> {
        let at = Timestamp::now();
        let principal = format!("HTTP/{host}");
        let new = self.own.then(|| Self::refresh(&principal)).transpose()?;
        // The first token needs the ticket: this asks for it, or finds the one in the cache, and says why there is none.
        let token = match Exchange::new(&self.credential, &principal, None).call(None) {
            (status, _) if status < 0 => return Err(self.refusal(status)),
            (_, token) => token,
        };
        self.logged_on.store(true, Ordering::Relaxed);
        let shown = ticket_in_token(&token).and_then(Key::of_ticket);
        let new = new.as_deref().and_then(Key::of_ticket);
        match (new, shown) {
            (Some(new), Some(shown)) if new != shown => Err(Refusal::Failed(format!(
                "Windows shows a ticket out of its cache ({shown}) that is older than a new one ({new}): \
                 run klist purge, and try again"
            ))),
            (_, key) => Ok(Ticket { principal, at, key }),
        }
    }

    fn context<'s>(&'s self, ticket: &'s Ticket, binding: Option<&[u8]>) -> Result<Box<dyn Context + 's>, Fault> {
        Ok(Box::new(Exchange::new(&self.credential, &ticket.principal, binding)))
    }
}

/// One security context.
struct Exchange<'c> {
    credential: &'c SecHandle,
    target: Vec<u16>,
    context: Option<SecHandle>,
    binding: Option<Vec<u8>>,
    mutual: bool,
}

impl<'c> Exchange<'c> {
    fn new(credential: &'c SecHandle, principal: &str, binding: Option<&[u8]>) -> Self {
        let binding = binding.map(channel_bindings);
        Self { credential, target: utf16(principal), context: None, binding, mutual: false }
    }

    /// The status, and what is to be sent.
    fn call(&mut self, token: Option<&[u8]>) -> (i32, Vec<u8>) {
        let input = |kind, bytes: &[u8]| SecBuffer {
            cbBuffer: count(bytes),
            BufferType: kind,
            pvBuffer: bytes.as_ptr().cast_mut().cast(),
        };
        let mut inputs: Vec<SecBuffer> = token.map(|token| input(SECBUFFER_TOKEN, token)).into_iter().collect();
        inputs.extend(self.binding.as_deref().map(|binding| input(SECBUFFER_CHANNEL_BINDINGS, binding)));
        let given =
            SecBufferDesc { ulVersion: SECBUFFER_VERSION, cBuffers: count(&inputs), pBuffers: inputs.as_mut_ptr() };
        let mut output = SecBuffer { cbBuffer: 0, BufferType: SECBUFFER_TOKEN, pvBuffer: null_mut() };
        let mut taken = SecBufferDesc { ulVersion: SECBUFFER_VERSION, cBuffers: 1, pBuffers: &raw mut output };
        let (mut context, mut attributes) = (self.context.unwrap_or_default(), 0);
        let former = self.context.as_ref().map_or(null(), std::ptr::from_ref);
        // SAFETY: credential, former context, target and inputs live until the call returns and are only read; context,
        // output and attributes are places to be filled. The system allocates the output, which is copied and freed.
        unsafe {
            let status = InitializeSecurityContextW(
                self.credential,
                former,
                self.target.as_ptr(),
                ISC_REQ_MUTUAL_AUTH | ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_CONNECTION,
                0,
                SECURITY_NATIVE_DREP,
                if inputs.is_empty() { null() } else { &raw const given },
                0,
                &raw mut context,
                &raw mut taken,
                &raw mut attributes,
                null_mut(),
            );
            if status >= 0 {
                self.context = Some(context);
                self.mutual = attributes & ISC_RET_MUTUAL_AUTH != 0;
            }
            let mut reply = Vec::new();
            if !output.pvBuffer.is_null() {
                let length = usize::try_from(output.cbBuffer).unwrap_or_default();
                reply.extend_from_slice(std::slice::from_raw_parts(output.pvBuffer.cast::<u8>(), length));
                FreeContextBuffer(output.pvBuffer);
            }
            (status, reply)
        }
    }
}

impl Context for Exchange<'_> {
    fn step(&mut self, token: Option<&[u8]>) -> Result<Step, Fault> {
        match self.call(token) {
            (SEC_I_CONTINUE_NEEDED, reply) => Ok(Step::Send(reply)),
            (0, _) if self.mutual => Ok(Step::Mutual),
            (0, _) => Ok(Step::Unproved),
            (status, _) => Err(Fault(words(status))),
        }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if let Some(context) = &self.context {
            // SAFETY: the handle is live, and not used afterwards.
            unsafe { DeleteSecurityContext(context) };
        }
    }
}

/// A connection to the Local Security Authority.
struct Lsa(HANDLE);

impl Lsa {
    fn connect() -> Result<Self, Refusal> {
        let mut handle = null_mut();
        // SAFETY: the handle is a place to be filled.
        let status = unsafe { LsaConnectUntrusted(&raw mut handle) };
        if status < 0 { Err(refusal(status)) } else { Ok(Self(handle)) }
    }

    fn kerberos(&self) -> Result<u32, Refusal> {
        let mut name = *b"Kerberos";
        let name = LSA_STRING { Length: 8, MaximumLength: 8, Buffer: name.as_mut_ptr() };
        let mut package = 0;
        // SAFETY: the name lives until the call returns and is only read; the package is a place to be filled.
        let status = unsafe { LsaLookupAuthenticationPackage(self.0, &raw const name, &raw mut package) };
        if status < 0 { Err(refusal(status)) } else { Ok(package) }
    }

    /// A ticket, encoded, by these options of KERB_RETRIEVE_TKT_REQUEST.
    fn ticket(&self, principal: &str, options: u32) -> Result<Vec<u8>, Refusal> {
        let package = self.kerberos()?;
        let name: Vec<u16> = principal.encode_utf16().collect();
        let length = u16::try_from(2 * name.len()).map_err(|_| Refusal::Failed("the name is too long".to_owned()))?;
        let head = size_of::<KERB_RETRIEVE_TKT_REQUEST>();
        let bytes = head + 2 * name.len();
        // Eight bytes at a time, so that the request is aligned.
        let mut buffer = vec![0_u64; bytes.div_ceil(8)];
        let request = buffer.as_mut_ptr().cast::<KERB_RETRIEVE_TKT_REQUEST>();
        let (mut answer, mut answered, mut status) = (Answer(null_mut()), 0, 0);
        // SAFETY: the buffer has room for the request and, behind it, for the name, as the LSA wants them; zero is a
        // value of every field. The answer, where there is one, is read before it is given back, and its ticket has as
        // many bytes as it says.
        unsafe {
            let behind = request.cast::<u8>().add(head).cast::<u16>();
            std::ptr::copy_nonoverlapping(name.as_ptr(), behind, name.len());
            (*request).MessageType = KerbRetrieveEncodedTicketMessage;
            (*request).TargetName = LSA_UNICODE_STRING { Length: length, MaximumLength: length, Buffer: behind };
            (*request).CacheOptions = options;
            let called = LsaCallAuthenticationPackage(
                self.0,
                package,
                request.cast(),
                u32::try_from(bytes).unwrap_or_default(),
                &raw mut answer.0,
                &raw mut answered,
                &raw mut status,
            );
            if called < 0 || status < 0 {
                return Err(refusal(if called < 0 { called } else { status }));
            }
            let response = answer.0.cast::<KERB_RETRIEVE_TKT_RESPONSE>();
            let Some(KERB_RETRIEVE_TKT_RESPONSE { Ticket: ticket }) = response.as_ref() else { return Ok(Vec::new()) };
            let length = usize::try_from(ticket.EncodedTicketSize).unwrap_or_default();
            if ticket.EncodedTicket.is_null() {
                return Ok(Vec::new());
            }
            Ok(std::slice::from_raw_parts(ticket.EncodedTicket, length).to_vec())
        }
    }
}

/// What the LSA answered, which is given back to it.
struct Answer(*mut c_void);

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the LSA made the buffer, and it is not used afterwards.
            unsafe { LsaFreeReturnBuffer(self.0) };
        }
    }
}

impl Drop for Lsa {
    fn drop(&mut self) {
        // SAFETY: the handle is live, and not used afterwards.
        unsafe { LsaDeregisterLogonProcess(self.0) };
    }
}

/// What the KDC said, by the status that Windows makes of it.
fn refusal(status: NTSTATUS) -> Refusal {
    match status {
        SEC_E_TARGET_UNKNOWN | STATUS_NO_TRUST_SAM_ACCOUNT => Refusal::Answered(KrbError::of(7)),
        SEC_E_KDC_UNKNOWN_ETYPE | STATUS_KDC_UNKNOWN_ETYPE => Refusal::Answered(KrbError::of(14)),
        SEC_E_TIME_SKEW | STATUS_TIME_DIFFERENCE_AT_DC => Refusal::Answered(KrbError::of(37)),
        SEC_E_NO_AUTHENTICATING_AUTHORITY | STATUS_NO_LOGON_SERVERS => Refusal::Silent(words(status)),
        SEC_E_LOGON_DENIED | SEC_E_NO_CREDENTIALS | SEC_E_UNKNOWN_CREDENTIALS => Refusal::NotLoggedOn(words(status)),
        status => Refusal::Failed(words(status)),
    }
}

/// The system's own words for a status, with its number as it is documented.
fn words(status: i32) -> String {
    // An NTSTATUS has its words in ntdll, where the standard library looks for what bears this bit.
    const FACILITY_NT: i32 = 0x1000_0000;
    let is_ntstatus = status.cast_unsigned() >> 28 == 0xc;
    let error = std::io::Error::from_raw_os_error(if is_ntstatus { status | FACILITY_NT } else { status });
    match error.to_string().split_once(" (os error") {
        // What the standard library says where the system has no words.
        Some((text, _)) if !text.starts_with("OS Error ") => format!("{} (0x{status:08X})", text.trim_end()),
        _ => format!("status 0x{status:08X}"),
    }
}

/// The name, and the domain of `DOMAIN\name`. That of `name@domain` stays in the name: it may be no realm.
fn parts(principal: &str) -> (&str, Option<&str>) {
    match principal.split_once('\\') {
        Some((domain, name)) => (name, Some(domain)),
        None => (principal, None),
    }
}

/// The binding behind the structure that tells where it begins.
fn channel_bindings(data: &[u8]) -> Vec<u8> {
    let head = u32::try_from(size_of::<SEC_CHANNEL_BINDINGS>()).unwrap_or_default();
    // Six numbers of the addresses, which are not bound, then the length and the place of the data.
    let numbers = [0, 0, 0, 0, 0, 0, count(data), head];
    numbers.iter().flat_map(|number: &u32| number.to_le_bytes()).chain(data.iter().copied()).collect()
}

/// With its end.
fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().chain(std::iter::once(0)).collect()
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
