//! What Active Directory says of Kerberos accounts and SPNs.

use super::{AccountName, Caseless, Cause, Reading, Spn};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// Any holder of an SPN, as `DOMAIN\name` without the `$` of a computer, or a distinguished name.
///
/// Unlike [`AccountName`] it may break the rules of Kerberos accounts: anyone can hold an SPN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(Caseless);

impl Principal {
    /// The holder of that name; a computer's trailing `$` is left out.
    pub fn new(text: &str) -> Self {
        Self(Caseless::from(text.trim_start().trim_end_matches(|end: char| end == '$' || end.is_whitespace())))
    }

    /// The name as it was read.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether this is that Kerberos account, by its name or by a distinguished name that can only be its own.
    pub fn is(&self, account: &AccountName) -> bool {
        Caseless::same(self.as_str(), account.as_str()) || self.is_distinguished() && self.is_dn_of(account)
    }

    /// That one of these accounts that it is; only a distinguished name is compared with each of them.
    pub fn among<'a, V>(&self, accounts: &'a BTreeMap<AccountName, V>) -> Option<&'a AccountName> {
        if self.is_distinguished() {
            return accounts.keys().find(|name| self.is(name));
        }
        accounts.get_key_value(&self.as_str().parse::<AccountName>().ok()?).map(|(name, _)| name)
    }

    /// Whether it is written as a distinguished name, which setspn does not take.
    pub fn is_distinguished(&self) -> bool {
        self.as_str().contains('=')
    }

    /// `CN=name,...,DC=domain,...`: a computer's common name is its account's without `$`, and a domain's NetBIOS name
    /// the first label of its DNS name, unless somebody chose otherwise; then this is a stranger, which is said and
    /// never acted on. [inferred]
    fn is_dn_of(&self, account: &AccountName) -> bool {
        let mut parts = relative_names(self.as_str());
        let value = |part: &str, wanted: &str| {
            let (attribute, value) = part.split_once('=')?;
            attribute.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().replace('\\', ""))
        };
        let common = parts.next().and_then(|part| value(part, "CN"));
        let domain = parts.find_map(|part| value(part, "DC"));
        let same = |found: Option<String>, wanted: &str| found.is_some_and(|found| Caseless::same(&found, wanted));
        same(common, account.account()) && same(domain, account.domain())
    }
}

/// The parts of a distinguished name, split at the commas that are not escaped.
fn relative_names(dn: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    dn.split(move |c| {
        let here = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        here
    })
}

