//! Whether a document has all that the schema wants of it beside its types: then the schema need not be asked.
//!
//! A tree that becomes the types without an error has no unknown key, no null and no value of a wrong kind. What is
//! left of the schema are the keys that must be there, and two ranges. The schema itself says what is wrong, where
//! anything is; to ask it means to copy the whole file and to compile the schema first. A test holds the two together.

use super::document::{Account, Allowance, Document, Location, Maintenance, Pool, Server, Site, Window};
use super::typed::Placed;

type Iis = Option<Placed<Vec<Placed<Location>>>>;

/// Whether the schema accepts the document.
pub(crate) fn fits(document: &Document) -> bool {
    document.version.as_deref() == Some(&1)
        && document.sites.as_ref().is_some_and(|sites| sites.iter().all(|it| site(it)))
        && document.accounts.iter().all(|it| account(it))
        && iis(&document.iis)
        && document.maintenance.as_ref().is_none_or(|it| maintenance(it))
        && document.allow.iter().all(|it| allowance(it))
}

fn account(account: &Account) -> bool {
    account.name.is_some()
}

fn site(site: &Site) -> bool {
    site.name.is_some() && site.pools.iter().all(|it| pool(it)) && iis(&site.iis)
}

fn pool(pool: &Pool) -> bool {
    pool.fqdn.is_some() && pool.role.is_some() && pool.servers.iter().all(|it| server(it)) && iis(&pool.iis)
}

fn server(server: &Server) -> bool {
    match server {
        Server::Fqdn(_) => true,
        Server::Settings(settings) => settings.fqdn.is_some() && iis(&settings.iis),
    }
}

fn iis(list: &Iis) -> bool {
    let whole = |location: &Placed<Location>| location.location.is_some() && location.windows_authentication.is_some();
    list.iter().flat_map(|list| list.iter()).all(whole)
}

fn maintenance(maintenance: &Maintenance) -> bool {
    let in_range = |most: &Placed<i64>| (0..=1_000_000).contains(&**most);
    maintenance.max_failures.as_ref().is_none_or(in_range) && maintenance.windows.iter().all(|it| window(it))
}

fn window(window: &Window) -> bool {
    window.days.is_some()
        && window.start.is_some()
        && window.duration.is_some()
        && window.time_zone.is_some()
        && window.sites.is_some()
}

fn allowance(allowance: &Allowance) -> bool {
    allowance.code.is_some() && allowance.reason.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::parse;
    use crate::deployment::schema::COMPILED;
    use crate::deployment::tree::{Node, Soundness, Value};
    use proptest::prelude::*;
    use serde::Deserialize;

    /// The schema's word and this module's on the same tree.
    fn check(root: &Node<'_>) {
        let typed = Placed::<Document>::deserialize(root).is_ok_and(|document| fits(&document));
        let (validator, _) = &*COMPILED;
        let json = root.to_json();
        assert_eq!(typed, validator.is_valid(&json), "{json:#}");
    }

    const EVERYTHING: &str = include_str!("../../tests/deployments/everything.yaml");

    /// Values of every kind, among them words and numbers that some place of the format takes.
    fn odd(pick: usize) -> Value<'static> {
        let text = |text: &'static str| Value::Text { text: text.into(), style: crate::deployment::tree::Style::Plain };
        match pick % 12 {
            0 => Value::Null,
            1 => Value::Boolean(true),
            2 => Value::Integer(-1),
            3 => Value::Integer(1),
            4 => Value::Integer(1_000_001),
            5 => Value::Float(1.0),
            6 => Value::Float(1.5),
            7 => text("central"),
            8 => text("none"),
            9 => text("sat"),
            10 => Value::List(Vec::new()),
            _ => Value::Mapping(Vec::new()),
        }
    }

    /// Does something to the node with that number, counted from the root; what is left of the number.
    fn change(node: &mut Node<'static>, at: &mut usize, how: usize) {
        if *at == 0 {
            match (how % 3, &mut node.value) {
                (0, Value::Mapping(entries)) if !entries.is_empty() => drop(entries.remove(how / 3 % entries.len())),
                (1, Value::Mapping(entries)) if !entries.is_empty() => {
                    let at = how / 3 % entries.len();
                    entries[at].key.text.to_mut().push('x');
                }
                (_, value) => *value = odd(how / 3),
            }
            *at = usize::MAX;
            return;
        }
        let children: Vec<&mut Node<'static>> = match &mut node.value {
            Value::List(items) => items.iter_mut().collect(),
            Value::Mapping(entries) => entries.iter_mut().map(|entry| &mut entry.value).collect(),
            _ => return,
        };
        for child in children {
            if *at == usize::MAX {
                return;
            }
            *at -= 1;
            change(child, at, how);
        }
    }

    #[test]
    fn what_the_schema_accepts_fits_and_nothing_else() {
        let root = parse::parse(EVERYTHING).root.unwrap();
        assert_eq!(root.soundness, Soundness::Whole);
        check(&root);
        let nodes = root.measure().nodes;
        // Every key that may be missing, misspelt or without a value, one after the other.
        for at in 0..nodes {
            for how in 0..9 {
                let mut changed = root.clone();
                change(&mut changed, &mut at.clone(), how);
                check(&changed);
            }
        }
    }

    proptest! {
        #[test]
        fn several_mistakes_at_once(changes in proptest::collection::vec((0_usize..200, any::<usize>()), 1..4)) {
            let mut root = parse::parse(EVERYTHING).root.unwrap();
            for (mut at, how) in changes {
                change(&mut root, &mut at, how);
            }
            check(&root);
        }
    }
}
