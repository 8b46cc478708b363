//! What must hold for whatever bytes a file has: run by the fuzzer with inputs of its own, and by `cargo test` with
//! those that `corpus/` keeps. One function a format; each takes a file's bytes and panics where it is wrong.

use cskerb::apply::target::Target as _;
use cskerb::codes::Severity;
use cskerb::deployment::{self, Loaded, Span};
use cskerb::lab::{Fault, Lab, LabError};
use cskerb::model::{
    Actual, Digest, ExpectedAuthentication, IisConfiguration, LocationPath, Reading, ServerFqdn, WindowsAuthentication,
};
use cskerb::plan::{Action, LocationChange, Request, plan as plan_it};
use cskerb::render::diagnostics::{Colour, text};
use cskerb::snapshot::assignments::AssignmentsFile;
use cskerb::snapshot::directory::DirectoryFile;
use cskerb::snapshot::{self, Writer};
use cskerb::wire;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// What takes a file's bytes, and panics where what it asserts does not hold.
pub(crate) type Target = fn(&[u8]);

/// Every target: its name, which is also that of its folder in `corpus/`.
pub(crate) const ALL: [(&str, Target); 7] = [
    ("deployment", deployment),
    ("topology_as_xml", topology_as_xml),
    ("topology_builder", topology_builder),
    ("application_host", application_host),
    ("assignments", assignments),
    ("directory", directory),
    ("plan", plan),
];

/// The deployment file: every diagnostic lies in the file, and what has no error is a deployment that can be planned.
pub(crate) fn deployment(bytes: &[u8]) {
    let loaded = deployment::load("x.yaml", bytes);
    let again = deployment::load("x.yaml", bytes);
    assert_eq!(loaded.diagnostics, again.diagnostics, "the same bytes give the same diagnostics");
    for found in &loaded.diagnostics {
        lies_inside(&loaded, found.at);
        found.related.iter().for_each(|second| lies_inside(&loaded, second.at));
        assert!(!found.message.is_empty() && found.hint.as_deref() != Some(""));
    }
    let drawn = text(&loaded, Colour::Plain);
    assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "it acts on a terminal: {drawn:?}");
    let errors = loaded.diagnostics.iter().any(|found| found.severity() == Severity::Error);
    assert_eq!(loaded.deployment.is_none(), errors, "it is refused with an error, or it is taken: {drawn}");
    if let Some(deployment) = &loaded.deployment {
        SCENE.with(|scene| {
            comes_back(&plan_it(deployment, &scene.nothing, &Request::default()));
        });
    }
}

fn lies_inside(file: &Loaded, at: Span) {
    let text = file.source.text();
    assert!(text.get(at.start..at.end).is_some(), "{at:?} is no stretch of a text of {} bytes", text.len());
    let lines = text.matches('\n').count() + 1;
    assert!((1..=lines).contains(&file.source.position(at.start).line));
}

/// What `Get-CsTopology -AsXml` prints: read twice it is the same, and publishing it anew moves its signature only.
pub(crate) fn topology_as_xml(bytes: &[u8]) {
    topology(bytes);
}

/// A Topology Builder document, by the same rules.
pub(crate) fn topology_builder(bytes: &[u8]) {
    topology(bytes);
}

fn topology(bytes: &[u8]) {
    SCENE.with(|scene| {
        let file = scene.only("topology.xml", bytes);
        let Reading::Known(before) = scene.read_twice().topology else { return };
        let lab = scene.open().expect("what can be read makes a lab");
        lab.inject(&Fault::TopologyPublished(0)).expect("what can be read can be published anew");
        let Reading::Known(mut after) = scene.read().topology else {
            panic!("what was published anew cannot be read");
        };
        assert_ne!(after.signature, before.signature);
        after.signature.clone_from(&before.signature);
        assert_eq!(after, before, "more than the signature has changed");
        no_element_is_lost(bytes, &fs::read(&file).expect("it was read before"));
    });
}

