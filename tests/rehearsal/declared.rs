//! What tests declare, as text.

use cskerb::deployment;
use cskerb::model::Deployment;
use std::str::FromStr;

pub(crate) fn name<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// The deployment of that file, which is in order.
pub(crate) fn load(yaml: &str) -> Deployment {
    let loaded = deployment::load("contoso.yaml", yaml.as_bytes());
    let wrong: Vec<String> = loaded.diagnostics.iter().map(|found| format!("{found:?}")).collect();
    loaded.deployment.unwrap_or_else(|| panic!("{yaml}\n{wrong:#?}"))
}