impl From<&AccountName> for Principal {
    fn from(account: &AccountName) -> Self {
        Self(Caseless::from(account.as_str()))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of Kerberos encryption types, as the bits of `msDS-SupportedEncryptionTypes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncryptionTypes(pub u32);

impl EncryptionTypes {
    /// DES-CBC-CRC and DES-CBC-MD5.
    pub const DES: Self = Self(0x3);
    /// RC4-HMAC.
    pub const RC4: Self = Self(0x4);
    /// AES128-CTS-HMAC-SHA1-96.
    pub const AES128: Self = Self(0x8);
    /// AES256-CTS-HMAC-SHA1-96.
    pub const AES256: Self = Self(0x10);

    const NAMED: [(Self, &'static str); 4] =
        [(Self::DES, "des"), (Self::RC4, "rc4"), (Self::AES128, "aes128"), (Self::AES256, "aes256")];

    /// Whether any type of `other` is among these.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// These and those.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether AES128 or AES256 is among these.
    pub fn has_aes(self) -> bool {
        self.intersects(Self::AES128.union(Self::AES256))
    }

    /// Only the bits that name an encryption type.
    #[must_use]
    pub fn types_only(self) -> Self {
        Self(self.0 & 0x1f)
    }
}

impl fmt::Display for EncryptionTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            Self::NAMED.iter().filter(|(bits, _)| self.intersects(*bits)).map(|(_, name)| *name).collect();
        f.write_str(if names.is_empty() { "none" } else { "" })?;
        f.write_str(&names.join(", "))
    }
}

/// One account object of Active Directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// Whether it is a computer object; the feature needs one.
    pub computer: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// When it expires (`accountExpires`), if ever.
    pub expires_at: Option<Timestamp>,
    /// The SPNs it holds (`servicePrincipalName`).
    pub spns: BTreeSet<Spn>,
    /// `msDS-SupportedEncryptionTypes`; `None` where it is unset.
    pub encryption: Option<EncryptionTypes>,
    /// When its password was last set (`pwdLastSet`).
    pub password_set_at: Option<Timestamp>,
    /// `msDS-KeyVersionNumber`.
    pub key_version: Option<u32>,
    /// Whether every domain controller of its domain was asked, and all of them said this.
    pub agreed: bool,
}

/// Active Directory, as far as it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// The accounts that were asked for; [`Reading::Absent`] where there is no such object.
    pub accounts: BTreeMap<AccountName, Reading<AccountState>>,
    /// Every holder in the forest of each SPN that was asked for; an empty set where nobody holds it.
    pub holders: BTreeMap<Spn, BTreeSet<Principal>>,
    /// The SPNs that were asked for and whose holders could not be looked for.
    pub unreadable: BTreeMap<Spn, Cause>,
    /// Since when the domain makes AES keys (its 2008 level), where that is known.
    pub aes_keys_since: Option<Timestamp>,
    /// Whether everything was asked for: then an account or SPN that is not in here is not there.
    pub complete: bool,
}

impl Directory {
    /// That account, or that it was not asked for.
    pub fn account(&self, name: &AccountName) -> Reading<&AccountState> {
        match self.accounts.get(name) {
            Some(reading) => reading.as_ref(),
            None if self.complete => Reading::Absent,
            None => Reading::Unreadable(Cause::NotAsked { what: name.to_string() }),
        }
    }

    /// The holders of that SPN, or that it was not asked for.
    ///
    /// The accounts' own lists count too: an account that holds the SPN is among its holders.
    pub fn holders(&self, spn: &Spn) -> Reading<BTreeSet<Principal>> {
        let lists = |reading: &Reading<AccountState>| reading.known().is_some_and(|account| account.spns.contains(spn));
        self.holders_beside(spn, self.accounts.iter().filter(|(_, reading)| lists(reading)).map(|(name, _)| name))
    }

    /// The accounts by the SPNs in their own lists, for whoever asks for many.
    pub fn lists(&self) -> HashMap<&Spn, Vec<&AccountName>> {
        let mut lists: HashMap<&Spn, Vec<&AccountName>> = HashMap::new();
        for (name, account) in self.accounts.iter().filter_map(|(name, reading)| Some((name, reading.known()?))) {
            account.spns.iter().for_each(|spn| lists.entry(spn).or_default().push(name));
        }
        lists
    }

    /// The holders of that SPN, where these accounts have it in their own lists.
    pub fn holders_beside<'a>(
        &self,
        spn: &Spn,
        listing: impl IntoIterator<Item = &'a AccountName>,
    ) -> Reading<BTreeSet<Principal>> {
        let nobody = BTreeSet::new();
        let asked = self.holders.get(spn);
        match asked.or((self.complete && !self.unreadable.contains_key(spn)).then_some(&nobody)) {
            Some(asked) => {
                // An account that is written once by its name and once as a distinguished name is one holder.
                let known = |holder: &Principal| holder.among(&self.accounts);
                let mut holders: BTreeSet<Principal> =
                    asked.iter().map(|holder| known(holder).map_or_else(|| holder.clone(), Principal::from)).collect();
                holders.extend(listing.into_iter().map(Principal::from));
                Reading::Known(holders)
            }
            None => Reading::Unreadable(match self.unreadable.get(spn) {
                Some(cause) => cause.clone(),
                None => Cause::NotAsked { what: spn.to_string() },
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_types_print_in_the_words_of_the_file() {
        assert_eq!(EncryptionTypes(0x1c).to_string(), "rc4, aes128, aes256");
        assert_eq!(EncryptionTypes(0).to_string(), "none");
        assert!(EncryptionTypes(0x18).has_aes() && !EncryptionTypes(0x7).has_aes());
    }

    #[test]
    fn a_distinguished_name_is_the_account_of_that_name_in_that_domain() {
        let account: AccountName = r"CONTOSO\kerbauth".parse().unwrap();
        let check = |dn: &str, is: bool| assert_eq!(Principal::new(dn).is(&account), is, "{dn}");
        check("CN=kerbauth,CN=Users,DC=contoso,DC=com", true);
        check("cn=KERBAUTH, ou=Service\\, accounts, dc=Contoso, dc=com", true);
        check("CN=kerbauth,CN=Users,DC=fabrikam,DC=com", false); // another domain of the forest
        check("CN=kerb\\,auth,CN=Users,DC=contoso,DC=com", false);
        check("CN=websvc,CN=kerbauth,DC=contoso,DC=com", false);
        check("CN=kerbauth", false);
        check("", false);
    }

    #[test]
    fn an_account_written_in_two_ways_is_one_holder() {
        let account: AccountName = r"CONTOSO\kerbauth".parse().unwrap();
        let spn: Spn = "http/pool01.contoso.com".parse().unwrap();
        let dn = "CN=kerbauth,CN=Users,DC=contoso,DC=com";
        let mut directory = Directory::default();
        directory.accounts.insert(account.clone(), Reading::Absent);
        directory.holders.insert(spn.clone(), BTreeSet::from([Principal::new(dn), Principal::from(&account)]));
        assert_eq!(directory.holders(&spn), Reading::Known(BTreeSet::from([Principal::from(&account)])));
    }

    #[test]
    fn a_computer_is_the_account_without_its_dollar_in_any_case() {
        let account: AccountName = r"CONTOSO\kerbauth".parse().unwrap();
        assert!(Principal::new(r"contoso\KERBAUTH$").is(&account));
        assert!(!Principal::new(r"contoso\other").is(&account));
        assert_eq!(Principal::new(" CN=a $ ").as_str(), "CN=a", "read again it is the same");
    }
}
