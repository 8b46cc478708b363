//! From a document without errors to the [`Deployment`]: names parsed, levels merged, defaults filled in.
//!
//! Every function here gives `None` where something is not well formed. The rules report all such things as errors, so
//! that does not happen to a document that passed them; a test holds it over every valid example.

use super::document::{self, Day, Document, EncryptionType, Location};
use super::times::{duration, start_time, time_zone};
use super::typed::Placed;
use crate::model::{
    Account, BatchSize, DeclaredAccount, Deployment, EncryptionTypes, ExpectedAuthentication, ExpectedLocation,
    ExtendedProtection, Maintenance, Origin, Pool, Product, Provider, Role, Server, Site, SiteKind, Weekday, Window,
};
use std::collections::HashSet;
use std::sync::Arc;

type Iis = Option<Placed<Vec<Placed<Location>>>>;

/// What the document declares.
pub(crate) fn resolve(document: &Document, origin: Origin) -> Option<Deployment> {
    let mut settings = SharedSettings::default();
    let outermost = settings.share(merged(&[], document.iis.as_ref())?);
    let product = document.product.as_ref().map(|product| Product::from(**product));
    let sites = document.sites.iter().flatten();
    Some(Deployment {
        origin,
        accounts: document.accounts.iter().map(|declared| account(declared)).collect::<Option<_>>()?,
        sites: sites.map(|declared| site(declared, product, &outermost, &mut settings)).collect::<Option<_>>()?,
        maintenance: maintenance(document.maintenance.as_ref())?,
    })
}

fn account(declared: &document::Account) -> Option<Account> {
    let encryption = declared.encryption.as_ref().map(|types| {
        types.iter().fold(EncryptionTypes(0), |all, declared| all.union(EncryptionTypes::from(**declared)))
    });
    Some(Account {
        name: declared.name.as_ref()?.parse().ok()?,
        container: declared.container.as_ref().map(|text| text.parse()).transpose().ok()?,
        encryption,
        max_password_age: declared.max_password_age.as_ref().map(|text| duration(text)).transpose().ok()?,
    })
}

fn site(
    declared: &document::Site,
    product: Option<Product>,
    outer: &Arc<[ExpectedLocation]>,
    settings: &mut SharedSettings,
) -> Option<Site> {
    let account = match (&declared.account, declared.assigned()) {
        (None, _) => DeclaredAccount::Unmanaged,
        (Some(_), None) => DeclaredAccount::Nobody,
        (Some(_), Some(name)) => DeclaredAccount::Account(name.parse().ok()?),
    };
    let iis = settings.level(outer, &declared.iis)?;
    Some(Site {
        name: declared.name.as_ref()?.parse().ok()?,
        kind: declared.kind.as_ref().map_or(SiteKind::Central, |kind| SiteKind::from(**kind)),
        account,
        source: declared.source.as_ref().map(|text| text.parse()).transpose().ok()?,
        pools: declared.pools.iter().map(|pool_| pool(pool_, product, &iis, settings)).collect::<Option<_>>()?,
    })
}

fn pool(
    declared: &document::Pool,
    product: Option<Product>,
    outer: &Arc<[ExpectedLocation]>,
    settings: &mut SharedSettings,
) -> Option<Pool> {
    let fqdn: crate::model::PoolFqdn = declared.fqdn.as_ref()?.parse().ok()?;
    let role = Role::from(**declared.role.as_ref()?);
    let iis = settings.level(outer, &declared.iis)?;
    let mut servers: Vec<Server> =
        declared.servers.iter().map(|declared| server(declared, &iis, settings)).collect::<Option<_>>()?;
    if role == Role::StandardEdition && servers.is_empty() {
        servers.push(Server { fqdn: fqdn.as_server(), iis });
    }
    Some(Pool {
        fqdn,
        role,
        product: declared.product.as_ref().map(|own| Product::from(**own)).or(product),
        internal_fqdn: declared.internal_fqdn().map(|text| text.parse()).transpose().ok()?,
        servers,
    })
}

