//! Asking the question, and what came of it.

use super::address::ServerAddress;
use super::connection::{Connection, Depth, Entry, Found, Search};
use super::error::{DirectoryError, Trouble};
use super::forest::{Domain, Forest};
use super::login::Login;
use super::question::Question;
use super::values;
use crate::live::trust::Trust;
use crate::model::{AccountName, Principal, Spn};
use crate::snapshot::directory::{AccountEntry, DirectoryFile, SpnEntry};
use ldap3::ldap_escape;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many SPNs one search looks for: its filter stays far below what a domain controller takes.
const SPNS_AT_ONCE: usize = 50;

/// What is read of an account. The key version is computed, and only for an entry that is asked for by its name \[doc\].
const ACCOUNT: &[&str] = &[
    "objectClass",
    "sAMAccountName",
    "userAccountControl",
    "accountExpires",
    "pwdLastSet",
    "servicePrincipalName",
    "msDS-SupportedEncryptionTypes",
];

const KEY_VERSION: &str = "msDS-KeyVersionNumber";

/// Whom to ask, and as whom.
#[derive(Clone, Debug)]
pub struct Access {
    /// Domain controllers, asked in this order until one answers everything.
    pub servers: Vec<ServerAddress>,
    /// A global catalog, which knows the SPNs of the whole forest.
    pub global_catalog: Option<ServerAddress>,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// As whom.
    pub login: Login,
    /// How long each phase of a conversation may take.
    pub timeout: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The content of `directory.json`: what could not be read bears its cause.
    pub file: DirectoryFile,
    /// Who answered.
    pub server: ServerAddress,
    /// What else is worth saying: servers that did not answer, referrals that were not followed.
    pub remarks: Vec<String>,
}

impl Answer {
    /// Whether all of it could be read.
    pub fn is_complete(&self) -> bool {
        let accounts = self.file.accounts.0.iter().all(|entry| entry.error.is_none());
        accounts && self.file.service_principal_names.0.iter().all(|entry| entry.error.is_none())
    }
}

/// Asks the question. Where no server answers, the errors of all that were asked, in order.
pub fn read(access: &Access, question: &Question) -> Result<Answer, Vec<DirectoryError>> {
    let mut failures = Vec::new();
    for server in &access.servers {
        match ask(access, server, question) {
            Ok(mut answer) => {
                answer.remarks.splice(0..0, failures.iter().map(ToString::to_string));
                return Ok(answer);
            }
            Err(error) => {
                let go_on = error.may_be_the_servers();
                failures.push(error);
                if !go_on {
                    break;
                }
            }
        }
    }
    Err(failures)
}

/// The content of `directory.json` where nothing could be read: it says so of all that was asked for.
pub fn unreadable(question: &Question, why: &str) -> DirectoryFile {
    let account = |name: &AccountName| AccountEntry::unreadable(name.clone(), why.to_owned());
    DirectoryFile {
        accounts: question.accounts.iter().map(account).collect(),
        service_principal_names: question.spns.iter().map(|spn| unreadable_spn(spn, why)).collect(),
        ..DirectoryFile::default()
    }
}

fn unreadable_spn(spn: &Spn, why: &str) -> SpnEntry {
    SpnEntry { spn: spn.clone(), error: Some(why.to_owned()), holders: Vec::new() }
}

fn ask(access: &Access, server: &ServerAddress, question: &Question) -> Result<Answer, DirectoryError> {
    let mut controller = log_in(access, server)?;
    let forest = Forest::of(&mut controller)?;
    let mut asking = Asking { forest, referrals: BTreeSet::new(), remarks: Vec::new() };
    let mut catalog = match &access.global_catalog {
        Some(server) => match log_in(access, server) {
            Ok(catalog) => Catalog::Open(catalog),
            Err(error) => Catalog::Failed(error.to_string()),
        },
        None => Catalog::NotNamed,
    };
    let mut accounts = Vec::new();
    for name in &question.accounts {
        accounts.push(asking.account(name, &mut controller, &mut catalog)?);
    }
    let spns: Vec<Spn> = question.spns.iter().cloned().collect();
    let holders = asking.spns(&spns, &mut controller, &mut catalog)?;
    if let Catalog::Failed(why) = &catalog {
        asking.remarks.push(why.clone());
    }
    let followed = |referral: &String| format!("a referral was not followed: {referral}");
    asking.remarks.extend(asking.referrals.iter().map(followed));
    let file = DirectoryFile {
        accounts: accounts.into_iter().collect(),
        service_principal_names: holders.into_iter().collect(),
        ..DirectoryFile::default()
    };
    Ok(Answer { file, server: server.clone(), remarks: asking.remarks })
}

