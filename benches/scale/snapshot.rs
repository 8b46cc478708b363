//! Snapshot folders of any size, for the deployments of [`super::deployment`].

use super::deployment::{POOL, SITE, account, pool, server, site};
use super::iis::{Size, State, Template};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

const READ_AT: &str = "2026-11-20T06:30:00Z";

/// Makes the folder. Where everything is changed, one server of each pool is valid, so that the others are given
/// copies, and every server's IIS settings differ.
pub(crate) fn make(folder: &Path, servers: usize, size: Size, state: State) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let description = "{\"formatVersion\":\"1.0\",\"collectedAt\":\"2026-11-20T08:00:00Z\",\"tool\":\"cskerb\"}\n";
    fs::write(folder.join("snapshot.json"), description)?;
    fs::write(folder.join("topology.xml"), topology(servers))?;
    fs::write(folder.join("assignments.json"), assignments(servers))?;
    fs::write(folder.join("webservices.json"), "[{\"identity\":\"global\",\"useWindowsAuth\":\"Negotiate\"}]\n")?;
    fs::write(folder.join("directory.json"), directory(servers))?;
    let template = Template::new(size, state);
    for at in 0..servers {
        let name = server(at);
        let own = folder.join("servers").join(&name);
        fs::create_dir_all(&own)?;
        fs::write(own.join("applicationHost.config"), template.of(&name))?;
        let valid = state == State::Unchanged || at % POOL == 0;
        fs::write(own.join("kerberos.json"), reading(&name, &account(at / SITE), valid))?;
    }
    Ok(())
}

fn reading(server: &str, account: &str, valid: bool) -> String {
    let account = account.replace('\\', "\\\\");
    let (status, detail) = if valid {
        ("valid", String::new())
    } else {
        let why =
            format!("The Kerberos configuration on {server} is invalid. The expected assigned account is {account}.");
        ("invalid", format!(",\n  \"detail\": \"{why}\""))
    };
    format!(
        "{{\n  \"status\": \"{status}\",\n  \"account\": \"{account}\",\n  \"by\": \"test\",\n  \"at\": \
         \"{READ_AT}\"{detail}\n}}\n"
    )
}

fn sites(servers: usize) -> impl Iterator<Item = usize> {
    0..servers.div_ceil(SITE)
}

fn assignments(servers: usize) -> String {
    let one = |at| {
        let account = account(at).replace('\\', "\\\\");
        format!("{{\"identity\":\"site:{}\",\"userAccount\":\"{account}\"}}", site(at))
    };
    format!("[{}]\n", sites(servers).map(one).collect::<Vec<_>>().join(",\n"))
}

fn directory(servers: usize) -> String {
    let pools_of = |site: usize| site * SITE / POOL..(servers.min((site + 1) * SITE)).div_ceil(POOL);
    let holder = |site: usize| account(site).replace('\\', "\\\\");
    let accounts = sites(servers).map(|site| {
        let spns = pools_of(site).map(|at| format!("\"http/{}\"", pool(at))).collect::<Vec<_>>().join(",");
        format!(
            "{{\"name\":\"{}\",\"computer\":true,\"enabled\":true,\"servicePrincipalNames\":[{spns}],\
             \"supportedEncryptionTypes\":24,\"passwordSetAt\":\"2026-06-06T20:15:00Z\",\"keyVersion\":4}}",
            holder(site)
        )
    });
    let spns = sites(servers).flat_map(|site| {
        pools_of(site).map(move |at| format!("{{\"spn\":\"http/{}\",\"holders\":[\"{}\"]}}", pool(at), holder(site)))
    });
    format!(
        "{{\"aesKeysSince\":\"2012-03-01T00:00:00Z\",\"accounts\":[{}],\n\"servicePrincipalNames\":[{}]}}\n",
        accounts.collect::<Vec<_>>().join(",\n"),
        spns.collect::<Vec<_>>().join(",\n")
    )
}

const TOPOLOGY: &str = "urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008";
const ROLES: &str = "urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008";

/// As Get-CsTopology -AsXml prints it, with the services and some of the ports that a pool has.
fn topology(servers: usize) -> String {
    let mut text = format!("<Topology xmlns=\"{TOPOLOGY}\" Signature=\"4e7d5d0a-1111-4222-8333-944455556666\">\r\n");
    // Writing to a String cannot fail.
    text.push_str("  <Sites>\r\n");
    for at in sites(servers) {
        let _ = write!(
            text,
            "    <CentralSite SiteId=\"{}\">\r\n      <Name>{}</Name>\r\n    </CentralSite>\r\n",
            at + 1,
            site(at)
        );
    }
    text.push_str("  </Sites>\r\n  <Clusters>\r\n");
    for at in 0..servers.div_ceil(POOL) {
        let _ = write!(text, "    <Cluster Fqdn=\"{}\">\r\n      <ClusterId {} />\r\n", pool(at), key(at));
        for at in at * POOL..servers.min((at + 1) * POOL) {
            let _ =
                write!(text, "      <Machine OrdinalInCluster=\"{}\" Fqdn=\"{}\" />\r\n", at % POOL + 1, server(at));
        }
        text.push_str("    </Cluster>\r\n");
    }
    text.push_str("  </Clusters>\r\n  <Services>\r\n");
    for at in 0..servers.div_ceil(POOL) {
        for (name, settings) in [
            ("UserServices", String::new()),
            ("Registrar", format!("<RegistrarService xmlns=\"{ROLES}\" IsDirector=\"false\" />")),
            ("WebServices", format!("<WebService xmlns=\"{ROLES}\" />")),
        ] {
            service(&mut text, at, name, &settings);
        }
    }
    text + "  </Services>\r\n</Topology>\r\n"
}

fn key(pool: usize) -> String {
    format!("SiteId=\"{}\" Number=\"{}\"", pool * POOL / SITE + 1, pool % (SITE / POOL) + 1)
}

fn service(text: &mut String, pool: usize, name: &str, settings: &str) {
    let site = pool * POOL / SITE + 1;
    let instance = pool % (SITE / POOL) + 1;
    let _ = write!(
        text,
        "    <Service RoleVersion=\"2\" ServiceVersion=\"8\">\r\n      <ServiceId SiteId=\"{site}\" RoleName=\"{name}\" \
         Instance=\"{instance}\" />\r\n      <InstalledOn>\r\n        <ClusterId {} />\r\n      </InstalledOn>\r\n      \
         <Ports xmlns=\"{ROLES}\">\r\n",
        key(pool)
    );
    for port in [443, 444, 5061] {
        let _ = write!(
            text,
            "        <Port Owner=\"urn:component:{name}\" Usage=\"WebServer\" InterfaceSide=\"Primary\" \
             InterfaceNumber=\"1\" Port=\"{port}\" Protocol=\"Mtls\" UrlPath=\"/\" />\r\n"
        );
    }
    let _ = write!(text, "      </Ports>\r\n      {settings}\r\n    </Service>\r\n");
}
