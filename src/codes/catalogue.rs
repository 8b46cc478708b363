//! The codes themselves, one line each.

use super::{Explanation, Severity, Stage};
use std::fmt;
use std::str::FromStr;

macro_rules! catalogue {
    ($($stage:ident { $($name:ident $slug:literal $severity:ident $title:literal;)* })*) => {
        /// What a diagnostic or a finding is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $title] $name,)*)*
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// The code as it is written: kebab-case.
            pub fn slug(self) -> &'static str {
                match self { $($(Self::$name => $slug,)*)* }
            }

            /// How grave it is.
            pub fn severity(self) -> Severity {
                match self { $($(Self::$name => Severity::$severity,)*)* }
            }

            /// What it is, in one line.
            pub fn title(self) -> &'static str {
                match self { $($(Self::$name => $title,)*)* }
            }

            /// The text of its page, as it is written.
            fn page(self) -> &'static str {
                match self { $($(Self::$name => include_str!(concat!("explanations/", $slug, ".md")),)*)* }
            }

            /// Who raises it.
            pub fn stage(self) -> Stage {
                match self { $($(Self::$name => Stage::$stage,)*)* }
            }
        }
    };
}

catalogue! {
File {
    // The deployment file: its structure.
    FileUnreadable "file-unreadable" Error "The file cannot be read as text";
    FileTooLarge "file-too-large" Error "The file is over 64 MiB";
    FileEmpty "file-empty" Error "The file declares nothing";
    SeveralDocuments "several-documents" Error "The file holds more than one YAML document";
    YamlSyntax "yaml-syntax" Error "The file is not YAML";
    YamlTooLarge "yaml-too-large" Error "The file unfolds to more values, or deeper, than any deployment needs";
    DuplicateKey "duplicate-key" Error "A key stands twice in one mapping";
    UnknownKey "unknown-key" Error "A key that the format does not have";
    MissingKey "missing-key" Error "A key that the format needs is not there";
    WrongType "wrong-type" Error "A value of the wrong type";
    UnknownValue "unknown-value" Error "A value that is not one of those the format allows";
    VersionUnsupported "version-unsupported" Error "The file is of a format version that this program does not know";
    BooleanWord "boolean-word" Warning "`yes`, `no`, `on` or `off` stands unquoted where a string is wanted";

    // The deployment file: its rules.
    AccountUpn "account-upn" Error "An account is written as name@domain";
    AccountName "account-name" Error "An account's name is not DOMAIN\\name with at most 15 characters";
    AccountDuplicate "account-duplicate" Error "An account is declared twice";
    AccountUnknown "account-unknown" Error "A site names an account that is not declared";
    AccountUnused "account-unused" Warning "An account is declared and assigned nowhere";
    ContainerNotDn "container-not-dn" Error "A container is not a distinguished name";
    EncryptionWeak "encryption-weak" Error "An account allows DES or RC4 only";
    EncryptionRc4 "encryption-rc4" Warning "An account still allows DES or RC4 beside AES";
    EncryptionUnset "encryption-unset" Note "An account's encryption types are not declared";
    SiteName "site-name" Error "A site's name is empty or has control characters";
    SiteDuplicate "site-duplicate" Error "A site is declared twice";
    SiteClosed "site-closed" Warning "No maintenance window names a site, so it is closed";
    BranchAccount "branch-account" Warning "A branch site has an account";
    AccountWithoutTargets "account-without-targets" Warning "A site has an account and no server that runs Web Services";
    SurvivableBranch "survivable-branch" Warning "A Survivable Branch Appliance or Server stands in a site with an account";
    SourceUnknown "source-unknown" Error "A source is not a declared server";
    SourceUnfit "source-unfit" Error "A source does not share the site's account, or runs no Web Services";
    PoolAsServer "pool-as-server" Error "A pool's FQDN stands where a server's is needed";
    FqdnInvalid "fqdn-invalid" Error "A name is not a fully qualified domain name";
    PoolDuplicate "pool-duplicate" Error "A pool is declared twice";
    PoolEmpty "pool-empty" Error "A Front End or Director pool has no servers";
    ServerDuplicate "server-duplicate" Error "A server is declared twice";
    StandardEditionServers "standard-edition-servers" Error "A Standard Edition pool names a server that is not the pool itself";
    StandardEditionOverride "standard-edition-override" Error "A Standard Edition server has an overridden internal FQDN";
    InternalFqdnTaken "internal-fqdn-taken" Error "An internal web FQDN is also another pool's FQDN or internal web FQDN";
    SpnExpectedTwice "spn-expected-twice" Error "One SPN is expected on two accounts";
    LocationInvalid "location-invalid" Error "An IIS location is not a path such as `Site/application`";
    LocationDuplicate "location-duplicate" Error "A location stands twice at one level";
    ProvidersEmpty "providers-empty" Error "A list of providers is empty";
    ProviderRepeated "provider-repeated" Error "A provider stands twice in one list";
    ProviderUnknown "provider-unknown" Error "A provider that IIS does not know";
    DurationInvalid "duration-invalid" Error "A duration is not a number with m, h or d";
    TimeInvalid "time-invalid" Error "A time is not HH:MM";
    TimeZoneUnknown "time-zone-unknown" Error "A time zone that nobody knows";
    WindowNeverOpens "window-never-opens" Error "A maintenance window never opens";
    WindowShort "window-short" Warning "A maintenance window is open for less than 15 minutes";
    WindowSiteUnknown "window-site-unknown" Error "A maintenance window names a site that is not declared";
    BatchSize "batch-size" Error "A batch of no server, or of more than all of them";
    AllowUnknown "allow-unknown" Error "`allow` names a code that does not exist, or one that cannot be silenced";
    AllowReason "allow-reason" Error "An `allow` gives no reason";
    AllowUnused "allow-unused" Warning "An `allow` silences nothing";
    ProductUnsupported "product-unsupported" Note "A product is out of support";

}
Plan {
    // The plan: the topology.
    SiteUnpublished "site-unpublished" Error "A declared site is not in the published topology";
    SiteUndeclared "site-undeclared" Warning "A site with an account is not in the deployment file";
    SiteKindMismatch "site-kind-mismatch" Warning "A site is declared as central and published as branch, or the reverse";
    PoolUnpublished "pool-unpublished" Warning "A declared pool is not in the published topology";
    PoolUndeclared "pool-undeclared" Warning "A published pool with Web Services is not in the deployment file";
    PoolElsewhere "pool-elsewhere" Error "A pool is declared in one site and published in another";
    ServerUnpublished "server-unpublished" Warning "A declared server is not in the published topology";
    ServerUndeclared "server-undeclared" Warning "A published server with Web Services is not in the deployment file";
    ServerElsewhere "server-elsewhere" Error "A server is declared in one pool or site and published in another";
    ProductMismatch "product-mismatch" Warning "A pool's declared product is not the one that the topology shows";
    RoleMismatch "role-mismatch" Error "A pool's declared role is not the one that the topology shows";
    OverrideMismatch "override-mismatch" Warning "A pool's declared internal web FQDN is not the published one";

    // The plan: the account.
    AccountUnmanaged "account-unmanaged" Warning "A site has an account that the deployment file says nothing of";
    AccountDisabled "account-disabled" Error "The Kerberos account is disabled";
    AccountExpired "account-expired" Error "The Kerberos account has expired";
    AccountExpiresSoon "account-expires-soon" Warning "The Kerberos account expires within 30 days";
    AccountNotComputer "account-not-computer" Error "The Kerberos account is not a computer account";
    AccountGone "account-gone" Error "A site is assigned to an account that does not exist and is not declared";
    AccountEncryptionUnset "account-encryption-unset" Note "The account's encryption types are unset: the domain's default holds";
    AccountEncryptionWeak "account-encryption-weak" Error "The account allows DES or RC4 only";
    AccountEncryptionDiffers "account-encryption-differs" Warning "The account's encryption types are not the declared ones";
    PasswordBeforeAes "password-before-aes" Error "The account's password is older than the domain's AES keys";
    PasswordOld "password-old" Warning "The account's password is older than declared";
    AccountLeftOver "account-left-over" Note "An account is assigned to no site any more; deleting it is by hand";

    // The plan: SPNs.
    SpnMissing "spn-missing" Warning "An SPN that Enable-CsTopology makes is not on the account: it was not run after an earlier change";
    SpnLeftOver "spn-left-over" Warning "An account that is no longer assigned still holds an SPN: Enable-CsTopology was not run";
    SpnOnTwoAccounts "spn-on-two-accounts" Error "An SPN is held by more than one account";
    SpnForeignHolder "spn-foreign-holder" Error "An SPN is held by an account that this deployment does not know";
    SpnUnexpected "spn-unexpected" Warning "A Kerberos account holds an HTTP SPN that no pool needs";

    // The plan: servers.
    AssignmentWithheld "assignment-withheld" Error "An assignment is not planned, because its servers could not follow";
    RotationWithheld "rotation-withheld" Error "No valid server to copy from, and no ground for a rotation";
    BranchNotReached "branch-not-reached" Warning "A branch site has the account, and a rotation reaches central sites only";
    SourceNotValid "source-not-valid" Warning "The declared source is not known to be valid, so another one serves";
    KerberosNeverUsed "kerberos-never-used" Error "Web Services do not negotiate, so Kerberos is never used";
    LocationMissing "location-missing" Warning "A server does not have a declared IIS location";
    LocationWouldBreak "location-would-break" Error "A declared setting would break an IIS location below it";
    TestWithheld "test-withheld" Note "A site is not tested, because a server of it stays invalid";
    OutOfScope "out-of-scope" Warning "What is needed reaches beyond the scope of this plan";
}
}

impl Code {
    /// What it means, why it matters, and an example of each side.
    pub fn explanation(self) -> Explanation<'static> {
        Explanation::parse(self.page())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

impl FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|code| code.slug() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_is_read_back_and_stands_once() {
        for (at, code) in Code::ALL.iter().enumerate() {
            assert_eq!(code.slug().parse(), Ok(*code));
            assert!(Code::ALL[at + 1..].iter().all(|other| other.slug() != code.slug()), "{code} stands twice");
            assert!(!code.title().ends_with('.') && !code.title().is_empty());
        }
    }
}
