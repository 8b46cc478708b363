//! From a document without errors to the [`Deployment`]: names parsed, levels merged, defaults filled in.
//!
//! Every function here gives `None` where something is not well formed. The rules report all such things as errors, so
//! that does not happen to a document that passed them; a test holds it over every valid example.

use super::document::{self, Batch, Day, Document, EncryptionType, Location};
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

impl Batch {
    /// The size it asks for, or why there is none such.
    pub(crate) fn size(&self) -> Result<BatchSize, &'static str> {
        match self {
            Self::Servers(number) => match u32::try_from(*number) {
                Ok(0) => Err("a batch of no server never ends"),
                Ok(number) => Ok(BatchSize::Servers(number)),
                Err(_) if *number < 0 => Err("a batch has at least one server"),
                Err(_) => Err("no pool has so many servers"),
            },
            Self::Share(text) => {
                let digits = text.strip_suffix('%').filter(|rest| !rest.is_empty());
                let digits = digits.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
                match digits.map(str::parse::<u8>) {
                    None => Err("a batch is a number of servers or a percentage such as \"20%\""),
                    Some(Ok(0)) => Err("a batch of 0 % has no server and never ends"),
                    Some(Ok(percent @ 1..=100)) => Ok(BatchSize::Percent(percent)),
                    Some(_) => Err("a batch has at most 100 % of a pool's servers"),
                }
            }
        }
    }
}
