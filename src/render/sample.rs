//! Deployments and what was observed of them, for the tests of the renderings: with every kind of step, with names
//! of the test's choice, and of any size.

use crate::model::{
    Account, AccountName, AccountState, Actual, Cause, DeclaredAccount, Deployment, Directory, EncryptionTypes,
    ExpectedAuthentication, ExpectedLocation, ExtendedProtection, IisConfiguration, KerberosReading, Layer,
    Maintenance, Origin, Place, Pool, PoolFqdn, Principal, Product, Provider, ProviderEdit, PublishedPool,
    PublishedSite, Reading, Role, Server, ServerActual, ServerFqdn, Site, SiteKind, SiteName, Topology, Verdict,
    WebFqdn, Witness,
};
use crate::plan::{Plan, Request, plan};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a sample calls the things that may bear any name.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) site: String,
    pub(crate) account: String,
    pub(crate) former: String,
    pub(crate) container: String,
    pub(crate) location: String,
    pub(crate) provider: String,
    pub(crate) holder: String,
    pub(crate) detail: String,
    pub(crate) cause: String,
    pub(crate) file: String,
    pub(crate) signature: String,
    pub(crate) reason: String,
}

impl Default for Names {
    fn default() -> Self {
        let texts = [
            "Redmond",
            r"CONTOSO\kerbauth",
            r"CONTOSO\kerbold",
            "CN=Users,DC=contoso,DC=com",
            "Lync Server Internal Web Site",
            "Negotiate:Custom",
            r"CONTOSO\websvc",
            "KRB_AP_ERR_MODIFIED",
            "the file ends too early",
            "contoso.yaml",
            "S1",
            "asked by the operator",
        ];
        Self::from_texts(texts.map(str::to_owned))
    }
}

impl Names {
    pub(crate) const COUNT: usize = 12;

    pub(crate) fn from_texts(texts: [String; Self::COUNT]) -> Self {
        let [site, account, former, container, location, provider, holder, detail, cause, file, signature, reason] =
            texts;
        Self { site, account, former, container, location, provider, holder, detail, cause, file, signature, reason }
    }
}

/// When the samples were collected.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T08:00:00Z".parse().unwrap()
}

fn earlier(hours: i64) -> Timestamp {
    now() - jiff::SignedDuration::from_hours(hours)
}

/// One server of a sample.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) kerberos: Reading<KerberosReading>,
    pub(crate) iis: Reading<IisConfiguration>,
}

/// One pool of a sample.
pub(crate) struct Cluster {
    pub(crate) site: SiteName,
    pub(crate) fqdn: String,
    pub(crate) internal: Option<String>,
    pub(crate) machines: Vec<Machine>,
}

/// A deployment and what was observed, while they are being made.
pub(crate) struct Sample {
    pub(crate) deployment: Deployment,
    pub(crate) actual: Actual,
    pub(crate) request: Request,
}

impl Sample {
    pub(crate) fn plan(&self) -> Plan {
        plan(&self.deployment, &self.actual, &self.request)
    }

    fn new(names: &Names) -> Self {
        let deployment = Deployment {
            origin: Origin { source: names.file.clone(), digest: "sha256:1111".to_owned() },
            accounts: Vec::new(),
            sites: Vec::new(),
            maintenance: Maintenance::default(),
        };
        let topology = Topology { signature: Some(names.signature.clone()), ..Topology::default() };
        let actual = Actual {
            origin: Origin { source: "snapshots/monday".to_owned(), digest: "sha256:2222".to_owned() },
            collected_at: Reading::Known(now()),
            topology: Reading::Known(topology),
            assignments: Reading::Known(BTreeMap::new()),
            web_services: Reading::Known(crate::model::WebServicesSettings::default()),
            directory: Reading::Known(Directory::default()),
            servers: BTreeMap::new(),
        };
        Self { deployment, actual, request: Request::default() }
    }

    fn topology(&mut self) -> &mut Topology {
        let Reading::Known(topology) = &mut self.actual.topology else { panic!("a sample has a topology") };
        topology
    }

    fn directory(&mut self) -> &mut Directory {
        let Reading::Known(directory) = &mut self.actual.directory else { panic!("a sample has a directory") };
        directory
    }

    /// Declares the account; `days` ago its password was set, unless there is no such account.
    fn account(&mut self, name: &AccountName, container: Option<&str>, days: Option<i64>) {
        self.deployment.accounts.push(Account {
            name: name.clone(),
            container: container.map(|dn| dn.parse().unwrap()),
            encryption: Some(EncryptionTypes(0x18)),
            max_password_age: None,
        });
        let state = days.map_or(Reading::Absent, |days| {
            Reading::Known(AccountState {
                computer: true,
                enabled: true,
                expires_at: None,
                spns: BTreeSet::new(),
                encryption: Some(EncryptionTypes(0x18)),
                password_set_at: Some(earlier(days * 24)),
                key_version: Some(3),
                agreed: false,
            })
        });
        self.directory().accounts.insert(name.clone(), state);
    }

