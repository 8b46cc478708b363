//! IIS settings, planned and carried out in a lab: whatever inherits from whatever, the declared locations have
//! afterwards what is declared, and none is broken.

use crate::scratch::scratch;
use cskerb::apply::target::Target;
use cskerb::codes::Code;
use cskerb::deployment;
use cskerb::lab::Lab;
use cskerb::model::{Actual, Deployment, LocationPath, Reading, ServerFqdn};
use cskerb::plan::{Action, Layer, Plan, Request, Subject, plan};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::fs;

const SERVER: &str = "se01.contoso.com";

/// From the outermost inwards; the file declares them the other way round.
const PATHS: [&str; 4] = ["Web", "Web/a", "Web/a/b", "Web/c"];

const PROVIDERS: [&str; 3] = ["Negotiate", "NTLM", "Negotiate:Kerberos"];

/// What a place says: `None` inherits, or is not declared.
#[derive(Clone, Debug)]
struct Drawn {
    enabled: Option<bool>,
    kernel: Option<bool>,
    checking: Option<&'static str>,
    /// Whether the inherited list is cleared first, and which are added.
    providers: Option<(bool, Vec<&'static str>)>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let flag = || prop::option::of(any::<bool>());
    let checking = prop::option::of(prop::sample::select(&["None", "Allow", "Require"][..]));
    let some = prop::sample::subsequence(PROVIDERS.to_vec(), 1..=2).prop_shuffle();
    let providers = prop::option::of((any::<bool>(), some));
    (flag(), flag(), checking, providers).prop_map(|(enabled, kernel, checking, providers)| Drawn {
        enabled,
        kernel,
        checking,
        providers,
    })
}

fn xml(drawn: &Drawn) -> String {
    let flag = |name: &str, on: Option<bool>| on.map(|on| format!(" {name}=\"{on}\"")).unwrap_or_default();
    let mut text =
        format!("<windowsAuthentication{}{}>", flag("enabled", drawn.enabled), flag("useKernelMode", drawn.kernel));
    if let Some((clear, added)) = &drawn.providers {
        let clear = if *clear { "<clear />" } else { "" };
        write!(text, "<providers>{clear}").unwrap();
        for name in added {
            write!(text, "<add value=\"{name}\" />").unwrap();
        }
        text += "</providers>";
    }
    if let Some(checking) = drawn.checking {
        write!(text, "<extendedProtection tokenChecking=\"{checking}\" />").unwrap();
    }
    format!(
        "<system.webServer><security><authentication>{text}</windowsAuthentication></authentication></security></system.webServer>"
    )
}

fn configuration(places: &[Option<Drawn>]) -> String {
    let block = |(path, drawn): (&&str, &Option<Drawn>)| {
        format!("  <location path=\"{path}\">{}</location>\n", drawn.as_ref().map(xml).unwrap_or_default())
    };
    let blocks: String = PATHS.iter().zip(places).map(block).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration>\n{blocks}</configuration>\n")
}

fn yaml(places: &[Option<Drawn>]) -> String {
    let mut text = "version: 1\nproduct: sfb-2019\naccounts:\n  - { name: 'CONTOSO\\kerb', encryption: [aes256] }\n\
                    sites:\n  - name: A\n    account: CONTOSO\\kerb\n    pools: [{ fqdn: se01.contoso.com, role: standard-edition }]\n\
                    iis: [\n"
        .to_owned();
    for (path, drawn) in PATHS.iter().zip(places).rev() {
        let Some(Drawn { enabled, kernel, checking, providers }) = drawn else { continue };
        let mut settings = Vec::new();
        settings.extend(enabled.map(|on| format!("enabled: {on}")));
        settings.extend(kernel.map(|on| format!("useKernelMode: {on}")));
        settings.extend(checking.map(|text| format!("extendedProtection: {}", text.to_lowercase())));
        settings.extend(providers.as_ref().map(|(_, all)| format!("providers: ['{}']", all.join("', '"))));
        writeln!(text, "  {{ location: {path}, windowsAuthentication: {{ {} }} }},", settings.join(", ")).unwrap();
    }
    text + "]\n"
}

/// A lab whose one server has that configuration.
struct Rehearsal {
    _folder: tempfile::TempDir,
    lab: Lab,
    deployment: Deployment,
}

impl Rehearsal {
    fn new(there: &[Option<Drawn>], declared: &[Option<Drawn>]) -> Self {
        let yaml = yaml(declared);
        let loaded = deployment::load("deployment.yaml", yaml.as_bytes());
        let deployment = loaded.deployment.unwrap_or_else(|| panic!("{yaml}"));
        let folder = scratch();
        let lab =
            Lab::create(&deployment, &folder.path().join("lab"), "2026-05-30T20:00:00Z".parse().unwrap()).unwrap();
        let file = folder.path().join("lab/servers").join(SERVER).join("applicationHost.config");
        fs::write(file, configuration(there)).unwrap();
        Self { _folder: folder, lab, deployment }
    }

    fn actual(&self) -> Actual {
        self.lab.read().unwrap()
    }

    fn plan(&self, actual: &Actual) -> Plan {
        plan(&self.deployment, actual, &Request::default())
    }
}

/// The paths whose effective settings can be read.
fn readable(actual: &Actual) -> Vec<LocationPath> {
    let server: ServerFqdn = SERVER.parse().unwrap();
    let Reading::Known(configuration) = actual.iis(&server) else { panic!("{:?}", actual.iis(&server)) };
    let paths = PATHS.iter().map(|path| path.parse().unwrap());
    paths.filter(|path| matches!(configuration.effective(path), Reading::Known(_))).collect()
}

fn sets(plan: &Plan) -> Vec<&Action> {
    plan.steps.iter().map(|step| &step.action).filter(|action| matches!(action, Action::SetIis { .. })).collect()
}

/// The locations whose settings differ.
fn differing(plan: &Plan) -> Vec<&LocationPath> {
    let of_iis = plan.changes.iter().filter(|change| change.layer == Layer::Iis);
    let subjects = of_iis.map(|change| &change.subject);
    subjects
        .filter_map(|subject| if let Subject::Location(.., location) = subject { Some(location) } else { None })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn after_set_iis_every_declared_location_is_as_declared(
        there in prop::collection::vec(prop::option::of(drawn()), PATHS.len()),
        declared in prop::collection::vec(prop::option::of(drawn()), PATHS.len()),
    ) {
        let rehearsal = Rehearsal::new(&there, &declared);
        let before = rehearsal.actual();
        let plan = rehearsal.plan(&before);
        let would_break = plan.findings.iter().any(|finding| finding.code == Code::LocationWouldBreak);
        prop_assert_eq!(sets(&plan).len(), usize::from(!differing(&plan).is_empty() && !would_break));
        for action in sets(&plan) {
            rehearsal.lab.perform(action).map_err(|error| TestCaseError::fail(format!("{error}")))?;
        }
        let after = rehearsal.actual();
        let (now, again) = (readable(&after), rehearsal.plan(&after));
        // One that nobody could read before was not planned; it may have become readable.
        for path in readable(&before) {
            prop_assert!(now.contains(&path), "{} is broken", path);
            let differs = !would_break && differing(&again).contains(&&path);
            prop_assert!(!differs, "{} is not as declared after {:#?}", path, sets(&plan));
        }
    }
}