/// applicationHost.config: no secret stays in a lab, and an edit changes the setting that was asked for and no other.
pub(crate) fn application_host(bytes: &[u8]) {
    SCENE.with(|scene| {
        let file = scene.only("servers/fe01.contoso.com/applicationHost.config", bytes);
        let server: ServerFqdn = "fe01.contoso.com".parse().expect("it is a name");
        let iis = |actual: Actual| actual.servers[&server].iis.clone();
        let content = || fs::read(&file).expect("it was written");
        let whole = iis(scene.read_twice());
        let lab = match scene.open() {
            Ok(lab) => lab,
            Err(refused) => {
                // What is no text may hold secrets that nobody sees.
                assert!(whole.cause().is_some(), "a lab refuses what can be read: {refused}");
                return;
            }
        };
        let stripped = content();
        scene.open().expect("it was opened before");
        assert_eq!(content(), stripped, "secrets are removed at once");
        if let Ok(text) = std::str::from_utf8(&stripped)
            && whole.known().is_some()
        {
            assert!(!text.to_ascii_lowercase().contains("[enc:"), "a secret stays: {text:?}");
        }
        let Reading::Known(before) = iis(scene.read()) else { return };
        let Some((location, settings)) = settled(&before).next() else { return };
        let wanted = ExpectedAuthentication {
            use_kernel_mode: Some(!settings.use_kernel_mode),
            ..ExpectedAuthentication::default()
        };
        let change = LocationChange { location: location.clone(), settings: wanted.differences(&settings) };
        let done = lab.perform(&Action::SetIis { server: server.clone(), locations: vec![change] });
        let edited = content();
        if done.is_err() {
            assert_eq!(edited, stripped, "a refused edit has changed the file");
            return;
        }
        no_element_is_lost(&stripped, &edited);
        let Reading::Known(after) = iis(scene.read()) else {
            panic!("what was edited cannot be read");
        };
        for (path, former) in settled(&before) {
            let Reading::Known(now) = after.effective(&path) else { panic!("{path} cannot be read any more") };
            if path == location || path.is_below(&location) {
                assert_eq!(WindowsAuthentication { use_kernel_mode: former.use_kernel_mode, ..now.clone() }, former);
                assert!(path != location || now != former, "the edit of {path} is without effect");
            } else {
                assert_eq!(now, former, "{path} has changed with {location}");
            }
        }
    });
}

/// The locations whose settings are known.
fn settled(iis: &IisConfiguration) -> impl Iterator<Item = (LocationPath, WindowsAuthentication)> {
    iis.locations.keys().filter_map(|path| match iis.effective(path) {
        Reading::Known(settings) => Some((path.clone(), settings)),
        _ => None,
    })
}

/// `assignments.json`: what is read is written back the same.
pub(crate) fn assignments(bytes: &[u8]) {
    SCENE.with(|scene| {
        scene.only("assignments.json", bytes);
        let Reading::Known(known) = scene.read_twice().assignments else { return };
        scene.writer().assignments(&AssignmentsFile::from(&known)).expect("a scratch folder takes files");
        assert_eq!(scene.read().assignments, Reading::Known(known));
    });
}

/// `directory.json`: what is read is written back the same; what was unreadable stays so.
pub(crate) fn directory(bytes: &[u8]) {
    SCENE.with(|scene| {
        scene.only("directory.json", bytes);
        let Reading::Known(known) = scene.read_twice().directory else { return };
        scene.writer().directory(&DirectoryFile::from(&known)).expect("a scratch folder takes files");
        let Reading::Known(again) = scene.read().directory else {
            panic!("what was written cannot be read");
        };
        assert_eq!((again.aes_keys_since, again.complete), (known.aes_keys_since, known.complete));
        assert_eq!(again.holders, known.holders);
        assert!(again.unreadable.keys().eq(known.unreadable.keys()));
        assert!(again.accounts.keys().eq(known.accounts.keys()));
        for (one, other) in again.accounts.values().zip(known.accounts.values()) {
            assert!(one == other || (one.cause().is_some() && other.cause().is_some()), "{one:?} was {other:?}");
        }
    });
}

