//! Which of two readings of one server is believed.

use crate::model::{AccountName, Directory, KerberosReading, Reading, SiteName, Verdict, Witness};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How much a reading of a server's Kerberos configuration weighs; of two, the weightier is believed.
///
/// One that is of another account than the site's, or older than its account's password, has lost its word. A ticket
/// outranks a test, unless it could not say: then the test is believed. Else the later one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight {
    has_its_word: bool,
    rank: Rank,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    TicketWithoutAnswer,
    TestOrLab,
    Ticket,
}

impl Weight {
    /// The weight of what was read of a server of this site.
    pub fn of(
        reading: &KerberosReading,
        site: &SiteName,
        assignments: &Reading<BTreeMap<SiteName, AccountName>>,
        directory: &Reading<Directory>,
    ) -> Self {
        let assigned = assignments.known().and_then(|assignments| assignments.get(site));
        let account = reading.account.as_ref().or(assigned);
        let password_set_at = account.and_then(|account| {
            let state = directory.known()?.account(account);
            state.known().and_then(|state| state.password_set_at)
        });
        let of_the_account = reading.account.is_none() || assigned.is_none() || reading.account.as_ref() == assigned;
        let rank = match (reading.by, reading.verdict) {
            (Witness::Ticket, Verdict::Unknown) => Rank::TicketWithoutAnswer,
            (Witness::Ticket, Verdict::Valid | Verdict::Invalid) => Rank::Ticket,
            (Witness::Test | Witness::Lab, _) => Rank::TestOrLab,
        };
        let has_its_word = of_the_account && password_set_at.is_none_or(|set| reading.at >= set);
        Self { has_its_word, rank, at: reading.at }
    }
}
