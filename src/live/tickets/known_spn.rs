//! What the directory told of an SPN.

use crate::model::{AccountState, Principal};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// What the directory told of an SPN, where it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownSpn {
    /// Who holds it.
    pub holders: Option<BTreeSet<Principal>>,
    /// The account that holds it alone.
    pub account: Option<AccountState>,
    /// Where it is instead of on the account that is to be proved.
    pub elsewhere: Option<Elsewhere>,
}

/// Where an SPN is instead of on the account that is to be proved. A ticket for it says nothing of that account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// Nobody holds it. For the name of a computer the KDC gives a ticket all the same, of the computer's own account:
    /// its HOST SPN stands for http too \[seen\].
    Nowhere,
    /// Another one holds it.
    On(Principal),
}

/// Why the KDC gives no ticket for an account, whatever error it names.
pub(super) enum Barred {
    Disabled,
    Expired(Timestamp),
}

impl KnownSpn {
    pub(super) fn barred(&self) -> Option<Barred> {
        let account = self.account.as_ref()?;
        let expired = account.expires_at.filter(|at| *at <= Timestamp::now()).map(Barred::Expired);
        if account.enabled { expired } else { Some(Barred::Disabled) }
    }

    pub(super) fn only_holder(&self) -> Option<&Principal> {
        self.holders.as_ref().filter(|holders| holders.len() == 1)?.first()
    }

    pub(super) fn is_double(&self) -> bool {
        self.holders.as_ref().is_some_and(|holders| holders.len() > 1)
    }

    pub(super) fn is_missing(&self) -> bool {
        self.holders.as_ref().is_some_and(BTreeSet::is_empty)
    }
}
