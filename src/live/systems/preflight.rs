//! What must be there before the first change. Everything that is missing is listed at once.

use super::Live;
use crate::live::shell::{Call, GroupFact, HostFact, IdentityFact, Place};
use crate::model::{Deployment, Product, ServerFqdn};
use crate::plan::{Action, Step, StepKind};
use std::collections::BTreeSet;
use std::thread;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preflight {
    /// Without it, nothing shall begin.
    pub missing: Vec<Missing>,
    /// What is worth knowing, and stops nothing.
    pub notes: Vec<String>,
}

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Preflight {
    pub(super) fn miss(&mut self, what: impl Into<String>, hint: impl Into<Option<&'static str>>) {
        self.missing.push(Missing { what: what.into(), hint: hint.into().map(str::to_owned) });
    }
}

impl Live<'_> {
    /// Looks for everything that these steps need, no more and no less.
    pub fn preflight(&self, steps: &[&Step], deployment: &Deployment) -> Preflight {
        let mut found = Preflight::default();
        let kinds: BTreeSet<StepKind> = steps.iter().map(|step| step.action.kind()).collect();
        if kinds.is_empty() {
            return found;
        }
        let by_cmdlet = kinds.iter().any(|kind| *kind != StepKind::SetIis);
        match self.ask::<HostFact>(&Place::ManagementShell, &Call::Host) {
            // Whatever else is asked would fail for the same reason.
            Err(why) => {
                found.miss(why, "start cskerb where the management shell is, or name that computer: --host, --ssh");
                return found;
            }
            Ok(host) => {
                check_host(&host, deployment, by_cmdlet, &mut found);
                note_copies(steps, &host, &mut found);
            }
        }
        if by_cmdlet {
            match self.ask::<IdentityFact>(&Place::ManagementShell, &Call::Identity) {
                Err(why) => found.miss(format!("who works there could not be read: {why}"), None),
                Ok(identity) => check_rights(&identity, &kinds, &mut found),
            }
            self.check_replication(&mut found);
        }
        self.check_targets(steps, &mut found);
        self.check_servers(steps, &mut found);
        found
    }

    fn check_replication(&self, found: &mut Preflight) {
        match self.behind() {
            Err(why) => found.miss(format!("whether replication is up to date could not be read: {why}"), None),
            Ok(behind) => {
                for server in behind {
                    let what = format!("{server} does not have the last published configuration yet");
                    found.miss(what, "wait for it (Get-CsManagementStoreReplicationStatus), or see why it lags");
                }
            }
        }
    }

    /// The servers whose IIS is set must let us in; all are asked side by side.
    fn check_servers(&self, steps: &[&Step], found: &mut Preflight) {
        let servers: BTreeSet<&ServerFqdn> = steps.iter().filter_map(|step| sets_iis(step)).collect();
        let ask = |server: &ServerFqdn| {
            let at = Place::Server(server.clone());
            let host = self.ask::<HostFact>(&at, &Call::Host)?;
            let identity = self.ask::<IdentityFact>(&at, &Call::Identity)?;
            Answer::Ok((host, identity))
        };
        let answers: Vec<(&ServerFqdn, Answer)> = thread::scope(|scope| {
            let asked: Vec<_> = servers.into_iter().map(|server| (server, scope.spawn(move || ask(server)))).collect();
            let answer = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|_| Err("the question broke off".to_owned()))
            };
            asked.into_iter().map(|(server, thread)| (server, answer(thread))).collect()
        });
        for (server, answer) in answers {
            match answer {
                Err(why) => found.miss(why, None),
                Ok((host, _)) if !host.iis => {
                    found
                        .miss(format!("{server} has no Microsoft.Web.Administration"), "install IIS' management tools");
                }
                Ok((_, identity)) if !identity.elevated => {
                    found.miss(format!("{} is no administrator of {server}", identity.user), None);
                }
                Ok(_) => {}
            }
        }
    }
}

/// What a server says of itself and of who asks; why it does not, otherwise.
type Answer = Result<(HostFact, IdentityFact), String>;

