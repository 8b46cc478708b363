//! Sets `windowsAuthentication` at one location, as Microsoft.Web.Administration does: in the location's own
//! `<location>` block, which is made where it is missing.
//!
//! Of several blocks, or several elements in one, the last wins [`super`], so that one is edited.

use super::{Known, parse};
use crate::model::{Cause, LocationPath, Place, Provider, Reading, Setting, WindowsAuthentication};
use crate::snapshot::place::{Fault, Source};
use crate::snapshot::xml_edit::{Edit, Fragment, Span, apply, root};
use std::sync::Arc;

/// The elements from a `<location>` to its `windowsAuthentication`.
const PATH: [&str; 4] = ["system.webServer", "security", "authentication", "windowsAuthentication"];

/// The text with these settings in effect at that location; a setting that is in effect already changes nothing.
///
/// A server that has no such location, or one whose settings cannot be read, is a cause.
pub(in crate::snapshot) fn set(
    file: &Arc<str>,
    text: &str,
    location: &LocationPath,
    settings: &[Setting],
) -> Result<String, Cause> {
    let mut text = text.to_owned();
    let broken = |fault| Source { name: file.clone(), text: text.clone() }.broken(fault);
    if !parse(file, &text, &mut Known::default()).map_err(broken)?.has(location) {
        return Err(missing(file, location));
    }
    for setting in settings {
        // Providers that clash with the parent's are in nobody's effect until they are written anew.
        if !effective(file, &text, location).is_ok_and(|now| is_in_effect(&now, setting)) {
            let edits = place(&text, location, setting);
            let broken = |fault| Source { name: file.clone(), text: text.clone() }.broken(fault);
            text = apply(&text, edits.map_err(broken)?);
        }
    }
    let now = effective(file, &text, location)?;
    match settings.iter().find(|setting| !is_in_effect(&now, setting)) {
        None => Ok(text),
        Some(setting) => {
            let why = format!("{} at {location} could not be brought into effect", setting.name());
            Err(Cause::Broken { place: Place { file: file.clone(), line_column: None }, why })
        }
    }
}

fn effective(file: &Arc<str>, text: &str, location: &LocationPath) -> Result<WindowsAuthentication, Cause> {
    let broken = |fault| Source { name: file.clone(), text: text.to_owned() }.broken(fault);
    match parse(file, text, &mut Known::default()).map_err(broken)?.effective(location) {
        Reading::Known(settings) => Ok(settings),
        Reading::Unreadable(cause) => Err(cause),
        Reading::Absent => Err(missing(file, location)),
    }
}

fn missing(file: &Arc<str>, location: &LocationPath) -> Cause {
    let why = format!("the server has no IIS location {location}");
    Cause::Broken { place: Place { file: file.clone(), line_column: None }, why }
}

fn is_in_effect(effective: &WindowsAuthentication, setting: &Setting) -> bool {
    effective.in_effect(setting) == *setting
}

fn place(text: &str, location: &LocationPath, setting: &Setting) -> Result<Vec<Edit>, Fault> {
    let root = root(text)?;
    let is_here = |block: &&Span| {
        block.attribute("path").and_then(|path| path.parse::<LocationPath>().ok()).is_some_and(|path| path == *location)
    };
    let blocks: Vec<&Span> = root.named("location").filter(is_here).collect();
    if let Some(found) = blocks.iter().rev().find_map(|block| last_at(block, &PATH)) {
        return Ok(change(text, found, setting));
    }
    let Some(block) = blocks.last() else {
        let block = Fragment::new("location").attribute("path", location.as_str()).children([chain(&PATH, setting)]);
        return Ok(vec![root.insert(text, &[block])]);
    };
    let (mut deepest, mut missing) = (*block, &PATH[..]);
    while let Some((child, rest)) =
        missing.split_first().and_then(|(name, rest)| Some((deepest.named(name).next_back()?, rest)))
    {
        (deepest, missing) = (child, rest);
    }
    Ok(vec![deepest.insert(text, &[chain(missing, setting)])])
}

