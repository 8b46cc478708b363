//! Active Directory, read over LDAP: the accounts, and every holder of the SPNs.
//!
//! [`Question`] says what to ask for, [`Access`] whom and as whom, and [`read()`] brings the answer as the
//! content of `directory.json`, in which what could not be read bears its cause.
//!
//! **Architecture invariants:** nothing is sent before the server's certificate was checked, but for the request to
//! begin TLS. The password is in no message, no trace and no debug output. Nothing is written to the directory. Every phase of
//! every conversation ends within the timeout. A password that was refused is not tried on another server: that
//! would lock the login out.

mod address;
mod advice;
mod connection;
mod error;
mod forest;
mod login;
mod question;
mod read;
mod values;

pub use address::{AddressError, ServerAddress};
pub use connection::{Connection, Depth, Entry, Found, Search};
pub use error::{DirectoryError, LoginFault, Phase, Trouble};
pub use login::{Login, Secret};
pub use question::Question;
pub use read::{Access, Answer, read, unreadable};