fn check_host(host: &HostFact, deployment: &Deployment, by_cmdlet: bool, found: &mut Preflight) {
    let major = |version: &str| version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major(&host.power_shell).is_none_or(|major| major < 3) {
        let what = format!("{} has PowerShell {}; 3.0 or later is needed", host.fqdn, host.power_shell);
        found.miss(what, "Lync Server 2010 comes with 2.0: install a later one, or work by hand from `plan`'s script");
    }
    if !by_cmdlet {
        return;
    }
    if host.modules.is_empty() {
        let what = format!("{} has neither the module SkypeForBusiness nor Lync", host.fqdn);
        found.miss(
            what,
            "install the product's administrative tools there, or name a computer that has them: --host, --ssh",
        );
    }
    let declared: BTreeSet<Product> = products(deployment);
    let installed: BTreeSet<Product> =
        host.products.iter().filter_map(|product| major(&product.version)).flat_map(products_of).copied().collect();
    let names: Vec<&str> = host.products.iter().map(|product| product.name.as_str()).collect();
    if host.products.is_empty() {
        found.notes.push(format!("which product is installed on {} could not be told", host.fqdn));
    } else if !declared.is_empty() && declared.is_disjoint(&installed) {
        let ids: Vec<&str> = declared.iter().map(|product| product.id()).collect();
        let what = format!("{} has {}, and the file declares {}", host.fqdn, names.join(" and "), ids.join(" and "));
        found.miss(what, "work where the declared product's tools are, or mend `product` in the file");
    }
}

/// The products that the pools with Web Services are declared to run.
fn products(deployment: &Deployment) -> BTreeSet<Product> {
    let pools = deployment.sites.iter().flat_map(|site| &site.pools);
    pools.filter(|pool| pool.role.runs_web_services()).filter_map(|pool| pool.product).collect()
}

/// The products of which this is the major version \[inferred\].
fn products_of(major: u32) -> &'static [Product] {
    match major {
        4 => &[Product::Lync2010],
        5 => &[Product::Lync2013],
        6 => &[Product::Sfb2015],
        7 => &[Product::Sfb2019, Product::SfbSe],
        8.. => &[Product::SfbSe],
        _ => &[],
    }
}

/// The rights for exactly these steps. [doc: RTCUniversalServerAdmins for all; Domain Admins to create the account, and
/// for Enable-CsTopology unless setup permission was delegated]
fn check_rights(identity: &IdentityFact, kinds: &BTreeSet<StepKind>, found: &mut Preflight) {
    let user = &identity.user;
    if !identity.groups.iter().any(is_server_admins) {
        let what = format!("{user} is not in RTCUniversalServerAdmins, which every step needs");
        found.miss(
            what,
            "log on anew after the membership is given; start it elevated, where User Account Control is on",
        );
    }
    let domain_admin = identity.groups.iter().any(|group| group.sid.ends_with("-512"));
    if !domain_admin && kinds.contains(&StepKind::CreateAccount) {
        found.miss(format!("{user} is not in Domain Admins, which New-CsKerberosAccount needs"), None);
    }
    if !domain_admin && kinds.contains(&StepKind::EnableTopology) {
        found.notes.push(format!(
            "{user} is not in Domain Admins: Enable-CsTopology works only where setup permission was delegated \
             (Grant-CsSetupPermission)"
        ));
    }
    if !domain_admin && (kinds.contains(&StepKind::AddSpn) || kinds.contains(&StepKind::RemoveSpn)) {
        found
            .notes
            .push(format!("{user} is not in Domain Admins: setspn works only with write access to the accounts"));
    }
}

/// The group has this name in every language.
fn is_server_admins(group: &GroupFact) -> bool {
    let name = group.name.as_deref().and_then(|name| name.rsplit('\\').next());
    name.is_some_and(|name| name.eq_ignore_ascii_case("RTCUniversalServerAdmins"))
}

/// The server whose IIS the step sets.
pub(super) fn sets_iis(step: &Step) -> Option<&ServerFqdn> {
    match &step.action {
        Action::SetIis { server, .. } => Some(server),
        _ => None,
    }
}

/// Says where copies are made: at the management shell. The page has each made in a logon of a person on its source.
fn note_copies(steps: &[&Step], host: &HostFact, found: &mut Preflight) {
    let sources: BTreeSet<&ServerFqdn> = (steps.iter())
        .filter_map(|step| match &step.action {
            Action::CopyConfiguration { from, .. } => Some(from),
            _ => None,
        })
        .filter(|from| !from.as_str().eq_ignore_ascii_case(&host.fqdn))
        .collect();
    if let Some(first) = sources.first() {
        let others = match sources.len() {
            1 => String::new(),
            several => format!(" and {} other sources", several - 1),
        };
        found.notes.push(format!(
            "copies from {first}{others} are made on {}, where the management shell is; Microsoft's page has a copy made \
             in a logon on its source: where one is refused here, start cskerb there",
            host.fqdn
        ));
    }
}
