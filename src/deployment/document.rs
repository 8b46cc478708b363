//! The deployment file as it is written: one type a mapping, one field a key.
//!
//! The comments here become the descriptions in the published JSON schema, so they speak to the operator. Every field
//! is optional to serde and keeps its place, because the rules shall also run on a file with mistakes in it; what must
//! be there is said by the schema (`schemars(required)`). Names, durations, times and zones stay texts until the rules.

use super::typed::Placed;
use schemars::JsonSchema;
use serde::Deserialize;

/// A text and its place.
pub(crate) type Text = Option<Placed<String>>;

/// Sites, pools, servers and Kerberos accounts of one Lync Server or Skype for Business Server deployment, as they
/// shall be. `cskerb plan` shows what differs, `cskerb apply` makes it so.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "cskerb deployment")]
pub(crate) struct Document {
    /// The version of this file format: 1.
    #[schemars(required, extend("const" = 1))]
    pub(crate) version: Option<Placed<i64>>,
    /// The product that every pool runs which does not name its own. It is checked against the topology document.
    pub(crate) product: Option<Placed<Product>>,
    /// The Kerberos accounts that sites use.
    #[serde(default)]
    pub(crate) accounts: Vec<Placed<Account>>,
    /// The Lync sites (not Active Directory sites). A site that is left out is not managed.
    #[schemars(required)]
    pub(crate) sites: Option<Vec<Placed<Site>>>,
    /// Expected IIS settings of every server that runs Web Services. A narrower level (site, pool, server) wins,
    /// property by property. Only what is named is managed.
    pub(crate) iis: Option<Placed<Vec<Placed<Location>>>>,
    /// When and how fast `apply` may work. Default: at any time, first one server of a pool, then the others.
    pub(crate) maintenance: Option<Placed<Maintenance>>,
    /// Warnings and notes to live with, each with its reason. Errors cannot be silenced.
    #[serde(default)]
    pub(crate) allow: Vec<Placed<Allowance>>,
}

/// A product version. It decides the PowerShell module and the names of the IIS sites.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Product {
    /// Lync Server 2010 (out of support).
    #[serde(rename = "lync-2010")]
    Lync2010,
    /// Lync Server 2013 (out of support).
    #[serde(rename = "lync-2013")]
    Lync2013,
    /// Skype for Business Server 2015 (support ended 2025-10-14).
    #[serde(rename = "sfb-2015")]
    Sfb2015,
    /// Skype for Business Server 2019 (support ended 2025-10-14).
    #[serde(rename = "sfb-2019")]
    Sfb2019,
    /// Skype for Business Server Subscription Edition.
    SfbSe,
}

/// A Kerberos account: a computer account in Active Directory for a computer that does not exist.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Account {
    /// `DOMAIN\name`, both NetBIOS names of at most 15 characters (New-CsKerberosAccount). `name@domain` is not
    /// supported. Write it without quotes or in single ones: in double quotes a backslash begins an escape.
    #[schemars(required, example = &r"CONTOSO\kerbauth")]
    pub(crate) name: Text,
    /// The distinguished name of the container to create the account in. Default: the domain's Computers container.
    #[schemars(example = &"CN=Users,DC=contoso,DC=com")]
    pub(crate) container: Text,
    /// The encryption types that the account shall allow (`msDS-SupportedEncryptionTypes`). They are checked and never
    /// changed: the finding prints the command. Unset in Active Directory means the domain's default, from which
    /// Windows retires RC4 (CVE-2026-20833).
    pub(crate) encryption: Option<Placed<Vec<Placed<EncryptionType>>>>,
    /// The age above which its password is a finding; it never causes a rotation by itself. A number with `m`
    /// (minutes), `h` (hours) or `d` (days).
    #[schemars(example = &"365d")]
    pub(crate) max_password_age: Text,
}

/// A Kerberos encryption type.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EncryptionType {
    /// DES: broken.
    Des,
    /// RC4-HMAC: Windows retires it during 2026.
    Rc4,
    /// AES128-CTS-HMAC-SHA1-96.
    Aes128,
    /// AES256-CTS-HMAC-SHA1-96.
    Aes256,
}

