//! An applicationHost.config such as Web Services have, small, with the declared settings in place.

use crate::model::{ExpectedAuthentication, LocationPath, Pool, Product, Server, ServerFqdn, Setting};
use crate::snapshot::change::{ChangeError, set_iis};
use crate::snapshot::{Writer, escape_xml};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// Writes the server's file: its own two web sites, and whatever else the file declares settings of.
pub(super) fn write(writer: &Writer, folder: &Path, pool: &Pool, server: &Server) -> Result<(), ChangeError> {
    let expected: Vec<&LocationPath> = server.iis.iter().map(|expected| &expected.location).collect();
    writer.application_host(&server.fqdn, document(pool.product, &expected))?;
    let mut wanted: Vec<(LocationPath, Vec<Setting>)> = (server.iis.iter())
        .map(|expected| (expected.location.clone(), settings(&expected.windows_authentication)))
        .collect();
    // What a parent says holds for its children, unless they say otherwise: parents first.
    wanted.sort_by_key(|(location, _)| location.as_str().matches('/').count());
    set_iis(folder, &server.fqdn, &wanted)
}

fn settings(expected: &ExpectedAuthentication) -> Vec<Setting> {
    let all = [
        expected.enabled.map(Setting::Enabled),
        expected.use_kernel_mode.map(Setting::UseKernelMode),
        expected.use_app_pool_credentials.map(Setting::UseAppPoolCredentials),
        expected.providers.clone().map(Setting::Providers),
        expected.extended_protection.map(Setting::ExtendedProtection),
    ];
    all.into_iter().flatten().collect()
}

/// A server that was added later: its web sites, with nothing set.
pub(in crate::lab) fn write_plain(writer: &Writer, server: &ServerFqdn) -> Result<(), ChangeError> {
    Ok(writer.application_host(server, document(None, &[]))?)
}

/// The names of the two web sites, by product. [seen]
fn site_names(product: Option<Product>) -> [&'static str; 2] {
    match product {
        Some(Product::Lync2010 | Product::Lync2013) => {
            ["Lync Server Internal Web Site", "Lync Server External Web Site"]
        }
        Some(Product::Sfb2015 | Product::Sfb2019 | Product::SfbSe) | None => {
            ["Skype for Business Server Internal Web Site", "Skype for Business Server External Web Site"]
        }
    }
}

fn document(product: Option<Product>, expected: &[&LocationPath]) -> String {
    let names = site_names(product);
    let mut sites: BTreeMap<LocationPath, BTreeSet<String>> = BTreeMap::new();
    for path in
        names.iter().filter_map(|name| name.parse::<LocationPath>().ok()).chain(expected.iter().copied().cloned())
    {
        let Ok(site) = path.site().parse::<LocationPath>() else { continue };
        let application = path.as_str()[path.site().len()..].to_owned();
        sites.entry(site).or_default().insert(application);
    }
    let mut text = String::new();
    for (at, (site, applications)) in sites.iter().enumerate() {
        site_element(&mut text, at, names, site, applications);
    }
    BEFORE.replace('\n', "\r\n") + &text + &AFTER.replace('\n', "\r\n")
}

fn site_element(to: &mut String, at: usize, names: [&str; 2], site: &LocationPath, applications: &BTreeSet<String>) {
    let name = escape_xml(site.as_str());
    let external = site.as_str().eq_ignore_ascii_case(names[1]);
    let (pool, port) = if external { ("LyncExtFeature", 4443) } else { ("LyncIntFeature", 443) };
    let mut add = |text: &str| {
        let written = write!(to, "{text}\r\n");
        debug_assert!(written.is_ok(), "writing to a String does not fail");
    };
    add(&format!("            <site name=\"{name}\" id=\"{}\">", 34577 + at));
    let root = String::new();
    for path in std::iter::once(&root).chain(applications.iter().filter(|path| !path.is_empty())) {
        let path = if path.is_empty() { "/".to_owned() } else { escape_xml(path) };
        add(&format!("                <application path=\"{path}\" applicationPool=\"{pool}\">"));
        add("                    <virtualDirectory path=\"/\" physicalPath=\"C:\\Web\" />");
        add("                </application>");
    }
    add("                <bindings>");
    add(&format!("                    <binding protocol=\"https\" bindingInformation=\"*:{port}:\" />"));
    add("                </bindings>");
    add("            </site>");
}

const BEFORE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- made for a lab: only what matters to Windows authentication -->
<configuration>
    <configSections>
        <sectionGroup name="system.webServer">
            <sectionGroup name="security">
                <sectionGroup name="authentication">
                    <section name="windowsAuthentication" overrideModeDefault="Deny" />
                </sectionGroup>
            </sectionGroup>
        </sectionGroup>
    </configSections>
    <system.applicationHost>
        <applicationPools>
            <add name="LyncIntFeature" managedRuntimeVersion="v4.0" />
            <add name="LyncExtFeature" managedRuntimeVersion="v4.0" />
        </applicationPools>
        <sites>
"#;

const AFTER: &str = r#"        </sites>
    </system.applicationHost>
    <system.webServer>
        <security>
            <authentication>
                <anonymousAuthentication enabled="true" userName="IUSR" />
                <windowsAuthentication enabled="false">
                    <providers>
                        <add value="Negotiate" />
                        <add value="NTLM" />
                    </providers>
                </windowsAuthentication>
            </authentication>
        </security>
    </system.webServer>
</configuration>
"#;