fn log_in(access: &Access, server: &ServerAddress) -> Result<Connection, DirectoryError> {
    let mut connection = Connection::open(server, &access.trust, access.timeout)?;
    connection.bind(&access.login)?;
    Ok(connection)
}

/// The global catalog.
enum Catalog {
    NotNamed,
    Failed(String),
    Open(Connection),
}

impl Catalog {
    /// Searches in it; why not, in words, where it cannot be.
    fn search(&mut self, search: &Search<'_>) -> Result<Found, String> {
        let Self::Open(connection) = self else {
            return Err(match self {
                Self::Failed(why) => why.clone(),
                Self::NotNamed | Self::Open(_) => "name a global catalog with --global-catalog".to_owned(),
            });
        };
        connection.search(search).map_err(|error| {
            let why = error.to_string();
            if error.ends_the_conversation() {
                // It is not asked again: every further search might wait for the whole timeout.
                *self = Self::Failed(why.clone());
            }
            why
        })
    }
}

/// A question that is being asked.
struct Asking {
    forest: Forest,
    referrals: BTreeSet<String>,
    remarks: Vec<String>,
}

impl Asking {
    fn account(
        &mut self,
        name: &AccountName,
        controller: &mut Connection,
        catalog: &mut Catalog,
    ) -> Result<AccountEntry, DirectoryError> {
        let Some(domain) = self.forest.named(name.domain()).cloned() else {
            let known: Vec<&str> = self.forest.domains.iter().map(|domain| domain.netbios.as_str()).collect();
            let why = format!("the forest has no domain {}; it has {}", name.domain(), known.join(", "));
            return Ok(AccountEntry::unreadable(name.clone(), why));
        };
        let filter = account_filter(name);
        let search = Search { base: &domain.dn, depth: Depth::Tree, filter: &filter, attributes: ACCOUNT };
        if !self.forest.is_home(&domain) {
            let entry = match catalog.search(&search) {
                Ok(found) if found.entries.is_empty() => AccountEntry::absent(name.clone()),
                Ok(_) | Err(_) => AccountEntry::unreadable(name.clone(), of_other_domain(&domain, controller)),
            };
            return Ok(entry);
        }
        let found = controller.search(&search)?;
        self.note(&found);
        let Some(entry) = the_one(&found.entries) else { return Ok(AccountEntry::absent(name.clone())) };
        let read = key_version(controller, &entry.dn)?.and_then(|version| values::account(entry, version));
        Ok(match read {
            Ok(state) => AccountEntry::known(name.clone(), &state),
            Err(why) => AccountEntry::unreadable(name.clone(), why),
        })
    }

    fn spns(
        &mut self,
        spns: &[Spn],
        controller: &mut Connection,
        catalog: &mut Catalog,
    ) -> Result<Vec<SpnEntry>, DirectoryError> {
        let mut entries = Vec::new();
        let is_alone = self.forest.foreign().next().is_none();
        for chunk in spns.chunks(SPNS_AT_ONCE) {
            // The empty base is the whole forest there [doc].
            let in_catalog = self.holders(chunk, "", |search| catalog.search(search));
            match in_catalog {
                Ok(holders) => entries.extend(holders),
                // The only domain knows all of them itself.
                Err(_) if is_alone => {
                    let home = self.forest.home.clone();
                    entries.extend(self.holders(chunk, &home, |search| controller.search(search))?);
                }
                Err(why) => {
                    let others: Vec<&str> = self.forest.foreign().map(|domain| domain.netbios.as_str()).collect();
                    let others = others.join(", ");
                    let why =
                        format!("the forest has also the domain {others}, so one domain does not tell all: {why}");
                    entries.extend(chunk.iter().map(|spn| unreadable_spn(spn, &why)));
                }
            }
        }
        Ok(entries)
    }

