//! MIT Kerberos, loaded at run time: building and starting the program needs neither library nor header.
//!
//! The first ticket goes into a cache in memory that nobody else knows. Service tickets are asked for with libkrb5,
//! which tells the KDC's own error, and presented with libgssapi_krb5 out of that cache, so that no exchange asks the
//! KDC again. Names are given as principals: a host-based name would be looked up in the DNS, and a pool's name would
//! turn into that of one server.
//!
//! **Architecture invariant:** nothing is written into the user's own ticket cache, and of it only the ticket-granting
//! ticket is read.

#![expect(unsafe_code, reason = "the only way to a C library; every block says why it is sound")]

mod exchange;
mod initial;
mod library;
mod trace;

use super::first_ticket::{Initial, InitialFault};
use super::krb_error::KrbError;
use super::security::{Context, Fault, Key, Refusal, Security, SecurityError, Ticket};
use jiff::Timestamp;
use libloading::Library;
use library::{Code, Credentials, Gss, Handle, Krb5};
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::{Mutex, MutexGuard, PoisonError};

const LIBKRB5: (&str, &str) = ("libkrb5.so.3", "libkrb5-3");
const LIBGSSAPI: (&str, &str) = ("libgssapi_krb5.so.2", "libgssapi-krb5-2");

/// The number of the first error of the protocol in the library's numbers; errors of the protocol end 127 later.
const PROTOCOL: Code = -1_765_328_384;

/// MIT Kerberos with one client's first ticket in a cache of its own.
pub struct Mit {
    client: Mutex<Client>,
    acceptable: exchange::Credential,
}

/// A libkrb5 context with the private cache. A context may be used by one thread at a time.
struct Client {
    krb5: Krb5,
    context: Handle,
    cache: Handle,
    principal: Handle,
}

// SAFETY: nothing in libkrb5 is bound to the thread that made it; one at a time is what the mutex around it grants.
unsafe impl Send for Client {}

impl Mit {
    /// Loads the libraries and takes the first ticket.
    pub fn new(initial: &Initial) -> Result<Self, SecurityError> {
        let krb5 = Krb5::load(open(LIBKRB5)?).map_err(|error| missing(LIBKRB5, error))?;
        let gss = Gss::load(open(LIBGSSAPI)?).map_err(|error| missing(LIBGSSAPI, error))?;
        let client = Client::new(krb5, initial)?;
        let failed = |why| {
            let from = "the private ticket cache".to_owned();
            SecurityError::Initial { from, fault: InitialFault::Other(why) }
        };
        let acceptable = exchange::Credential::of_cache(gss, &client.cache_name().map_err(failed)?).map_err(failed)?;
        Ok(Self { client: Mutex::new(client), acceptable })
    }

    fn client(&self) -> MutexGuard<'_, Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(library: (&'static str, &'static str)) -> Result<Library, SecurityError> {
    // SAFETY: loading runs the library's own initialisers, which only set up its tables.
    unsafe { Library::new(library.0) }.map_err(|error| missing(library, error))
}

fn missing((library, package): (&'static str, &'static str), error: libloading::Error) -> SecurityError {
    SecurityError::Library { library, package, source: Box::new(error) }
}

impl Security for Mit {
    fn ticket(&self, host: &str) -> Result<Ticket, Refusal> {
        self.client().ticket(host)
    }

    fn context<'s>(&'s self, ticket: &'s Ticket, binding: Option<&[u8]>) -> Result<Box<dyn Context + 's>, Fault> {
        Ok(Box::new(exchange::Exchange::new(&self.acceptable, &ticket.principal, binding)?))
    }
}

impl Client {
    fn new(krb5: Krb5, initial: &Initial) -> Result<Self, SecurityError> {
        let mut context = null_mut();
        // SAFETY: the pointer is to a place for one handle, which the function fills.
        let code = unsafe { (krb5.krb5_init_context)(&raw mut context) };
        let mut client = Self { krb5, context, cache: null_mut(), principal: null_mut() };
        if code != 0 {
            return Err(SecurityError::Configuration(code)); // without a context there is no message
        }
        trace::begin(&client.krb5, client.context);
        client.take(initial)?;
        Ok(client)
    }

    /// Whether the call succeeded, else what went wrong in the library's words.
    fn check(&self, code: Code) -> Result<(), String> {
        if code == 0 { Ok(()) } else { Err(self.words(code)) }
    }

    fn words(&self, code: Code) -> String {
        // SAFETY: the message is a string of the library's until it is freed, and is copied before that.
        unsafe {
            let message = (self.krb5.krb5_get_error_message)(self.context, code);
            let words = if message.is_null() {
                format!("error {code}")
            } else {
                CStr::from_ptr(message).to_string_lossy().into_owned()
            };
            (self.krb5.krb5_free_error_message)(self.context, message);
            words
        }
    }

