//! What the reading calls put out.

use crate::snapshot::directory::ControllerEntry;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// [`Call::Host`](super::Call::Host): the machine, and its modules of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostFact {
    /// The machine's FQDN.
    pub fqdn: String,
    /// `$PSVersionTable.PSVersion`.
    pub power_shell: String,
    /// The modules Lync and SkypeForBusiness that are there, of whatever version.
    pub modules: Vec<ModuleFact>,
    /// The products that are installed.
    pub products: Vec<ProductFact>,
    /// Whether the programming interface of IIS is there.
    pub iis: bool,
    /// Its time.
    pub now: Timestamp,
}

/// A module of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleFact {
    /// `Lync` or `SkypeForBusiness`.
    pub name: String,
    /// The version of its manifest.
    pub version: String,
}

/// A product that the list of installed programs has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductFact {
    /// As `Skype for Business Server 2019, Core Components`.
    pub name: String,
    /// As 7.0.2046.0: 4 is Lync Server 2010, 5 is 2013, 6 is 2015, 7 is 2019 and Subscription Edition \[inferred\].
    pub version: String,
}

/// [`Call::Identity`](super::Call::Identity): who runs there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityFact {
    /// `DOMAIN\name`.
    pub user: String,
    /// Whether the token is that of an administrator of the machine.
    pub elevated: bool,
    /// The enabled groups of the token.
    pub groups: Vec<GroupFact>,
}

/// A group of the operator's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupFact {
    /// Its SID: Domain Admins ends with `-512` in every language.
    pub sid: String,
    /// `DOMAIN\name`, where the SID has a name.
    #[serde(default)]
    pub name: Option<String>,
}

/// One entry of [`Call::Reach`](super::Call::Reach).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReachFact {
    /// The server that was asked for.
    pub server: String,
    /// Whether it accepts or refuses a connection: then it is there.
    pub answers: bool,
    /// Why it is thought not to be there.
    #[serde(default)]
    pub why: Option<String>,
}

/// [`Call::Topology`](super::Call::Topology).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopologyFact {
    /// The published document.
    pub xml: String,
}

/// One entry of [`Call::Assignments`](super::Call::Assignments).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentFact {
    /// `site:<Name>`.
    pub identity: String,
    /// `DOMAIN\name`.
    pub user_account: String,
}

/// One entry of [`Call::Replication`](super::Call::Replication).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaFact {
    /// The replica's FQDN.
    pub replica: String,
    /// Whether it has the last published data.
    pub up_to_date: bool,
    /// When it last reported its status.
    #[serde(default)]
    pub reported_at: Option<Timestamp>,
    /// When the data that it has was made.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

/// One entry of [`Call::WebServices`](super::Call::WebServices).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebServicesFact {
    /// `Global`, `site:<Name>` or `service:WebServer:<pool FQDN>`.
    pub identity: String,
    /// `Negotiate`, `NTLM` or `None`.
    pub use_windows_auth: String,
}

/// [`Call::IisConfiguration`](super::Call::IisConfiguration).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IisFact {
    /// The bytes of applicationHost.config in Base64, without secrets: they were removed on the server.
    pub base64: String,
}

/// [`Call::ReadAuthentication`](super::Call::ReadAuthentication): what is in effect at the location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsFact {
    /// `enabled`.
    pub enabled: bool,
    /// `useKernelMode`.
    pub use_kernel_mode: bool,
    /// `useAppPoolCredentials`.
    pub use_app_pool_credentials: bool,
    /// The providers in order.
    pub providers: Vec<String>,
    /// `tokenChecking`: None, Allow or Require.
    pub extended_protection: String,
}

/// [`Call::Account`](super::Call::Account): the account as every domain controller has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountFact {
    /// The domain controllers of the account's domain.
    pub controllers: Vec<ControllerEntry>,
}

/// One entry of [`Call::Holders`](super::Call::Holders).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HolderFact {
    /// The SPN that was asked for.
    pub spn: String,
    /// Why it could not be looked up.
    #[serde(default)]
    pub error: Option<String>,
    /// Its holders: `DOMAIN\name$`, or the distinguished name where the domain has no NetBIOS name.
    pub holders: Vec<String>,
}

/// [`Call::Directory`](super::Call::Directory).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryFact {
    /// The domain's DNS name.
    pub dns_name: String,
    /// Since when it makes AES keys: when its Read-only Domain Controllers group, which comes with the 2008 functional
    /// level, was made; null where that is not known.
    #[serde(default)]
    pub aes_keys_since: Option<Timestamp>,
}