    /// Declares and publishes the site, with the account that it shall have and the one that it has.
    fn site(&mut self, name: &SiteName, account: DeclaredAccount, assigned: Option<&AccountName>) {
        self.topology().sites.push(PublishedSite { name: name.clone(), kind: SiteKind::Central });
        if let (Reading::Known(assignments), Some(account)) = (&mut self.actual.assignments, assigned) {
            assignments.insert(name.clone(), account.clone());
        }
        let (kind, source) = (SiteKind::Central, None);
        self.deployment.sites.push(Site { name: name.clone(), kind, account, source, pools: Vec::new() });
    }

    /// Declares and publishes the pool, whose servers expect `iis`.
    fn pool(&mut self, cluster: Cluster, iis: &Arc<[ExpectedLocation]>) {
        let fqdn: PoolFqdn = cluster.fqdn.parse().unwrap();
        let names: Vec<ServerFqdn> = cluster.machines.iter().map(|machine| machine.name.parse().unwrap()).collect();
        let internal_fqdn: Option<WebFqdn> = cluster.internal.map(|name| name.parse().unwrap());
        self.topology().pools.push(PublishedPool {
            fqdn: fqdn.clone(),
            site: cluster.site.clone(),
            role: Some(Role::FrontEnd),
            web_services: true,
            service_version: Some(6),
            internal_fqdn: internal_fqdn.clone(),
            servers: names.clone(),
        });
        let servers = names.iter().map(|name| Server { fqdn: name.clone(), iis: Arc::clone(iis) }).collect();
        let site = self.deployment.sites.iter_mut().find(|site| site.name == cluster.site).unwrap();
        let product = Some(Product::Lync2013);
        site.pools.push(Pool { fqdn, role: Role::FrontEnd, product, internal_fqdn, servers });
        for (name, machine) in names.into_iter().zip(cluster.machines) {
            self.actual.servers.insert(name, ServerActual { iis: machine.iis, kerberos: machine.kerberos });
        }
    }

    fn holders(&mut self, host: &str, holders: &[&str]) {
        let spn = format!("http/{host}").parse().unwrap();
        let holders = holders.iter().map(|name| Principal::new(name)).collect();
        self.directory().holders.insert(spn, holders);
    }
}

/// A test's or a ticket's word, some hours ago.
pub(crate) fn reading(
    verdict: Verdict,
    account: &AccountName,
    by: Witness,
    hours: i64,
    detail: Option<&str>,
) -> Reading<KerberosReading> {
    let (account, at) = (Some(account.clone()), earlier(hours));
    Reading::Known(KerberosReading { verdict, account, by, at, detail: detail.map(Into::into) })
}

fn expected(location: &str) -> Arc<[ExpectedLocation]> {
    let windows_authentication = ExpectedAuthentication {
        enabled: Some(true),
        use_kernel_mode: Some(false),
        use_app_pool_credentials: None,
        providers: Some(vec![Provider::Negotiate, Provider::Ntlm]),
        extended_protection: Some(ExtendedProtection::Allow),
    };
    Arc::from([ExpectedLocation { location: location.parse().unwrap(), windows_authentication }])
}

/// A server whose location has these providers, and IIS's defaults for the rest.
fn configured(location: &str, providers: &[Provider]) -> Reading<IisConfiguration> {
    let edits = [ProviderEdit::Clear].into_iter().chain(providers.iter().cloned().map(ProviderEdit::Add));
    let layer = Layer { providers: edits.map(|edit| (edit, Some((3, 5)))).collect(), ..Layer::default() };
    iis(location, layer)
}

fn as_expected(location: &str) -> Reading<IisConfiguration> {
    let layer = Layer {
        enabled: Some(true),
        use_kernel_mode: Some(false),
        extended_protection: Some(ExtendedProtection::Allow),
        ..Layer::default()
    };
    iis(location, layer)
}

fn iis(location: &str, layer: Layer) -> Reading<IisConfiguration> {
    Reading::Known(IisConfiguration {
        file: Arc::from("applicationHost.config"),
        global: Layer::default(),
        locations: Arc::new(BTreeMap::from([(location.parse().unwrap(), layer)])),
    })
}