    fn parse(&self, name: &str) -> Result<Handle, String> {
        let name = c_string(name)?;
        let mut principal = null_mut();
        // SAFETY: the name is a C string that outlives the call, and the pointer is to a place for one handle.
        self.check(unsafe { (self.krb5.krb5_parse_name)(self.context, name.as_ptr(), &raw mut principal) })?;
        Ok(principal)
    }

    /// A principal's name with its realm.
    fn name(&self, principal: Handle) -> Result<String, String> {
        let mut text = null_mut();
        // SAFETY: the principal is a live one; the text is the library's until it is freed, and is copied before that.
        unsafe {
            self.check((self.krb5.krb5_unparse_name)(self.context, principal, &raw mut text))?;
            let name = CStr::from_ptr(text).to_string_lossy().into_owned();
            (self.krb5.krb5_free_unparsed_name)(self.context, text);
            Ok(name)
        }
    }

    fn cache_name(&self) -> Result<CString, String> {
        let mut text = null_mut();
        // SAFETY: as in `name`.
        unsafe {
            self.check((self.krb5.krb5_cc_get_full_name)(self.context, self.cache, &raw mut text))?;
            let name = CStr::from_ptr(text).to_owned();
            (self.krb5.krb5_free_string)(self.context, text);
            Ok(name)
        }
    }

    /// A service ticket for `HTTP/<host>`, into the cache.
    ///
    /// The class is in capitals, as browsers ask: Active Directory does not mind, and an acceptor on Unix does. The
    /// empty realm lets the KDCs find the service's domain.
    fn ticket(&self, host: &str) -> Result<Ticket, Refusal> {
        let at = Timestamp::now();
        let server = self.parse(&format!("HTTP/{host}@")).map_err(Refusal::Failed)?;
        let mut wanted = credentials();
        (wanted.client, wanted.server) = (self.principal, server);
        let mut got: *mut Credentials = null_mut();
        // SAFETY: context, cache and both principals are live; `wanted` is only read; `got` is a place for one pointer.
        let code = unsafe {
            let code = (self.krb5.krb5_get_credentials)(self.context, 0, self.cache, &raw mut wanted, &raw mut got);
            (self.krb5.krb5_free_principal)(self.context, server);
            code
        };
        if code != 0 {
            return Err(match code.wrapping_sub(PROTOCOL) {
                number @ 1..128 => Refusal::Answered(KrbError::of(number)),
                _ => match initial::fault(code) {
                    Some(fault @ (InitialFault::SilentKdc | InitialFault::UnknownRealm)) => {
                        Refusal::Silent(format!("{fault}: {}", fault.hint()))
                    }
                    Some(fault) => Refusal::Failed(format!("{fault}: {}", fault.hint())),
                    None => Refusal::Failed(self.words(code)),
                },
            });
        }
        // SAFETY: the call succeeded, so `got` is a ticket of the library's, which is freed once and not used after.
        unsafe {
            let (principal, key) = (self.name((*got).server), key(&*got));
            (self.krb5.krb5_free_creds)(self.context, got);
            Ok(Ticket { principal: principal.map_err(Refusal::Failed)?, at, key })
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: each handle is live or null, and none is used afterwards. Destroying the cache wipes its keys.
        unsafe {
            if !self.cache.is_null() {
                (self.krb5.krb5_cc_destroy)(self.context, self.cache);
            }
            if !self.principal.is_null() {
                (self.krb5.krb5_free_principal)(self.context, self.principal);
            }
            if !self.context.is_null() {
                (self.krb5.krb5_free_context)(self.context);
            }
        }
    }
}

/// Credentials with nothing in them, as the library wants them to be filled or matched.
fn credentials() -> Credentials {
    // SAFETY: the structure has only numbers and pointers, for all of which zero is a value.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

fn c_string(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| "it has a NUL character".to_owned())
}

/// What a ticket is encrypted with.
fn key(credentials: &Credentials) -> Option<Key> {
    if credentials.ticket.bytes.is_null() {
        return None;
    }
    let length = usize::try_from(credentials.ticket.length).ok()?;
    // SAFETY: the library says that the ticket has that many bytes; they live as long as `credentials`.
    Key::of_ticket(unsafe { std::slice::from_raw_parts(credentials.ticket.bytes.cast::<u8>(), length) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_there_is_named_with_its_package() {
        let error = open(("libcskerb-none.so.9", "libcskerb-none-9")).unwrap_err();
        assert_eq!(error.to_string(), "libcskerb-none.so.9 cannot be loaded: install the package libcskerb-none-9");
    }
}
