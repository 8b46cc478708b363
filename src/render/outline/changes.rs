//! The differences, by site and pool, the same change on many servers in one line.

use super::words::{count, fold, health, list, servers, subject};
use super::{DiffChange, DiffLine, Item, Label, Mark};
use crate::model::{LocationPath, PoolFqdn, ServerFqdn, Setting, SettingChange, SiteName};
use crate::plan::{Action, Change, ChangeAction, Layer, LocationChange, Plan, PoolHealth, Step, Subject};
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeMap;

/// Accounts first, then each site with its pools.
pub(super) fn sites(plan: &Plan) -> Vec<Item> {
    let accounts = plan.changes.iter().filter(|change| change.subject.site().is_none()).map(change_item);
    let mut places = Places::default();
    for pool in &plan.summary.pools {
        places.pool(&pool.site, &pool.pool).health = Some(pool);
    }
    for change in plan.changes.iter().filter(|change| change.layer != Layer::Iis) {
        match (change.subject.site(), change.subject.pool()) {
            (Some(site), Some(pool)) => places.pool(site, pool).changes.push(change),
            (Some(site), None) => places.site(site).changes.push(change),
            (None, _) => {}
        }
    }
    for step in &plan.steps {
        if let (Action::SetIis { .. }, Some(site), Some(pool)) =
            (&step.action, step.subject.site(), step.subject.pool())
        {
            places.pool(site, pool).iis.push(step);
        }
    }
    let mut quiet = 0;
    let mut items: Vec<Item> = accounts.collect();
    for site in &places.sites {
        let pools: Vec<Item> = site.pools.iter().filter(|pool| pool.says_something()).map(Pool::item).collect();
        quiet += site.pools.len() - pools.len();
        if pools.is_empty() && site.changes.is_empty() {
            continue;
        }
        let mut item = Item::heading(site.name.to_string());
        item.items = site.changes.iter().map(|change| change_item(change)).chain(pools).collect();
        items.push(item);
    }
    if quiet > 0 && !items.is_empty() {
        let pools = count(quiet, "other pool", "other pools");
        items.push(Item::heading(format!("{pools}: every server valid, nothing to change")));
    }
    items
}

#[derive(Default)]
struct Places<'p> {
    sites: Vec<Site<'p>>,
    at: BTreeMap<&'p SiteName, usize>,
}

struct Site<'p> {
    name: &'p SiteName,
    changes: Vec<&'p Change>,
    pools: Vec<Pool<'p>>,
    at: BTreeMap<&'p PoolFqdn, usize>,
}

struct Pool<'p> {
    fqdn: &'p PoolFqdn,
    health: Option<&'p PoolHealth>,
    changes: Vec<&'p Change>,
    iis: Vec<&'p Step>,
}

impl<'p> Places<'p> {
    fn site(&mut self, name: &'p SiteName) -> &mut Site<'p> {
        let at = *self.at.entry(name).or_insert_with(|| {
            self.sites.push(Site { name, changes: Vec::new(), pools: Vec::new(), at: BTreeMap::new() });
            self.sites.len() - 1
        });
        &mut self.sites[at]
    }

    fn pool(&mut self, site: &'p SiteName, fqdn: &'p PoolFqdn) -> &mut Pool<'p> {
        let site = self.site(site);
        let at = *site.at.entry(fqdn).or_insert_with(|| {
            site.pools.push(Pool { fqdn, health: None, changes: Vec::new(), iis: Vec::new() });
            site.pools.len() - 1
        });
        &mut site.pools[at]
    }
}

impl<'p> Pool<'p> {
    fn says_something(&self) -> bool {
        let well = self.health.is_some_and(|health| health.valid == health.servers());
        !well || !self.changes.is_empty() || !self.iis.is_empty()
    }

