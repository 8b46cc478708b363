//! What Active Directory says, through PowerShell.

use super::Collection;
use super::asked::Questions;
use super::failure::{Failure, output};
use crate::live::shell::{AccountFact, Call, DirectoryFact, HolderFact, Place};
use crate::model::{AccountName, Spn};
use crate::snapshot::directory::{AccountEntry, ControllerEntry, DirectoryFile, SpnEntry};
use crate::snapshot::secrets;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How many SPNs are looked up by one call.
const SPNS_A_CALL: usize = 50;

/// One question to the directory.
pub(super) enum Question {
    Account(AccountName),
    Holders(Vec<Spn>),
    Domain(String),
}

/// Its answer.
pub(super) enum Answer {
    Account(AccountEntry),
    Holders(Vec<SpnEntry>),
    AesKeysSince(Option<Timestamp>),
}

/// What is to be asked, in pieces that can be asked side by side.
pub(super) fn questions(asked: &Questions) -> Vec<Question> {
    let accounts = asked.accounts.iter().cloned().map(Question::Account);
    let spns: Vec<Spn> = asked.spns.iter().cloned().collect();
    let holders: Vec<Question> = spns.chunks(SPNS_A_CALL).map(|spns| Question::Holders(spns.to_vec())).collect();
    let domains: BTreeSet<String> = asked.accounts.iter().map(|account| account.domain().to_uppercase()).collect();
    accounts.chain(holders).chain(domains.into_iter().map(Question::Domain)).collect()
}

/// `directory.json`, out of the answers in whichever order they came.
pub(super) fn file(answers: Vec<Answer>) -> DirectoryFile {
    let (mut accounts, mut spns, mut aes_keys_since) = (BTreeMap::new(), BTreeMap::new(), None);
    for answer in answers {
        match answer {
            Answer::Account(entry) => _ = accounts.insert(entry.name.clone(), entry),
            Answer::Holders(entries) => spns.extend(entries.into_iter().map(|entry| (entry.spn.clone(), entry))),
            Answer::AesKeysSince(since) => aes_keys_since = aes_keys_since.max(since),
        }
    }
    DirectoryFile {
        aes_keys_since,
        complete: false,
        accounts: accounts.into_values().collect(),
        service_principal_names: spns.into_values().collect(),
    }
}

/// Why it says nothing, where nothing that was asked for could be read: such a file is there, and is no news.
pub(super) fn why_nothing(file: &DirectoryFile) -> Option<&str> {
    let accounts = file.accounts.0.iter().map(|entry| entry.error.as_deref());
    let spns = file.service_principal_names.0.iter().map(|entry| entry.error.as_deref());
    let errors: Option<Vec<&str>> = accounts.chain(spns).collect();
    errors?.first().copied()
}

impl Collection<'_> {
    pub(super) fn answer(&self, question: Question) -> Answer {
        match question {
            Question::Account(name) => Answer::Account(self.account(name)),
            Question::Holders(spns) => Answer::Holders(self.holders(spns)),
            Question::Domain(domain) => {
                let call = Call::Directory { domain };
                // Nothing needs to know it: without it, old passwords are told by their age alone.
                let fact: Result<DirectoryFact, Failure> = output(self.shell, &Place::ManagementShell, &call);
                Answer::AesKeysSince(fact.ok().and_then(|fact| fact.aes_keys_since))
            }
        }
    }

    fn account(&self, name: AccountName) -> AccountEntry {
        let call = Call::Account { account: name.clone() };
        match output::<AccountFact>(self.shell, &Place::ManagementShell, &call) {
            Ok(fact) if fact.controllers.is_empty() => {
                AccountEntry::unreadable(name, "no domain controller was found".to_owned())
            }
            Ok(fact) => AccountEntry::by_controllers(name, fact.controllers.into_iter().map(controller).collect()),
            Err(failure) => AccountEntry::unreadable(name, failure.to_string()),
        }
    }

    fn holders(&self, spns: Vec<Spn>) -> Vec<SpnEntry> {
        let call = Call::Holders { spns: spns.clone() };
        let facts: Result<Vec<HolderFact>, Failure> = output(self.shell, &Place::ManagementShell, &call);
        let entry = |spn: Spn| {
            let found = facts.as_ref().map(|facts| facts.iter().find(|fact| fact.spn.parse().as_ref() == Ok(&spn)));
            let (error, holders) = match found {
                Err(failure) => (Some(failure.to_string()), Vec::new()),
                Ok(None) => (Some("nothing was said of it".to_owned()), Vec::new()),
                Ok(Some(HolderFact { error: Some(error), .. })) => (Some(stripped(error)), Vec::new()),
                Ok(Some(fact)) => (None, fact.holders.clone()),
            };
            SpnEntry { spn, error, holders }
        };
        spns.into_iter().map(entry).collect()
    }
}

fn controller(told: ControllerEntry) -> ControllerEntry {
    ControllerEntry { error: told.error.as_deref().map(stripped), ..told }
}

fn stripped(text: &str) -> String {
    secrets::strip(text).into_owned()
}