/// A deployment whose plan has every kind of step, findings of every severity, and something unreadable.
pub(crate) fn eventful(names: &Names) -> Sample {
    let mut sample = Sample::new(names);
    let account: AccountName = names.account.parse().unwrap();
    let former: AccountName = names.former.parse().unwrap();
    let fresh: AccountName = r"CONTOSO\kerbnew".parse().unwrap();
    let turned: AccountName = r"CONTOSO\kerbturn".parse().unwrap();
    sample.account(&account, None, Some(100));
    sample.account(&former, None, Some(900));
    sample.account(&fresh, Some(&names.container), None);
    sample.account(&turned, None, Some(400));
    let redmond: SiteName = names.site.parse().unwrap();
    let [dublin, paris, oslo, rome] = ["Dublin", "Paris", "Oslo", "Rome"].map(|name| name.parse::<SiteName>().unwrap());
    sample.site(&redmond, DeclaredAccount::Account(account.clone()), Some(&account));
    sample.site(&dublin, DeclaredAccount::Account(fresh), None);
    sample.site(&paris, DeclaredAccount::Account(account.clone()), Some(&former));
    sample.site(&oslo, DeclaredAccount::Nobody, Some(&former));
    sample.site(&rome, DeclaredAccount::Account(turned.clone()), Some(&turned));
    let iis = expected(&names.location);
    let machine = |name: &str, kerberos, iis| Machine { name: name.to_owned(), kerberos, iis };
    let odd = || configured(&names.location, &[Provider::from_name(&names.provider)]);
    let refused = |account| reading(Verdict::Invalid, account, Witness::Ticket, 2, Some(&names.detail));
    let broken = Reading::Unreadable(Cause::Broken {
        place: Place { file: Arc::from("servers/fe03.contoso.com/applicationHost.config"), line_column: Some((7, 1)) },
        why: names.cause.clone(),
    });
    let servers = vec![
        machine(
            "fe01.contoso.com",
            reading(Verdict::Valid, &account, Witness::Test, 3, None),
            as_expected(&names.location),
        ),
        machine("fe02.contoso.com", refused(&account), odd()),
        machine("fe03.contoso.com", Reading::Unreadable(Cause::NeverTested), broken),
    ];
    let cluster = |site: &SiteName, fqdn: &str, machines| Cluster {
        site: site.clone(),
        fqdn: fqdn.to_owned(),
        internal: None,
        machines,
    };
    let internal = Some("webint.contoso.com".to_owned());
    sample.pool(Cluster { internal, ..cluster(&redmond, "pool01.contoso.com", servers) }, &iis);
    let idle = vec![machine("fe04.contoso.com", Reading::Unreadable(Cause::NeverTested), as_expected(&names.location))];
    sample.pool(cluster(&redmond, "pool02.contoso.com", idle), &iis);
    let one = |name: &str, kerberos| vec![machine(name, kerberos, as_expected(&names.location))];
    sample.pool(cluster(&dublin, "se01.contoso.com", one("se01.contoso.com", Reading::Absent)), &iis);
    let valid = |account| reading(Verdict::Valid, account, Witness::Test, 3, None);
    sample.pool(cluster(&paris, "se02.contoso.com", one("se02.contoso.com", valid(&former))), &iis);
    sample.pool(cluster(&oslo, "se03.contoso.com", one("se03.contoso.com", valid(&former))), &iis);
    sample.pool(cluster(&rome, "se04.contoso.com", one("se04.contoso.com", valid(&turned))), &iis);
    sample.holders("pool01.contoso.com", &[&names.account, &names.holder]);
    sample.holders("pool02.contoso.com", &[&names.account]);
    sample.holders("webint.contoso.com", &[&names.former]);
    sample.holders("se01.contoso.com", &[]);
    sample.holders("se02.contoso.com", &[&names.former]);
    sample.holders("se03.contoso.com", &[&names.former]);
    sample.holders("se04.contoso.com", &[turned.as_str()]);
    sample.request.rotate.push((turned, names.reason.clone()));
    sample
}

/// One site with that many pools of that many servers each. Where `calm`, one server in each pool is invalid, and
/// in the same way; else every pool differs from every other.
pub(crate) fn large(pools: usize, servers: usize, calm: bool) -> Sample {
    let names = Names::default();
    let mut sample = Sample::new(&names);
    let account: AccountName = names.account.parse().unwrap();
    let site: SiteName = names.site.parse().unwrap();
    sample.account(&account, None, Some(100));
    sample.site(&site, DeclaredAccount::Account(account.clone()), Some(&account));
    let iis = expected(&names.location);
    for pool in 0..pools {
        let machine = |server: usize| {
            let broken = !calm || server == 1;
            let verdict = if broken && server > 0 { Verdict::Invalid } else { Verdict::Valid };
            let detail = format!("refusal {pool}.{server}");
            let detail = (!calm && server > 0).then_some(detail.as_str());
            let iis = if broken {
                configured(&names.location, &[Provider::from_name(&format!("Custom{pool}"))])
            } else {
                as_expected(&names.location)
            };
            let kerberos = reading(verdict, &account, Witness::Test, 3, detail);
            Machine { name: format!("fe{server:03}.pool{pool:05}.contoso.com"), kerberos, iis }
        };
        let fqdn = format!("pool{pool:05}.contoso.com");
        let machines = (0..servers).map(machine).collect();
        sample.pool(Cluster { site: site.clone(), fqdn: fqdn.clone(), internal: None, machines }, &iis);
        sample.holders(&fqdn, &[&names.account]);
    }
    sample
}