    fn item(&self) -> Item {
        let health = self.health.map(|pool| format!("   {}", health(pool))).unwrap_or_default();
        let mut item = Item::heading(format!("{}{health}", self.fqdn));
        let key = |change: &&'p Change| {
            let named = (change.subject.server().is_none()).then(|| subject(&change.subject));
            (change.layer, change.action, &change.properties, named)
        };
        item.items = fold(&self.changes, key).into_iter().map(|group| folded(&group)).collect();
        item.items.extend(self.iis_items());
        item
    }

    /// One item for each location and difference, with the servers that share it.
    fn iis_items(&self) -> Vec<Item> {
        let locations: Vec<(&'p ServerFqdn, &'p LocationChange)> = (self.iis.iter())
            .filter_map(|step| match &step.action {
                Action::SetIis { server, locations } => Some(locations.iter().map(move |location| (server, location))),
                _ => None,
            })
            .flatten()
            .collect();
        let key = |(_, change): &(&'p ServerFqdn, &'p LocationChange)| (&change.location, &change.settings);
        let item = |group: Vec<&(&ServerFqdn, &LocationChange)>| {
            let names: Vec<&ServerFqdn> = group.iter().map(|(server, _)| *server).collect();
            let location: &LocationPath = &group[0].1.location;
            let differs = group[0].1.settings.iter().any(SettingChange::differs);
            let kept = if differs { "" } else { ", written to stay as it is" };
            let text = format!("{}   IIS: {location}{kept}", servers(&names));
            let mut item = Item::new(Mark::Update, text).covering(if differs { names.len() } else { 0 });
            item.diff = diff(&group[0].1.settings);
            with_names(item, &names)
        };
        fold(&locations, key).into_iter().map(item).collect()
    }
}

fn with_names(item: Item, names: &[&ServerFqdn]) -> Item {
    if names.len() < 2 {
        return item;
    }
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    item.note(Label::Servers, list(&names))
}

fn folded(group: &[&&Change]) -> Item {
    let names: Vec<&ServerFqdn> = group.iter().filter_map(|change| change.subject.server()).collect();
    let mut item = change_item(group[0]).covering(group.len());
    if names.len() > 1 {
        item.text = format!("{}   {}", servers(&names), properties(group[0]));
    }
    with_names(item, &names)
}

fn change_item(change: &Change) -> Item {
    let mark = match change.action {
        ChangeAction::Create => Mark::Create,
        ChangeAction::Update => Mark::Update,
        ChangeAction::Delete => Mark::Delete,
    };
    let text = match &change.subject {
        // The site's name stands above.
        Subject::Site(_) => properties(change),
        other => format!("{}   {}", subject(other), properties(change)),
    };
    Item::new(mark, text)
}

fn properties(change: &Change) -> String {
    let one = |property: &crate::plan::PropertyChange| {
        let name = property.name.as_str();
        match (&property.before, &property.after) {
            (Some(before), Some(after)) => format!("{name}: {before} -> {after}"),
            (None, Some(after)) => format!("{name}: {after}"),
            (Some(before), None) => format!("{name}: {before} -> none"),
            (None, None) => name.to_owned(),
        }
    };
    change.properties.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The settings before and after, one value a line.
fn canonical(settings: &[SettingChange]) -> (String, String) {
    let line = |setting: &Setting| match setting {
        Setting::Providers(providers) => {
            let names = providers.iter().map(|provider| format!("  - {provider}\n"));
            format!("providers:\n{}", names.collect::<String>())
        }
        other => format!("{}: {}\n", other.name(), other.value()),
    };
    let before = settings.iter().map(|change| line(&change.before)).collect();
    let after = settings.iter().map(|change| line(&change.after)).collect();
    (before, after)
}

/// Setting by setting, so that no line of one stands among those of another.
fn diff(settings: &[SettingChange]) -> Vec<DiffLine> {
    settings.iter().flat_map(|change| diff_of(std::slice::from_ref(change))).collect()
}

fn diff_of(settings: &[SettingChange]) -> Vec<DiffLine> {
    let (before, after) = canonical(settings);
    let line = |change: similar::Change<&str>| DiffLine {
        change: match change.tag() {
            ChangeTag::Equal => DiffChange::Same,
            ChangeTag::Delete => DiffChange::Gone,
            ChangeTag::Insert => DiffChange::New,
        },
        text: change.value().trim_end().to_owned(),
    };
    TextDiff::from_lines(before.as_str(), after.as_str()).iter_all_changes().map(line).collect()
}
