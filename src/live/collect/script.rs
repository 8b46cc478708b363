//! The script that makes a snapshot folder by hand, for those who let no tool in.

use super::Asked;
use crate::live::scripts;
use crate::plan::quote;
use std::fmt::Display;

/// The script, with what is asked for as its parameters' defaults. It is printable ASCII, and takes nothing that is
/// newer than Windows PowerShell 2.0.
pub fn script(asked: &Asked) -> String {
    scripts::standalone()
        .replace("@TOOL@", concat!("cskerb ", env!("CARGO_PKG_VERSION")))
        .replace("@ACCOUNTS@", &list(&asked.accounts))
        .replace("@SPNS@", &list(&asked.spns))
        .replace("@PRODUCT@", asked.product.map_or("", |product| product.id()))
}

fn list<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| quote(&name.to_string())).collect::<Vec<_>>().join(", ")
}