/// A plan file: what is read is written back the same, also where the fuzzer seals what it has made.
pub(crate) fn plan(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else { return };
    match wire::plan::read(json) {
        Ok(plan) => comes_back(&plan),
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
    let Ok(written) = serde_json::from_str::<wire::plan::Plan>(json) else { return };
    let unsealed = wire::plan::Plan { digest: String::new(), ..written };
    let digest = Digest::of(&serde_json::to_vec(&unsealed).expect("it was JSON")).to_string();
    let sealed = wire::plan::Plan { digest, ..unsealed }.to_json().expect("it was JSON");
    if let Ok(plan) = wire::plan::read(&sealed) {
        comes_back(&plan);
    }
}

fn comes_back(plan: &cskerb::plan::Plan) {
    let json = wire::plan::Plan::try_from(plan).and_then(|plan| plan.to_json()).expect("plans can be written");
    assert_eq!(&wire::plan::read(&json).expect("what was written can be read"), plan);
}

/// An edit may add what it likes; what it takes away begins no element.
fn no_element_is_lost(before: &[u8], after: &[u8]) {
    let same = |(one, other): &(&u8, &u8)| one == other;
    let front = before.iter().zip(after).take_while(same).count();
    let back = before[front..].iter().rev().zip(after[front..].iter().rev()).take_while(same).count();
    let lost = &before[front..before.len() - back];
    // In UTF-16 the byte may be half of something else.
    let plain = !before.contains(&0);
    assert!(!plain || !lost.contains(&b'<'), "lost: {}", String::from_utf8_lossy(lost));
}

const CONTOSO: &str = r"
version: 1
product: sfb-2019
accounts: [{ name: 'CONTOSO\kerbauth', encryption: [aes256] }]
sites:
  - name: Redmond
    account: CONTOSO\kerbauth
    pools: [{ fqdn: pool01.contoso.com, role: front-end, servers: [fe01.contoso.com, fe02.contoso.com] }]
";

/// A scratch folder of this thread, and what a lab needs.
struct Scene {
    folder: TempDir,
    nothing: Actual,
    memory: Vec<u8>,
    topology: Vec<u8>,
}

thread_local! {
    static SCENE: Scene = Scene::new();
}

impl Scene {
    fn new() -> Self {
        // Memory, where there is such a place: what is tried is the reader, not the disk.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a scratch folder");
        let nothing = snapshot::read(folder.path()).expect("an empty folder is a snapshot");
        let lab = folder.path().join("lab");
        let declared = deployment::load("contoso.yaml", CONTOSO.as_bytes()).deployment.expect("it is in order");
        let now = jiff::Timestamp::from_second(1_780_000_000).expect("it is a moment");
        Lab::create(&declared, &lab, now).expect("a scratch folder takes a lab");
        let [memory, topology] =
            ["lab.json", "topology.xml"].map(|file| fs::read(lab.join(file)).expect("a lab has this"));
        Self { folder, nothing, memory, topology }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("one")
    }

    /// Makes the folder anew with this file and no other.
    fn only(&self, file: &str, bytes: &[u8]) -> PathBuf {
        let (root, file) = (self.root(), self.root().join(file));
        assert!(!root.exists() || fs::remove_dir_all(&root).is_ok());
        fs::create_dir_all(file.parent().unwrap_or(&root)).expect("a scratch folder takes folders");
        fs::write(&file, bytes).expect("a scratch folder takes files");
        file
    }

    fn read(&self) -> Actual {
        snapshot::read(&self.root()).expect("the folder is there")
    }

    fn read_twice(&self) -> Actual {
        let (one, other) = (self.read(), self.read());
        assert_eq!(one.origin, other.origin);
        assert_eq!((&one.topology, &one.assignments), (&other.topology, &other.assignments));
        assert_eq!((&one.directory, &one.servers), (&other.directory, &other.servers));
        one
    }

    fn writer(&self) -> Writer {
        Writer::new(&self.root()).expect("a scratch folder takes files")
    }

    /// The folder as a lab, opened anew.
    fn open(&self) -> Result<Lab, LabError> {
        for (file, bytes) in [("lab.json", &self.memory), ("topology.xml", &self.topology)] {
            let file = self.root().join(file);
            assert!(file.exists() || fs::write(file, bytes).is_ok());
        }
        Lab::open(&self.root())
    }
}
