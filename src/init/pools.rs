//! Published pools as the file declares them.

use super::page::Page;
use crate::model::{Product, PublishedPool, Role, ServerFqdn};
use crate::yaml::scalar;
use std::collections::{BTreeMap, HashSet};

/// The product that the file names once for all pools.
pub(super) struct Products {
    most: Option<Product>,
}

impl Products {
    /// The product that most of the pools with Web Services run.
    pub(super) fn of(pools: &[PublishedPool]) -> Self {
        let mut counted: BTreeMap<Product, usize> = BTreeMap::new();
        for pool in pools {
            if let Some(first) = shown(pool).first() {
                *counted.entry(*first).or_default() += 1;
            }
        }
        Self { most: counted.into_iter().max_by_key(|(_, count)| *count).map(|(product, _)| product) }
    }

    pub(super) fn write(&self, page: &mut Page) {
        match self.most {
            Some(Product::Sfb2019) => page.line(0, "product: sfb-2019 # or sfb-se: the topology does not tell"),
            Some(product) => page.line(0, &format!("product: {product}")),
            None => {
                let known: Vec<&str> = Product::ALL.iter().map(|product| product.id()).collect();
                page.comment(0, &format!("product: the topology does not tell; one of {}", known.join(", ")));
            }
        }
    }

    /// The pool's own product, where it is another one.
    fn own(&self, pool: &PublishedPool) -> Option<Product> {
        let shown = shown(pool);
        shown.first().copied().filter(|_| self.most.is_none_or(|most| !shown.contains(&most)))
    }
}

/// The products that the pool's Web Services may be of.
fn shown(pool: &PublishedPool) -> &'static [Product] {
    pool.service_version.map_or(&[], Product::of_service_version)
}

/// Which pools the file declares.
pub(super) struct Declared<'a> {
    /// The pools whose names, or whose servers' names, another pool already bears.
    shadowed: HashSet<&'a str>,
}

impl<'a> Declared<'a> {
    /// A pool with Web Services comes before every other one of the same name.
    pub(super) fn of(pools: &'a [PublishedPool]) -> Self {
        let mut taken: HashSet<ServerFqdn> = HashSet::new();
        let mut shadowed = HashSet::new();
        let (targets, others): (Vec<_>, Vec<_>) = pools.iter().partition(|pool| pool.web_services);
        for pool in targets.into_iter().chain(others) {
            let names: HashSet<ServerFqdn> = pool.servers.iter().cloned().chain([pool.fqdn.as_server()]).collect();
            if !pool.web_services && names.iter().any(|name| taken.contains(name)) {
                shadowed.insert(pool.fqdn.as_str());
            } else if pool.role.is_some() || pool.web_services {
                taken.extend(names);
            }
        }
        Self { shadowed }
    }

    /// The pools of one site.
    pub(super) fn write(&self, pools: &[&PublishedPool], products: &Products, page: &mut Page) {
        let with_role = pools.iter().filter_map(|pool| Some((*pool, role(pool)?)));
        let (declared, left_out): (Vec<_>, Vec<_>) =
            with_role.partition(|(pool, role)| self.why_left_out(pool, *role).is_none());
        for (pool, role) in left_out {
            let why = self.why_left_out(pool, role).unwrap_or_default();
            page.comment(2, &format!("The {role} pool {} is left out: {why}.", pool.fqdn));
        }
        if declared.is_empty() {
            return;
        }
        page.line(2, "pools:");
        for (pool, role) in declared {
            write(pool, role, products, page);
        }
    }

    fn why_left_out(&self, pool: &PublishedPool, role: Role) -> Option<&'static str> {
        let empty = matches!(role, Role::FrontEnd | Role::Director) && pool.servers.is_empty();
        if empty {
            Some("it has no servers in the topology")
        } else if self.shadowed.contains(pool.fqdn.as_str()) {
            Some("another pool has the same names")
        } else {
            None
        }
    }
}

/// What the pool is declared as; `None` for SQL Server, file stores, gateways and the like.
fn role(pool: &PublishedPool) -> Option<Role> {
    pool.role.or(pool.web_services.then_some(Role::FrontEnd))
}

fn write(pool: &PublishedPool, role: Role, products: &Products, page: &mut Page) {
    page.line(3, &format!("- fqdn: {}", scalar(pool.fqdn.as_str())));
    if pool.role.is_none() {
        page.comment(4, "It runs Web Services; what it is for, its services do not tell.");
    } else if role.runs_web_services() != pool.web_services {
        let has = if pool.web_services { "with" } else { "without" };
        page.comment(4, &format!("The topology shows it {has} Web Services, which is not as this role has it."));
    }
    page.line(4, &format!("role: {role}"));
    if let Some(product) = products.own(pool) {
        page.line(4, &format!("product: {product}"));
    }
    if let Some(internal) = &pool.internal_fqdn {
        let declared = format!("webServices: {{ internalFqdn: {} }}", scalar(internal.as_str()));
        if role.runs_web_services() && role != Role::StandardEdition {
            page.line(4, &declared);
        } else {
            page.comment(4, &format!("Published, and not possible for this role: {declared}"));
        }
    }
    if role == Role::StandardEdition || pool.servers.is_empty() {
        return;
    }
    page.line(4, "servers:");
    for server in &pool.servers {
        page.line(5, &format!("- {}", scalar(server.as_str())));
    }
}