/// A Lync site.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Site {
    /// Its name, as in the identity `site:<Name>` of the cmdlets.
    #[schemars(required, example = &"Redmond")]
    pub(crate) name: Text,
    /// Central (the default) or branch.
    #[schemars(extend("default" = "central"))]
    pub(crate) kind: Option<Placed<SiteKind>>,
    /// The Kerberos account that the site shall use, one of `accounts`; `none`: it shall have none. Left out: its
    /// assignment is not managed, and a finding if it has one.
    #[schemars(example = &r"CONTOSO\kerbauth", example = &"none")]
    pub(crate) account: Text,
    /// The server to copy the Kerberos configuration from where several would do: one that runs Web Services in a site
    /// with the same account.
    #[schemars(example = &"fe01.contoso.com")]
    pub(crate) source: Text,
    /// Its pools, of every role.
    #[serde(default)]
    pub(crate) pools: Vec<Placed<Pool>>,
    /// Expected IIS settings of this site's servers, over those at the top of the file.
    pub(crate) iis: Option<Placed<Vec<Placed<Location>>>>,
}

/// Central or branch.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SiteKind {
    /// A central site.
    Central,
    /// A branch site. Set-CsKerberosAccountPassword reaches central sites only, so an account here is a warning.
    Branch,
}

/// A pool. A Standard Edition server is a pool that bears its one server's name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Pool {
    /// Its fully qualified domain name. The account's SPN is `http/<this name>`, made by Enable-CsTopology.
    #[schemars(required, example = &"pool01.contoso.com")]
    pub(crate) fqdn: Text,
    /// What it is for.
    #[schemars(required, example = &"front-end")]
    pub(crate) role: Option<Placed<Role>>,
    /// The product it runs, where it is not the file's: several live side by side during a migration.
    pub(crate) product: Option<Placed<Product>>,
    /// Its Web Services, where they differ from the default.
    pub(crate) web_services: Option<Placed<WebServices>>,
    /// Its servers: fully qualified domain names, or mappings with settings of their own. Left out for a Standard
    /// Edition pool, whose one server is the pool itself.
    #[serde(default)]
    pub(crate) servers: Vec<Placed<Server>>,
    /// Expected IIS settings of this pool's servers, over those of its site.
    pub(crate) iis: Option<Placed<Vec<Placed<Location>>>>,
}

/// What a pool is for. Front End Servers, Standard Edition servers and Directors run Web Services and are the targets
/// of the Kerberos account.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// Enterprise Edition Front End Servers.
    FrontEnd,
    /// One Standard Edition server.
    StandardEdition,
    /// Directors.
    Director,
    /// Edge Servers: no Web Services.
    Edge,
    /// Mediation Servers of their own: no Web Services.
    Mediation,
    /// Persistent Chat servers: no Web Services.
    PersistentChat,
    /// A Survivable Branch Appliance: taken to have no Web Services.
    Sba,
    /// A Survivable Branch Server: taken to have no Web Services.
    Sbs,
    /// Trusted-application servers: no Web Services.
    TrustedApplication,
}

/// The Web Services of a pool.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WebServices {
    /// The overridden internal web FQDN, unique in the forest. Its SPN is not made by Enable-CsTopology but with
    /// setspn. Never on a Standard Edition server.
    #[schemars(example = &"webint.contoso.com")]
    pub(crate) internal_fqdn: Text,
}

/// A server of a pool.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Server {
    /// Its fully qualified domain name.
    Fqdn(String),
    /// Its fully qualified domain name and settings of its own.
    Settings(ServerSettings),
}

/// A server with settings of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ServerSettings {
    /// Its fully qualified domain name.
    #[schemars(required, example = &"fe01.contoso.com")]
    pub(crate) fqdn: Text,
    /// Expected IIS settings of this server, over those of its pool.
    pub(crate) iis: Option<Placed<Vec<Placed<Location>>>>,
}

/// Expected settings of one IIS location.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Location {
    /// An IIS site, or an application or virtual directory below it: `Site` or `Site/application`, in any case. What
    /// is compared is the effective value at this very path.
    #[schemars(required, example = &"Lync Server Internal Web Site")]
    pub(crate) location: Text,
    /// Its `windowsAuthentication`. Microsoft does not document the values that Lync sets, so they are the operator's.
    #[schemars(required)]
    pub(crate) windows_authentication: Option<Placed<WindowsAuthentication>>,
}

