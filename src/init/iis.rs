//! The IIS settings that servers share, offered in comments.
//!
//! They are not declared: Microsoft does not document the values that the product sets, and whatever is declared is
//! managed from then on. That is the operator's to decide.

use super::page::Page;
use crate::model::{
    Actual, ExpectedAuthentication, IisConfiguration, LocationPath, Provider, PublishedPool, Reading, ServerFqdn,
    WindowsAuthentication,
};
use crate::yaml::scalar;

/// The internal web site, where clients come with Kerberos tickets: of 2010 and 2013, and of 2015 on. [seen]
const INTERNAL_SITES: [&str; 2] = ["Lync Server Internal Web Site", "Skype for Business Server Internal Web Site"];

/// What the servers have in common at one location; what is `None` differs, or is nothing that a file
/// could declare.
struct Common {
    location: LocationPath,
    settings: ExpectedAuthentication,
}

/// Offers what all servers share, or where they have different sites, what those of each pool share.
pub(super) fn offer(actual: &Actual, pools: &[&PublishedPool], page: &mut Page) {
    let servers: Vec<&ServerFqdn> = pools.iter().flat_map(|pool| &pool.servers).collect();
    let read: Vec<&IisConfiguration> = read(actual, &servers);
    page.blank();
    let what = "Expected IIS settings. Only what is named is managed; Microsoft does not document the values that \
                the product sets, so they are yours to choose.";
    page.comment(0, what);
    if read.len() < servers.len() {
        let whose = match read.len() {
            0 => "No server's applicationHost.config was read.".to_owned(),
            some => format!("applicationHost.config was read of {some} of the {} servers only.", servers.len()),
        };
        page.comment(0, &whose);
    } else if let Some(common) = common(&read) {
        let whose = if servers.len() == 1 { "The one server has" } else { "All servers have" };
        page.comment(0, &format!("{whose} these now; to hold them, take the first `# ` of each line away:"));
        write(&common, page);
    } else {
        for pool in pools {
            let servers: Vec<&ServerFqdn> = pool.servers.iter().collect();
            let Some(common) = common(&self::read(actual, &servers)) else { continue };
            page.comment(0, &format!("{} has these now; to hold them, put them under that pool:", pool.fqdn));
            write(&common, page);
        }
    }
}

fn read<'a>(actual: &'a Actual, servers: &[&ServerFqdn]) -> Vec<&'a IisConfiguration> {
    servers.iter().filter_map(|server| actual.iis(server).known().copied()).collect()
}

/// What all of them have in common; `None` where not all of them have the same internal sites, or none.
fn common(read: &[&IisConfiguration]) -> Option<Vec<Common>> {
    let mut found = Vec::new();
    for location in INTERNAL_SITES.iter().filter_map(|site| site.parse::<LocationPath>().ok()) {
        let here: Vec<Reading<WindowsAuthentication>> =
            read.iter().map(|configuration| configuration.effective(&location)).collect();
        let known: Vec<&WindowsAuthentication> = here.iter().filter_map(Reading::known).collect();
        match known.split_first() {
            None if here.iter().all(|reading| *reading == Reading::Absent) => {}
            Some((first, others)) if known.len() == here.len() => {
                let settings = shared(first, others);
                // With nothing in common there is nothing to offer.
                found.extend((settings != ExpectedAuthentication::default()).then_some(Common { location, settings }));
            }
            _ => return None,
        }
    }
    (!found.is_empty()).then_some(found)
}

fn shared(first: &WindowsAuthentication, others: &[&WindowsAuthentication]) -> ExpectedAuthentication {
    fn agreed<T: Clone + PartialEq>(
        first: &WindowsAuthentication,
        others: &[&WindowsAuthentication],
        of: impl Fn(&WindowsAuthentication) -> &T,
    ) -> Option<T> {
        others.iter().all(|other| of(other) == of(first)).then(|| of(first).clone())
    }
    ExpectedAuthentication {
        enabled: agreed(first, others, |settings| &settings.enabled),
        use_kernel_mode: agreed(first, others, |settings| &settings.use_kernel_mode),
        use_app_pool_credentials: agreed(first, others, |settings| &settings.use_app_pool_credentials),
        providers: agreed(first, others, |settings| &settings.providers).filter(|list| is_declarable(list)),
        extended_protection: agreed(first, others, |settings| &settings.extended_protection),
    }
}

fn write(common: &[Common], page: &mut Page) {
    page.line(0, "# iis:");
    for Common { location, settings } in common {
        page.line(0, &format!("#   - location: {}", scalar(location.as_str())));
        page.line(0, "#     windowsAuthentication:");
        let lines = [
            ("enabled", settings.enabled.map(|value| value.to_string())),
            ("useKernelMode", settings.use_kernel_mode.map(|value| value.to_string())),
            ("useAppPoolCredentials", settings.use_app_pool_credentials.map(|value| value.to_string())),
            ("providers", settings.providers.as_deref().map(list)),
            ("extendedProtection", settings.extended_protection.map(|value| value.as_str().to_ascii_lowercase())),
        ];
        for (name, value) in lines {
            // A second `#` stays when the first is taken away.
            page.line(
                0,
                &match value {
                    Some(value) => format!("#       {name}: {value}"),
                    None => format!("#       # {name}: not the same everywhere, or not such as a file can declare"),
                },
            );
        }
    }
}

/// Whether a file may ask for that list.
fn is_declarable(providers: &[Provider]) -> bool {
    !providers.is_empty() && providers.iter().all(|provider| Provider::KNOWN.contains(provider))
}

fn list(providers: &[Provider]) -> String {
    let names: Vec<_> = providers.iter().map(|provider| scalar(provider.as_str())).collect();
    format!("[{}]", names.join(", "))
}
