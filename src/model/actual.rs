//! What was observed: the three layers, each fact a [`Reading`].

use super::{
    AccountName, Caseless, Cause, Directory, IisConfiguration, PoolFqdn, Reading, ServerFqdn, SiteName, Topology,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Where something was read from, and what exactly was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file or folder as the operator typed it.
    pub source: String,
    /// SHA-256, as `sha256:` and 64 hexadecimal digits.
    pub digest: String,
}

/// The state of the real systems at one moment.
#[derive(Clone, Debug)]
pub struct Actual {
    /// Where it was read from; the digest leaves out when it was collected.
    pub origin: Origin,
    /// When it was collected: "now" for a plan.
    pub collected_at: Reading<Timestamp>,
    /// The published topology.
    pub topology: Reading<Topology>,
    /// Which account each site has; a site that is not in here has none.
    pub assignments: Reading<BTreeMap<SiteName, AccountName>>,
    /// `UseWindowsAuth` of the Web Services.
    pub web_services: Reading<WebServicesSettings>,
    /// Active Directory.
    pub directory: Reading<Directory>,
    /// The servers that something was collected of.
    pub servers: BTreeMap<ServerFqdn, ServerActual>,
}

/// What was observed on and of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerActual {
    /// Its IIS configuration.
    pub iis: Reading<IisConfiguration>,
    /// What a test or a ticket says of its Kerberos configuration.
    pub kerberos: Reading<KerberosReading>,
}

impl Actual {
    /// What a test or a ticket says of that server, as it was read.
    pub fn kerberos(&self, server: &ServerFqdn) -> Reading<&KerberosReading> {
        match self.servers.get(server) {
            Some(observed) => observed.kerberos.as_ref(),
            None => Reading::Unreadable(Cause::NeverTested),
        }
    }

    /// That server's IIS configuration.
    pub fn iis(&self, server: &ServerFqdn) -> Reading<&IisConfiguration> {
        match self.servers.get(server) {
            Some(observed) => observed.iis.as_ref(),
            None => {
                let file = format!("servers/{server}/applicationHost.config").into();
                Reading::Unreadable(Cause::NotCollected { file })
            }
        }
    }
}

/// What a test or ticket said of one server's Kerberos configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerberosReading {
    /// What it said.
    pub verdict: Verdict,
    /// The account it was about.
    pub account: Option<AccountName>,
    /// Who said so.
    pub by: Witness,
    /// When.
    pub at: Timestamp,
    /// In its own words, where it had any.
    pub detail: Option<Caseless>,
}

/// A server's Kerberos configuration, by a test or a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It uses the account, with the password that Active Directory has.
    Valid,
    /// It does not.
    Invalid,
    /// The test could not say.
    Unknown,
}

/// Who says whether a server is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// Test-CsKerberosAccountAssignment.
    Test,
    /// A fresh service ticket presented to the server.
    Ticket,
    /// The lab.
    Lab,
}

/// How Web Services authenticate clients (`Set-CsWebServiceConfiguration -UseWindowsAuth`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseWindowsAuth {
    /// Kerberos where possible, else NTLM.
    Negotiate,
    /// NTLM only: Kerberos is never used.
    Ntlm,
    /// No Windows authentication.
    None,
}

impl UseWindowsAuth {
    /// The value as the cmdlet writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Negotiate => "Negotiate",
            Self::Ntlm => "NTLM",
            Self::None => "None",
        }
    }
}

/// `UseWindowsAuth` by scope; the narrower scope wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebServicesSettings {
    /// The scope `global`.
    pub global: Option<UseWindowsAuth>,
    /// The scopes `site:<Name>`.
    pub sites: BTreeMap<SiteName, UseWindowsAuth>,
    /// The scopes `service:WebServer:<pool FQDN>`.
    pub pools: BTreeMap<PoolFqdn, UseWindowsAuth>,
}

impl WebServicesSettings {
    /// What holds for that pool of that site, where anything was said.
    pub fn of(&self, site: &SiteName, pool: &PoolFqdn) -> Option<UseWindowsAuth> {
        self.pools.get(pool).or_else(|| self.sites.get(site)).copied().or(self.global)
    }
}
