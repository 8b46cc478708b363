//! Deployment files of any size.

use std::fmt::{self, Write as _};

/// Servers of one pool.
pub(crate) const POOL: usize = 10;
/// Servers of one site, all with the account of that site.
pub(crate) const SITE: usize = 200;

/// The FQDN of that server.
pub(crate) fn server(at: usize) -> String {
    format!("fe{at:05}.contoso.com")
}

/// The FQDN of the pool with that number.
pub(crate) fn pool(at: usize) -> String {
    format!("pool{at:04}.contoso.com")
}

/// The name of the site with that number.
pub(crate) fn site(at: usize) -> String {
    format!("Site {at:03}")
}

/// The account of the site with that number.
pub(crate) fn account(site: usize) -> String {
    format!("CONTOSO\\kerb{site:03}")
}

/// The two web sites that the file has settings for.
pub(crate) const LOCATIONS: [&str; 2] =
    ["Skype for Business Server Internal Web Site", "Skype for Business Server External Web Site"];

const SETTINGS: &str = "{ enabled: true, useKernelMode: false, useAppPoolCredentials: false, \
                        providers: [Negotiate, NTLM], extendedProtection: none }";

/// How servers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Servers {
    /// By name, the settings once at the top: as a person would.
    Names,
    /// Each with settings of its own: as many keys as there can be.
    Settings,
}

/// Adds to a text, without one of its own in between.
trait Add {
    fn add(&mut self, text: fmt::Arguments<'_>);
}

impl Add for String {
    fn add(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.write_fmt(text);
    }
}

/// A deployment of so many servers.
pub(crate) fn deployment(servers: usize, written: Servers) -> String {
    let mut text = String::from("version: 1\nproduct: sfb-se\naccounts:\n");
    for at in 0..servers.div_ceil(SITE) {
        text.add(format_args!("  - name: {}\n    encryption: [aes128, aes256]\n", account(at)));
    }
    text.push_str("iis:\n");
    for location in LOCATIONS {
        text.add(format_args!("  - location: {location}\n    windowsAuthentication: {SETTINGS}\n"));
    }
    text.push_str("sites:\n");
    for at in 0..servers {
        if at % SITE == 0 {
            let (name, account) = (site(at / SITE), account(at / SITE));
            text.add(format_args!("  - name: {name}\n    account: {account}\n    pools:\n"));
        }
        if at % POOL == 0 {
            let fqdn = pool(at / POOL);
            text.add(format_args!("      - fqdn: {fqdn}\n        role: front-end\n        servers:\n"));
        }
        match written {
            Servers::Names => text.add(format_args!("          - {}\n", server(at))),
            Servers::Settings => text.add(format_args!(
                "          - fqdn: {}\n            iis:\n              - location: {}\n                \
                     windowsAuthentication:\n                  enabled: true\n                  useKernelMode: \
                     false\n                  providers: [Negotiate, NTLM]\n",
                server(at),
                LOCATIONS[0]
            )),
        }
    }
    text
}

/// A deployment of at least so many bytes.
pub(crate) fn of_size(bytes: usize, written: Servers) -> String {
    let few = deployment(SITE * 10, written).len() / (SITE * 10);
    deployment((bytes / few).next_multiple_of(POOL), written)
}