/// The last element at the end of that path, in the order of the document.
fn last_at<'s>(element: &'s Span, path: &[&'s str]) -> Option<&'s Span> {
    match path.split_first() {
        None => Some(element),
        Some((name, rest)) => element.named(name).rev().find_map(|child| last_at(child, rest)),
    }
}

/// The elements of that path, one in the other, the innermost with the setting.
fn chain(path: &[&str], setting: &Setting) -> Fragment {
    match path.split_first() {
        Some((name, rest)) if !rest.is_empty() => Fragment::new(name).children([chain(rest, setting)]),
        _ => match attribute(setting) {
            Some((name, value)) => Fragment::new("windowsAuthentication").attribute(name, value),
            None => Fragment::new("windowsAuthentication").children([child(setting)]),
        },
    }
}

/// The attribute that a setting is, where it is one.
fn attribute(setting: &Setting) -> Option<(&'static str, &'static str)> {
    match setting {
        Setting::Enabled(on) | Setting::UseKernelMode(on) | Setting::UseAppPoolCredentials(on) => {
            Some((setting.name(), if *on { "true" } else { "false" }))
        }
        Setting::Providers(_) | Setting::ExtendedProtection(_) => None,
    }
}

/// The element that a setting is, where it is one.
fn child(setting: &Setting) -> Fragment {
    match setting {
        Setting::ExtendedProtection(checking) => {
            Fragment::new("extendedProtection").attribute("tokenChecking", checking.as_str())
        }
        Setting::Providers(providers) => Fragment::new("providers").children(wanted(providers)),
        Setting::Enabled(_) | Setting::UseKernelMode(_) | Setting::UseAppPoolCredentials(_) => {
            Fragment::new(setting.name())
        }
    }
}

fn wanted(providers: &[Provider]) -> Vec<Fragment> {
    let add = |provider: &Provider| Fragment::new("add").attribute("value", provider.as_str());
    std::iter::once(Fragment::new("clear")).chain(providers.iter().map(add)).collect()
}

fn change(text: &str, element: &Span, setting: &Setting) -> Vec<Edit> {
    if let Some((name, value)) = attribute(setting) {
        return vec![element.set_attribute(name, value)];
    }
    match setting {
        Setting::ExtendedProtection(checking) => match element.named("extendedProtection").next_back() {
            Some(found) => vec![found.set_attribute("tokenChecking", checking.as_str())],
            None => vec![element.insert(text, &[child(setting)])],
        },
        Setting::Providers(providers) => match element.named("providers").next_back() {
            Some(found) => change_providers(text, found, providers),
            None => vec![element.insert(text, &[child(setting)])],
        },
        Setting::Enabled(_) | Setting::UseKernelMode(_) | Setting::UseAppPoolCredentials(_) => Vec::new(),
    }
}

/// Makes the list `clear`, then each provider, out of the elements that are there, one by one: what stands between
/// them stays.
fn change_providers(text: &str, element: &Span, providers: &[Provider]) -> Vec<Edit> {
    let there = &element.children;
    let wanted = wanted(providers);
    let Some(last) = there.last() else { return vec![element.insert(text, &wanted)] };
    let values = std::iter::once(None).chain(providers.iter().map(Some));
    let mut edits = Vec::new();
    for ((known, new), value) in there.iter().zip(&wanted).zip(values) {
        match value {
            None if known.name == "clear" => {}
            Some(provider) if known.name == "add" => {
                let now = known.attribute("value").map(Provider::from_name);
                if now.as_ref() != Some(provider) {
                    edits.push(known.set_attribute("value", provider.as_str()));
                }
            }
            _ => edits.push(known.replace(text, new)),
        }
    }
    edits.extend(there.iter().skip(wanted.len()).map(|element| element.remove(text)));
    if wanted.len() > there.len() {
        edits.push(last.append(text, &wanted[there.len()..]));
    }
    edits
}

#[cfg(test)]
mod tests;