fn server(
    declared: &Placed<document::Server>,
    outer: &Arc<[ExpectedLocation]>,
    settings: &mut SharedSettings,
) -> Option<Server> {
    let iis = match declared.iis() {
        Some(own) => settings.share(merged(outer, Some(own))?),
        None => Arc::clone(outer),
    };
    Some(Server { fqdn: declared.fqdn()?.parse().ok()?, iis })
}

/// The lists of settings in use: thousands of servers have the same few.
#[derive(Default)]
struct SharedSettings(HashSet<Arc<[ExpectedLocation]>>);

impl SharedSettings {
    fn share(&mut self, settings: Vec<ExpectedLocation>) -> Arc<[ExpectedLocation]> {
        let settings: Arc<[ExpectedLocation]> = settings.into();
        if let Some(known) = self.0.get(&settings) {
            return Arc::clone(known);
        }
        self.0.insert(Arc::clone(&settings));
        settings
    }

    /// The settings of a level: its own over the outer ones.
    fn level(&mut self, outer: &Arc<[ExpectedLocation]>, own: &Iis) -> Option<Arc<[ExpectedLocation]>> {
        match own {
            Some(own) => Some(self.share(merged(outer, Some(own))?)),
            None => Some(Arc::clone(outer)),
        }
    }
}

/// `own` over `outer`, by location and then property by property; new locations come last.
fn merged(outer: &[ExpectedLocation], own: Option<&Placed<Vec<Placed<Location>>>>) -> Option<Vec<ExpectedLocation>> {
    let mut all = outer.to_vec();
    for declared in own.into_iter().flat_map(|list| list.iter()) {
        let location = declared.location.as_ref()?.parse().ok()?;
        let narrow = authentication(declared.windows_authentication.as_ref()?);
        match all.iter_mut().find(|known| known.location == location) {
            Some(known) => known.windows_authentication = narrow.over(&known.windows_authentication),
            None => all.push(ExpectedLocation { location, windows_authentication: narrow }),
        }
    }
    Some(all)
}

fn authentication(declared: &document::WindowsAuthentication) -> ExpectedAuthentication {
    ExpectedAuthentication {
        enabled: declared.enabled.as_deref().copied(),
        use_kernel_mode: declared.use_kernel_mode.as_deref().copied(),
        use_app_pool_credentials: declared.use_app_pool_credentials.as_deref().copied(),
        providers: declared
            .providers
            .as_ref()
            .map(|names| names.iter().map(|name| Provider::from_name(name)).collect()),
        extended_protection: declared.extended_protection.as_ref().map(|value| ExtendedProtection::from(**value)),
    }
}

fn maintenance(declared: Option<&Placed<document::Maintenance>>) -> Option<Maintenance> {
    let default = Maintenance {
        windows: Vec::new(),
        batches: vec![BatchSize::Servers(1), BatchSize::Percent(100)],
        max_failures: 0,
    };
    let Some(declared) = declared else { return Some(default) };
    let batches = declared.batches.as_ref().map(|sizes| sizes.iter().map(|size| size.size().ok()).collect());
    Some(Maintenance {
        windows: declared.windows.iter().map(|declared| window(declared)).collect::<Option<_>>()?,
        batches: batches.unwrap_or(Some(default.batches))?,
        max_failures: declared.max_failures.as_ref().map_or(Ok(0), |most| u32::try_from(**most)).ok()?,
    })
}

fn window(declared: &document::Window) -> Option<Window> {
    Some(Window {
        days: declared.days.as_ref()?.iter().map(|day| Weekday::from(**day)).collect(),
        start: start_time(declared.start.as_ref()?)?,
        duration: duration(declared.duration.as_ref()?).ok()?,
        time_zone: time_zone(declared.time_zone.as_ref()?)?,
        sites: declared.sites.as_ref()?.iter().map(|name| name.parse().ok()).collect::<Option<_>>()?,
    })
}

macro_rules! same_choices {
    ($($from:ty => $to:ty: $($choice:ident => $value:expr),+;)+) => {
        $(impl From<$from> for $to {
            fn from(written: $from) -> Self {
                match written { $(<$from>::$choice => $value,)+ }
            }
        })+
    };
}

