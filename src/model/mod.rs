//! The nouns: what a deployment declares, what was observed, and the names both share.
//!
//! A value of these types is always well formed: names are parsed when they are made, choices are enums, and
//! a fact that could not be read is a [`Reading::Unreadable`] that says why.
//!
//! **Architecture invariant:** no I/O, no serde, no printing, no clock.

mod account;
mod actual;
mod caseless;
mod deployment;
mod digest;
mod iis;
mod maintenance;
mod names;
mod reading;
mod topology;

pub use account::{AccountState, Directory, EncryptionTypes, Principal};
pub use actual::{
    Actual, KerberosReading, Origin, ServerActual, UseWindowsAuth, Verdict, WebServicesSettings, Witness,
};
pub use caseless::Caseless;
pub use deployment::{Account, DeclaredAccount, Deployment, Pool, Server, Site};
pub use digest::{Digest, Digesting};
pub use iis::{
    Edited, ExpectedAuthentication, ExpectedLocation, ExtendedProtection, IisConfiguration, Layer, Provider,
    ProviderEdit, Setting, SettingChange, WindowsAuthentication,
};
pub use maintenance::{BatchSize, Maintenance, Weekday, Window};
pub use names::{
    AccountName, DistinguishedName, LocationPath, NameError, PoolFqdn, ServerFqdn, SiteName, Spn, WebFqdn,
};
pub use reading::{Cause, Place, Reading};
pub use topology::{Product, PublishedPool, PublishedSite, Role, SiteKind, Topology};
