//! IIS settings of several locations, of which a process that dies, hangs or loses its server sets only some.

use crate::contoso::CONTOSO;
use crate::declared::{load, name};
use crate::mischief::Mischief;
use crate::ran::{not_done, steps};
use crate::stage::Stage;
use cskerb::apply::target::{Observation, Target};
use cskerb::apply::{Options, Outcome, Unfinished};
use cskerb::lab::Cmdlet;
use cskerb::model::{ExtendedProtection, Setting, SettingChange};
use cskerb::plan::{Action, LocationChange, Plan};

const SITE: &str = "Skype for Business Server Internal Web Site";
const EXTERNAL: &str = "Skype for Business Server External Web Site";
const SERVER: &str = "se01.contoso.com";

/// Contoso with three declared locations on one server: two beside each other, and one below the first, which stays.
fn deployment(setting: &str, below: &str) -> String {
    let pool = format!("{{ fqdn: {SERVER}, role: standard-edition }}");
    let three = format!(
        "fqdn: {SERVER}
        role: standard-edition
        iis:
          - {{ location: {SITE}, windowsAuthentication: {{ {setting} }} }}
          - {{ location: {SITE}/abs, windowsAuthentication: {{ {below} }} }}
          - {{ location: {EXTERNAL}, windowsAuthentication: {{ {setting} }} }}
"
    );
    CONTOSO.split("iis:").next().unwrap().replace(&pool, &three)
}

struct Scene {
    stage: Stage,
    plan: Plan,
    changes: Vec<LocationChange>,
}

impl Scene {
    /// A lab that has the first setting everywhere, and a plan for the second.
    fn of(first: &str, second: &str) -> Self {
        let Stage { folder, lab, .. } = Stage::new(load(&deployment(first, first)));
        let stage = Stage::on(folder, lab, load(&deployment(second, first)));
        let plan = stage.plan(&stage.live());
        let of_server = |action: &Action| match action {
            Action::SetIis { server, locations } if server.as_str() == SERVER => Some(locations.clone()),
            _ => None,
        };
        let changes = plan.steps.iter().find_map(|step| of_server(&step.action)).expect("its IIS is to be set");
        assert_eq!(changes.len(), 3, "{changes:?}");
        Self { stage, plan, changes }
    }

    /// Kernel mode is off, and shall be on.
    fn new() -> Self {
        Self::of("useKernelMode: false", "useKernelMode: true")
    }

    /// Which of the locations have kernel mode now.
    fn set(&self) -> Vec<bool> {
        let action = Action::SetIis { server: name(SERVER), locations: self.changes.clone() };
        let Observation::Settings(found) = self.stage.lab.observe(&action) else { panic!("it can be read") };
        found.iter().map(|found| matches!(found[..], [Setting::UseKernelMode(true)])).collect()
    }

    /// A run that gives up at once.
    fn run(&self, unfinished: Unfinished) -> Outcome {
        let options = Options { delays: Vec::new(), ..self.stage.options(unfinished) };
        cskerb::apply::run(&self.plan, &self.stage.live(), &options, &|_| {}).unwrap()
    }
}

/// A run whose process does this at that location sets so much of the server; a resumed one sets the rest, and what
/// was set is not set again.
fn check(location: &str, what: Mischief, set: [bool; 3], calls: usize) {
    let scene = Scene::new();
    scene.stage.mischief(&format!("set-authentication@{location}"), what);
    let outcome = scene.run(Unfinished::Refuse);
    assert!(!matches!(outcome, Outcome::Finished(_)), "{location} {what:?}");
    assert_eq!(scene.stage.mischief_left(), 0, "{location} {what:?}");
    assert_eq!(scene.set(), set, "{location} {what:?}");
    let before = scene.stage.changing_calls().len();
    let outcome = scene.run(Unfinished::Resume);
    assert!(matches!(outcome, Outcome::Finished(_)), "{location} {what:?}: {:?}", not_done(&outcome));
    assert_eq!(steps(&scene.stage.plan(&scene.stage.live())), [""; 0], "{location} {what:?}");
    let of_server = scene.stage.lab.calls().unwrap().into_iter().filter(|call| !call.cmdlet.only_looks()).skip(before);
    let of_server = of_server.filter(|call| call.arguments.values().any(|value| value == SERVER));
    assert!(of_server.clone().all(|call| call.cmdlet == Cmdlet::SetIis));
    assert_eq!(of_server.count(), calls, "{location} {what:?}: calls of the resumed run");
}

#[test]
fn a_server_of_which_some_locations_were_set_is_gone_on_with() {
    let all = Scene::new().changes;
    let order: Vec<&str> = all.iter().map(|change| change.location.as_str()).collect();
    assert_eq!(order, [SITE, EXTERNAL, &format!("{SITE}/abs")], "outer locations first");
    check(SITE, Mischief::DieBefore, [false, false, false], 3);
    check(SITE, Mischief::DieAfter, [true, false, true], 2);
    check(EXTERNAL, Mischief::DieBefore, [true, false, true], 2);
    check(EXTERNAL, Mischief::Throw, [true, false, true], 2);
    // What lies below another location is set again: it may have the value from there only.
    check(&format!("{SITE}/abs"), Mischief::DieBefore, [true, true, true], 1);
}

#[test]
fn what_somebody_else_has_set_otherwise_meanwhile_is_stale() {
    let scene = Scene::of("extendedProtection: none", "extendedProtection: allow");
    let external = scene.changes[1].location.clone();
    scene.stage.mischief(&format!("set-authentication@{external}"), Mischief::DieBefore);
    scene.run(Unfinished::Refuse);
    let require = Setting::ExtendedProtection(ExtendedProtection::Require);
    let settings = vec![SettingChange { before: require.clone(), after: require }];
    let locations = vec![LocationChange { location: external, settings }];
    scene.stage.lab.perform(&Action::SetIis { server: name(SERVER), locations }).unwrap();
    let outcome = scene.run(Unfinished::Resume);
    let left = not_done(&outcome).join("\n");
    assert!(left.contains("neither as they were nor as they shall be"), "{left}");
}