/// Expected `windowsAuthentication` settings. What is left out is not managed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WindowsAuthentication {
    /// Whether Windows authentication is on.
    pub(crate) enabled: Option<Placed<bool>>,
    /// Whether HTTP.sys decrypts tickets in kernel mode.
    pub(crate) use_kernel_mode: Option<Placed<bool>>,
    /// Whether the application pool's identity decrypts tickets in kernel mode.
    pub(crate) use_app_pool_credentials: Option<Placed<bool>>,
    /// The authentication providers, all of them in order: `Negotiate`, `NTLM`, `Negotiate:Kerberos`,
    /// `Negotiate:PKU2U`. Their order decides between Kerberos and NTLM. The list is one value: a narrower level
    /// replaces the whole of it.
    pub(crate) providers: Option<Placed<Vec<Placed<String>>>>,
    /// Channel binding (`extendedProtection`'s `tokenChecking`).
    pub(crate) extended_protection: Option<Placed<ExtendedProtection>>,
}

/// How channel binding is checked.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExtendedProtection {
    /// Not checked.
    None,
    /// Checked where the client sends it.
    Allow,
    /// A client that sends none is refused.
    Require,
}

/// When and how fast `apply` may work.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Maintenance {
    /// Weekly maintenance windows. With none, `apply` may work at any time. Once there is one, a site that no window
    /// names is closed. A step needs the windows of every site it touches.
    #[serde(default)]
    pub(crate) windows: Vec<Placed<Window>>,
    /// How many servers of a pool are changed at a time: numbers, or percentages such as "20%" of the pool. The last
    /// size repeats. Default: [1, "100%"].
    #[schemars(extend("default" = [1, "100%"]))]
    pub(crate) batches: Option<Placed<Vec<Placed<Batch>>>>,
    /// How many servers may fail in one run before nothing new begins. Default: 0.
    #[schemars(range(min = 0, max = 1_000_000), extend("default" = 0))]
    pub(crate) max_failures: Option<Placed<i64>>,
}

/// A weekly maintenance window. It may run over midnight and follows daylight saving in its zone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Window {
    /// The days on which it opens.
    #[schemars(required, example = ["sat", "sun"])]
    pub(crate) days: Option<Placed<Vec<Placed<Day>>>>,
    /// The local time at which it opens, HH:MM in 24 hours.
    #[schemars(required, example = &"22:00")]
    pub(crate) start: Text,
    /// How long it stays open: a number with `m` (minutes), `h` (hours) or `d` (days).
    #[schemars(required, example = &"4h")]
    pub(crate) duration: Text,
    /// Whose local time that is: a name of the IANA time zone database.
    #[schemars(required, example = &"Europe/Berlin")]
    pub(crate) time_zone: Text,
    /// The sites it is for, each one of `sites`.
    #[schemars(required, example = ["Redmond"])]
    pub(crate) sites: Option<Placed<Vec<Placed<String>>>>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// How many servers of a pool are changed at a time.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Batch {
    /// So many servers, at least 1.
    Servers(i64),
    /// So many percent of the pool, such as "20%": over 0 and at most 100, and never less than one server.
    Share(String),
}

/// A warning or note to live with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Allowance {
    /// The code of a warning or note, as `cskerb explain` lists them.
    #[schemars(required, example = &"product-unsupported")]
    pub(crate) code: Text,
    /// Why.
    #[schemars(required, example = &"leaving in 2027")]
    pub(crate) reason: Text,
}

impl Site {
    /// The account that it shall use, where it names one and does not say `none`.
    pub(crate) fn assigned(&self) -> Option<&Placed<String>> {
        self.account.as_ref().filter(|text| text.as_str() != "none")
    }
}

impl Pool {
    /// Its overridden internal web FQDN.
    pub(crate) fn internal_fqdn(&self) -> Option<&Placed<String>> {
        self.web_services.as_ref()?.internal_fqdn.as_ref()
    }
}