same_choices! {
    document::Product => Product: Lync2010 => Self::Lync2010, Lync2013 => Self::Lync2013, Sfb2015 => Self::Sfb2015,
        Sfb2019 => Self::Sfb2019, SfbSe => Self::SfbSe;
    document::Role => Role: FrontEnd => Self::FrontEnd, StandardEdition => Self::StandardEdition,
        Director => Self::Director, Edge => Self::Edge, Mediation => Self::Mediation,
        PersistentChat => Self::PersistentChat, Sba => Self::Sba, Sbs => Self::Sbs,
        TrustedApplication => Self::TrustedApplication;
    document::SiteKind => SiteKind: Central => Self::Central, Branch => Self::Branch;
    EncryptionType => EncryptionTypes: Des => Self::DES, Rc4 => Self::RC4, Aes128 => Self::AES128,
        Aes256 => Self::AES256;
    document::ExtendedProtection => ExtendedProtection: None => Self::None, Allow => Self::Allow,
        Require => Self::Require;
    Day => Weekday: Mon => Self::Monday, Tue => Self::Tuesday, Wed => Self::Wednesday, Thu => Self::Thursday,
        Fri => Self::Friday, Sat => Self::Saturday, Sun => Self::Sunday;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::load;
    use crate::model::Setting;
    use jiff::SignedDuration;

    fn deployment(text: &str) -> Deployment {
        let loaded = load("x.yaml", text.as_bytes());
        loaded.deployment.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    fn everything() -> Deployment {
        deployment(include_str!("../../tests/deployments/everything.yaml"))
    }

    /// The expected settings of a server, a line for each location.
    fn settings(deployment: &Deployment, site: usize, pool: usize, server: usize) -> Vec<String> {
        let server = &deployment.sites[site].pools[pool].servers[server];
        let line = |expected: &ExpectedLocation| {
            let ExpectedAuthentication {
                enabled,
                use_kernel_mode,
                use_app_pool_credentials,
                providers,
                extended_protection,
            } = expected.windows_authentication.clone();
            let named = [
                enabled.map(Setting::Enabled),
                use_kernel_mode.map(Setting::UseKernelMode),
                use_app_pool_credentials.map(Setting::UseAppPoolCredentials),
                providers.map(Setting::Providers),
                extended_protection.map(Setting::ExtendedProtection),
            ];
            let named = named.iter().flatten().map(|setting| format!("{}={}", setting.name(), setting.value()));
            format!("{}: {}", expected.location, named.collect::<Vec<_>>().join(" "))
        };
        server.iis.iter().map(line).collect()
    }

    #[test]
    fn settings_merge_by_location_and_then_property_by_property() {
        const SITE: &str = "Skype for Business Server Internal Web Site";
        let deployment = everything();
        let top =
            format!("{SITE}: enabled=true useKernelMode=true providers=[Negotiate, NTLM] extendedProtection=none");
        let redmond = top.replace("useKernelMode=true", "useKernelMode=false");
        let pool = format!(
            "{SITE}/Abs: enabled=true useKernelMode=true useAppPoolCredentials=true providers=[NTLM] \
             extendedProtection=allow"
        );
        let own = redmond.replace("[Negotiate, NTLM]", "[Negotiate]");
        assert_eq!(settings(&deployment, 0, 0, 0), [redmond.clone(), pool.clone()]); // site over top, and the pool's own
        assert_eq!(settings(&deployment, 0, 0, 2), [own, pool]); // the server's providers replace the list
        assert_eq!(settings(&deployment, 0, 1, 0), [redmond]); // a pool that says nothing
        assert_eq!(settings(&deployment, 1, 0, 0), [top]); // a Standard Edition pool's own server
    }

    #[test]
    fn equal_settings_are_kept_once() {
        let deployment = everything();
        let servers = &deployment.sites[0].pools[0].servers;
        assert!(Arc::ptr_eq(&servers[0].iis, &servers[1].iis));
        assert!(!Arc::ptr_eq(&servers[0].iis, &servers[2].iis));
        let same = "{ fqdn: b.x.com, iis: [{ location: S, windowsAuthentication: { enabled: true } }] }";
        let file = format!(
            "version: 1\nsites: [{{ name: A, pools: [{{ fqdn: p.x.com, role: edge, servers: [{same}, {}] }}] }}]\n",
            same.replace("b.x", "c.x")
        );
        let servers = &super::tests::deployment(&file).sites[0].pools[0].servers;
        assert!(Arc::ptr_eq(&servers[0].iis, &servers[1].iis)); // written twice, kept once
    }

    #[test]
    fn none_is_not_left_out() {
        let accounts: Vec<DeclaredAccount> = everything().sites.into_iter().map(|site| site.account).collect();
        let account = |name: &str| DeclaredAccount::Account(name.parse().unwrap());
        assert_eq!(
            accounts,
            [
                account(r"CONTOSO\kerbauth"),
                account(r"CONTOSO\kerbdublin"),
                DeclaredAccount::Nobody,
                DeclaredAccount::Unmanaged
            ]
        );
    }

    #[test]
    fn pools_have_servers_and_products() {
        let deployment = everything();
        let pools = deployment.sites.iter().flat_map(|site| &site.pools);
        let drawn: Vec<String> = pools
            .map(|pool| {
                let servers: Vec<&str> = pool.servers.iter().map(|server| server.fqdn.as_str()).collect();
                let product = pool.product.map_or("-", Product::id);
                format!("{} {} {product} [{}]", pool.fqdn, pool.role, servers.join(" "))
            })
            .collect();
        assert_eq!(
            drawn,
            [
                "pool01.contoso.com front-end sfb-se [fe01.contoso.com fe02.contoso.com fe03.contoso.com]",
                "dir01.contoso.com director sfb-2019 [dir01.contoso.com]",
                "edge01.contoso.com edge sfb-2019 [edge01a.contoso.com]",
                "med01.contoso.com mediation lync-2013 []",
                "chat01.contoso.com persistent-chat sfb-2019 []",
                "app01.contoso.com trusted-application sfb-2019 []",
                "se01.contoso.com standard-edition sfb-2019 [se01.contoso.com]",
                "sba01.contoso.com sba sfb-2019 []",
                "sbs01.contoso.com sbs sfb-2019 [sbs01.contoso.com]",
            ]
        );
        let overridden = deployment.sites[0].pools[0].internal_fqdn.as_ref().map(ToString::to_string);
        assert_eq!(overridden.as_deref(), Some("webint.contoso.com"));
        assert_eq!(deployment.sites[2].kind, SiteKind::Branch);
        assert_eq!(deployment.sites[1].kind, SiteKind::Central);
    }

    #[test]
    fn accounts_and_maintenance() {
        let deployment = everything();
        let account = &deployment.accounts[0];
        assert_eq!(account.encryption, Some(EncryptionTypes::AES128.union(EncryptionTypes::AES256)));
        assert_eq!(account.max_password_age, Some(SignedDuration::from_hours(365 * 24)));
        assert_eq!(account.container.as_ref().map(ToString::to_string).as_deref(), Some("CN=Users,DC=contoso,DC=com"));
        let maintenance = &deployment.maintenance;
        assert_eq!(maintenance.batches, [BatchSize::Servers(1), BatchSize::Servers(5), BatchSize::Percent(20)]);
        assert_eq!(maintenance.max_failures, 2);
        let window = &maintenance.windows[0];
        assert_eq!(window.days, [Weekday::Friday, Weekday::Saturday]);
        assert_eq!((window.start.hour(), window.duration), (22, SignedDuration::from_hours(4)));
        assert_eq!(window.time_zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(window.sites.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Redmond", "dublin"]);
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let deployment = deployment("version: 1\nsites: []\n");
        assert_eq!(deployment.maintenance.batches, [BatchSize::Servers(1), BatchSize::Percent(100)]);
        assert_eq!((deployment.maintenance.max_failures, deployment.maintenance.windows.len()), (0, 0));
        let deployment = super::tests::deployment("version: 1\nsites: []\nmaintenance: { maxFailures: 1 }\n");
        assert_eq!(deployment.maintenance.batches, [BatchSize::Servers(1), BatchSize::Percent(100)]);
    }
}