    /// Every holder of these SPNs below the base.
    fn holders<E>(
        &mut self,
        spns: &[Spn],
        base: &str,
        mut search: impl FnMut(&Search<'_>) -> Result<Found, E>,
    ) -> Result<Vec<SpnEntry>, E> {
        let attributes = &["sAMAccountName", "servicePrincipalName"];
        let mut holders: BTreeMap<&Spn, BTreeSet<Principal>> = spns.iter().map(|spn| (spn, BTreeSet::new())).collect();
        let filter = holder_filter(spns);
        let found = search(&Search { base, depth: Depth::Tree, filter: &filter, attributes })?;
        self.note(&found);
        let mut doubtful = false;
        for entry in &found.entries {
            let held: Vec<Spn> = entry.texts("servicePrincipalName").filter_map(|text| text.parse().ok()).collect();
            let matching: Vec<&Spn> = spns.iter().filter(|spn| held.contains(spn)).collect();
            // The directory may know more spellings of one name than this program, or not tell all of a long list.
            doubtful |= matching.is_empty() || entry.ranged("servicePrincipalName");
            for spn in matching {
                holders.entry(spn).or_default().insert(self.principal(entry));
            }
        }
        if doubtful {
            for spn in spns {
                let filter = holder_filter(std::slice::from_ref(spn));
                let found = search(&Search { base, depth: Depth::Tree, filter: &filter, attributes })?;
                let named = found.entries.iter().map(|entry| self.principal(entry)).collect();
                holders.insert(spn, named);
            }
        }
        let entry = |(spn, holders): (&Spn, BTreeSet<Principal>)| SpnEntry {
            spn: spn.clone(),
            error: None,
            holders: holders.iter().map(Principal::to_string).collect(),
        };
        Ok(holders.into_iter().map(entry).collect())
    }

    /// `DOMAIN\name`, or the distinguished name of what has none.
    fn principal(&self, entry: &Entry) -> Principal {
        match (entry.text("sAMAccountName"), self.forest.of_entry(&entry.dn)) {
            (Some(name), Some(domain)) => Principal::new(&format!("{}\\{name}", domain.netbios)),
            _ => Principal::new(&entry.dn),
        }
    }

    fn note(&mut self, found: &Found) {
        let met = found.referrals.iter().filter(|referral| !self.forest.is_no_domain(referral));
        self.referrals.extend(met.cloned());
    }
}

/// The key version of that entry; `Err` with the reason where it is no number.
fn key_version(controller: &mut Connection, dn: &str) -> Result<Result<Option<i64>, String>, DirectoryError> {
    let filter = "(objectClass=*)";
    let search = Search { base: dn, depth: Depth::Entry, filter, attributes: &[KEY_VERSION] };
    match controller.search(&search) {
        Ok(found) => Ok(found.entries.first().map_or(Ok(None), |entry| values::number(entry, KEY_VERSION))),
        Err(DirectoryError { trouble: Trouble::NoSuchBase(_), .. }) => {
            Ok(Err("it was deleted while it was being read".to_owned()))
        }
        Err(error) => Err(error),
    }
}

fn of_other_domain(domain: &Domain, controller: &Connection) -> String {
    format!(
        "it belongs to the domain {} ({}), of which {} tells nothing, and a global catalog not enough: \
         name one of its own domain controllers with --directory",
        domain.netbios,
        domain.dn,
        controller.server()
    )
}

/// The account as a computer, or else under the very name.
fn the_one(entries: &[Entry]) -> Option<&Entry> {
    let computer = |entry: &&Entry| entry.text("sAMAccountName").is_some_and(|name| name.ends_with('$'));
    entries.iter().find(computer).or_else(|| entries.first())
}

fn account_filter(name: &AccountName) -> String {
    let name = ldap_escape(name.account());
    format!("(|(sAMAccountName={name}$)(sAMAccountName={name}))")
}

fn holder_filter(spns: &[Spn]) -> String {
    let each: Vec<String> =
        spns.iter().map(|spn| format!("(servicePrincipalName={})", ldap_escape(spn.as_str()))).collect();
    if spns.len() == 1 { each.concat() } else { format!("(|{})", each.concat()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_escaped() {
        let check = |spns: &[&str], expected: &str| {
            let spns: Vec<Spn> = spns.iter().map(|spn| spn.parse().unwrap()).collect();
            assert_eq!(holder_filter(&spns), expected);
        };
        check(&["http/a.b"], "(servicePrincipalName=http/a.b)");
        check(&["http/a.b", "http/c.d"], "(|(servicePrincipalName=http/a.b)(servicePrincipalName=http/c.d))");
        check(&[r"http/*)(cn=\"], r"(servicePrincipalName=http/\2a\29\28cn=\5c)");
        let name: AccountName = r"CONTOSO\a(b)".parse().unwrap();
        assert_eq!(account_filter(&name), r"(|(sAMAccountName=a\28b\29$)(sAMAccountName=a\28b\29))");
    }

    #[test]
    fn what_could_not_be_read_says_so_of_everything_that_was_asked_for() {
        let question = Question {
            accounts: [r"CONTOSO\kerbauth".parse().unwrap()].into(),
            spns: ["http/pool01.contoso.com".parse().unwrap()].into(),
        };
        let file = unreadable(&question, "no answer");
        assert_eq!(file.accounts.0[0].error.as_deref(), Some("no answer"));
        assert_eq!(file.service_principal_names.0[0].error.as_deref(), Some("no answer"));
        assert!(!file.complete);
    }
}
