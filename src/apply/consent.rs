//! Consent: what disturbs people is done only where the operator named it, by kind and subject.

use crate::model::{AccountName, NameError, SiteName};
use crate::plan::{Action, Plan, Step};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// One thing that the operator allows: `--allow rotation:CONTOSO\kerbauth`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allowance {
    /// A new password for this existing account.
    Rotation(AccountName),
    /// Another account for this site.
    Reassignment(SiteName),
    /// No account any more for this site.
    Unassignment(SiteName),
}

/// Why a text is no allowance.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AllowanceError {
    /// Not of a kind that there is.
    #[error("{0:?} allows nothing: write rotation:ACCOUNT, reassignment:SITE or unassignment:SITE")]
    Kind(String),
    /// The account or site is not a name.
    #[error("{text:?} is not a name: {source}")]
    Name {
        /// What stands after the colon.
        text: String,
        /// What is wrong with it.
        source: NameError,
    },
}

impl FromStr for Allowance {
    type Err = AllowanceError;

    fn from_str(text: &str) -> Result<Self, AllowanceError> {
        fn name<N: FromStr<Err = NameError>>(text: &str) -> Result<N, AllowanceError> {
            text.parse().map_err(|source| AllowanceError::Name { text: text.to_owned(), source })
        }
        let unknown = || AllowanceError::Kind(text.to_owned());
        let (kind, subject) = text.split_once(':').ok_or_else(unknown)?;
        match kind.trim().to_ascii_lowercase().as_str() {
            "rotation" => name(subject).map(Self::Rotation),
            "reassignment" => name(subject).map(Self::Reassignment),
            "unassignment" => name(subject).map(Self::Unassignment),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rotation(account) => write!(f, "rotation:{account}"),
            Self::Reassignment(site) => write!(f, "reassignment:{site}"),
            Self::Unassignment(site) => write!(f, "unassignment:{site}"),
        }
    }
}

/// What the plan needs and nobody allowed, in the order of its steps, each once.
pub fn missing(plan: &Plan, given: &BTreeSet<Allowance>) -> Vec<Allowance> {
    let mut missing: Vec<Allowance> = Vec::new();
    for needed in plan.steps.iter().filter_map(|step| needed(plan, step)) {
        if !given.contains(&needed) && !missing.contains(&needed) {
            missing.push(needed);
        }
    }
    missing
}

/// What a step needs. It follows from what the step does, so that no plan can waive it.
fn needed(plan: &Plan, step: &Step) -> Option<Allowance> {
    match &step.action {
        Action::ReassignAccount { site, .. } => Some(Allowance::Reassignment(site.clone())),
        Action::UnassignAccount { site, .. } => Some(Allowance::Unassignment(site.clone())),
        // Nobody can hold a ticket of an account that this very plan creates.
        Action::RotatePassword { account } if !waits_for_creation(plan, step, account) => {
            Some(Allowance::Rotation(account.clone()))
        }
        _ => None,
    }
}

fn waits_for_creation(plan: &Plan, step: &Step, account: &AccountName) -> bool {
    step.after
        .iter()
        .filter_map(|id| plan.step(id))
        .any(|earlier| matches!(&earlier.action, Action::CreateAccount { account: created, .. } if created == account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::samples::{plan_of, step};

    fn check(text: &str, expected: Result<&str, &str>) {
        let parsed = text.parse::<Allowance>().map(|allowed| allowed.to_string()).map_err(|error| error.to_string());
        match (parsed, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text:?}"),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{text:?}: {found}"),
            (found, expected) => panic!("{text:?}: {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn allowances_are_parsed() {
        check(r"rotation:CONTOSO\kerbauth", Ok(r"rotation:CONTOSO\kerbauth"));
        check("Reassignment:Zürich West", Ok("reassignment:Zürich West"));
        check("unassignment: Redmond", Ok("unassignment:Redmond"));
        check("rotation:kerbauth", Err("it has no domain"));
        check("rotation", Err("write rotation:ACCOUNT"));
        check("everything:Redmond", Err("write rotation:ACCOUNT"));
    }

    #[test]
    fn everything_that_is_missing_is_listed_once_and_names_compare_without_case() {
        let plan = plan_of(vec![
            step(Action::ReassignAccount {
                site: "Redmond".parse().unwrap(),
                from: r"CONTOSO\old".parse().unwrap(),
                to: r"CONTOSO\kerbauth".parse().unwrap(),
            }),
            step(Action::UnassignAccount {
                site: "Dublin".parse().unwrap(),
                from: r"CONTOSO\kerbauth".parse().unwrap(),
            }),
            step(Action::RotatePassword { account: r"CONTOSO\kerbauth".parse().unwrap() }),
        ]);
        let allowed = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<BTreeSet<Allowance>>();
        let still = |texts: &[&str]| -> Vec<String> {
            missing(&plan, &allowed(texts)).iter().map(ToString::to_string).collect()
        };
        assert_eq!(still(&[]), ["reassignment:Redmond", "unassignment:Dublin", r"rotation:CONTOSO\kerbauth"]);
        assert_eq!(still(&["reassignment:REDMOND", r"rotation:contoso\KERBAUTH"]), ["unassignment:Dublin"]);
        assert_eq!(still(&["reassignment:Dublin"]).len(), 3, "a consent is for its subject alone");
    }

    #[test]
    fn a_rotation_needs_no_consent_only_where_its_account_is_created_just_before() {
        let account: AccountName = r"CONTOSO\kerbauth".parse().unwrap();
        let create = step(Action::CreateAccount { account: account.clone(), container: None });
        let mut rotate = step(Action::RotatePassword { account });
        rotate.consent = None;
        assert_eq!(missing(&plan_of(vec![create.clone(), rotate.clone()]), &BTreeSet::new()).len(), 1);
        rotate.after = vec![create.id()];
        assert_eq!(missing(&plan_of(vec![create, rotate]), &BTreeSet::new()), []);
    }
}
