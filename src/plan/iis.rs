//! IIS settings: the effective value at each declared location against the declared one.

use super::draft::Draft;
use super::survey::{Survey, Target};
use super::{
    Action, Change, ChangeAction, Layer, LocationChange, Predicate, Property, PropertyChange, RunOn, Step, Subject,
};
use crate::codes::Code;
use crate::model::{IisConfiguration, Reading};

/// One step a server, whatever account its site has: the settings stand by themselves.
pub(super) fn inspect(survey: &Survey<'_>, draft: &mut Draft) {
    for target in &survey.targets {
        let Some(declared) = target.declared.filter(|server| !server.iis.is_empty()) else { continue };
        match survey.actual.iis(&declared.fqdn) {
            Reading::Known(configuration) => inspect_server(target, configuration, draft),
            Reading::Absent => {}
            Reading::Unreadable(cause) => {
                let subject = Subject::Server(target.site.clone(), target.pool.clone(), target.server.clone());
                draft.unreadable(subject, Layer::Iis, &cause);
            }
        }
    }
}

fn inspect_server(target: &Target<'_>, configuration: &IisConfiguration, draft: &mut Draft) {
    let Some(declared) = target.declared else { return };
    let mut locations = Vec::new();
    for expected in declared.iis.iter() {
        let location = &expected.location;
        let subject =
            Subject::Location(target.site.clone(), target.pool.clone(), target.server.clone(), location.clone());
        match configuration.effective(location) {
            Reading::Known(effective) => {
                let settings = expected.windows_authentication.differences(&effective);
                if settings.is_empty() {
                    continue;
                }
                let properties = settings.iter().map(|setting| PropertyChange {
                    name: Property::from(&setting.after),
                    before: Some(setting.before.value()),
                    after: Some(setting.after.value()),
                });
                draft.changes.push(Change {
                    subject,
                    layer: Layer::Iis,
                    action: ChangeAction::Update,
                    properties: properties.collect(),
                });
                locations.push(LocationChange { location: location.clone(), settings });
            }
            Reading::Absent => {
                let message = "the server has no such IIS location, so its settings are not planned";
                let hint = "correct the location in the file; site names differ by product: `Lync Server Internal Web Site` \
                            (2010, 2013), `Skype for Business Server Internal Web Site` (2015 on)";
                draft.find(Code::LocationMissing, subject, message, Some(hint.to_owned()));
            }
            Reading::Unreadable(cause) => draft.unreadable(subject, Layer::Iis, &cause),
        }
    }
    if !locations.is_empty() {
        plan_server(target, locations, draft);
    }
}

fn plan_server(target: &Target<'_>, locations: Vec<LocationChange>, draft: &mut Draft) {
    let as_it_was = |change: &LocationChange| Predicate::LocationIs {
        server: target.server.clone(),
        location: change.location.clone(),
        settings: change.settings.iter().map(|setting| setting.before.clone()).collect(),
    };
    let count: usize = locations.iter().map(|change| change.settings.len()).sum();
    let plural = if count == 1 { "setting differs" } else { "settings differ" };
    draft.step(Step {
        subject: Subject::Server(target.site.clone(), target.pool.clone(), target.server.clone()),
        run_on: RunOn::Server(target.server.clone()),
        after: Vec::new(),
        because: vec![format!("{count} {plural} from the file")],
        disrupts: None,
        consent: None,
        preconditions: locations.iter().map(as_it_was).collect(),
        touches: vec![target.site.clone()],
        action: Action::SetIis { server: target.server.clone(), locations },
    });
}
