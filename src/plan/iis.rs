//! IIS settings: the effective value at each declared location against the declared one.

use super::draft::Draft;
use super::survey::{Survey, Target};
use super::{
    Action, Change, ChangeAction, Layer, LocationChange, Predicate, Property, PropertyChange, RunOn, SHARE, Step,
    Subject,
};
use crate::codes::Code;
use crate::model::{
    Cause, Edited, ExpectedLocation, IisConfiguration, LocationPath, Reading, Setting, SettingChange,
    WindowsAuthentication,
};
use rayon::prelude::*;

/// One step a server, whatever account its site has: the settings stand by themselves, and so servers are compared side
/// by side.
pub(super) fn inspect(survey: &Survey<'_>, draft: &mut Draft) {
    draft.add_each(survey.targets.par_chunks(SHARE), |targets, draft| {
        for target in targets {
            inspect_target(survey, target, draft);
        }
    });
}

fn inspect_target(survey: &Survey<'_>, target: &Target<'_>, draft: &mut Draft) {
    let Some(declared) = target.declared.filter(|server| !server.iis.is_empty()) else { return };
    match survey.actual.iis(&declared.fqdn) {
        Reading::Known(configuration) => inspect_server(target, configuration, draft),
        Reading::Absent => {}
        Reading::Unreadable(cause) => {
            let subject = Subject::Server(target.site.clone(), target.pool.clone(), target.server.clone());
            draft.unreadable(subject, Layer::Iis, &cause);
        }
    }
}

/// The locations from the outermost inwards: what one writes, those below it may inherit, so each next one is compared
/// with what it has now and with what it will then have.
fn inspect_server(target: &Target<'_>, configuration: &IisConfiguration, draft: &mut Draft) {
    let Some(declared) = target.declared else { return };
    let mut expected: Vec<&ExpectedLocation> = declared.iis.iter().collect();
    expected.sort_by_key(|expected| expected.location.parents().count());
    let mut then = Edited::new(configuration);
    let mut locations = Vec::new();
    for expected in expected {
        let location = &expected.location;
        match configuration.effective(location) {
            Reading::Known(now) => {
                let settings = settings_to_write(expected, &now, &mut then);
                if settings.is_empty() {
                    continue;
                }
                locations.push(LocationChange { location: location.clone(), settings });
            }
            Reading::Absent => {
                let message = "the server has no such IIS location, so its settings are not planned";
                let hint = "correct the location in the file; site names differ by product: `Lync Server Internal Web Site` \
                            (2010, 2013), `Skype for Business Server Internal Web Site` (2015 on)";
                draft.find(Code::LocationMissing, subject(target, location), message, Some(hint.to_owned()));
            }
            Reading::Unreadable(cause) => draft.unreadable(subject(target, location), Layer::Iis, &cause),
        }
    }
    if locations.is_empty() {
        return;
    }
    locations.iter().filter_map(|change| difference(target, change)).for_each(|change| draft.changes.push(change));
    let broken = broken_below(configuration, &then, &locations);
    if broken.is_empty() {
        plan_server(target, locations, draft);
    }
    for (location, cause) in broken {
        let message = format!("the IIS settings of this server are not planned: {location} would break: {cause}");
        let hint = format!("declare the providers of {location} too, or take its `add` away");
        draft.find(Code::LocationWouldBreak, subject(target, location), message, Some(hint));
    }
}

fn subject(target: &Target<'_>, location: &LocationPath) -> Subject {
    Subject::Location(target.site.clone(), target.pool.clone(), target.server.clone(), location.clone())
}

/// What is to be written at one location, which is written in `then`: what differs `now`, and what would once the
/// locations above it are written.
fn settings_to_write(
    expected: &ExpectedLocation,
    now: &WindowsAuthentication,
    then: &mut Edited<'_>,
) -> Vec<SettingChange> {
    let location = &expected.location;
    let declared = &expected.windows_authentication;
    let mut inherited = if then.is_unchanged() { Reading::Known(now.clone()) } else { then.effective(location) };
    let mut clash = None;
    if let (None, Some(providers)) = (inherited.known(), &declared.providers) {
        // A provider of its own that is then added a second time: its list has to be written whole.
        clash = Some(Setting::Providers(providers.clone()));
        then.set(location, &Setting::Providers(providers.clone()));
        inherited = then.effective(location);
    }
    let mut changes = Vec::new();
    for after in declared.settings() {
        let before = now.in_effect(&after);
        let stays = inherited.known().is_none_or(|inherited| inherited.in_effect(&after) == after);
        if !stays {
            then.set(location, &after);
        }
        if before != after || !stays || clash.as_ref() == Some(&after) {
            changes.push(SettingChange { before, after });
        }
    }
    changes
}

/// The locations that IIS can read now and could not once these are written, each with the cause.
fn broken_below<'c>(
    now: &'c IisConfiguration,
    then: &Edited<'_>,
    changes: &[LocationChange],
) -> Vec<(&'c LocationPath, Cause)> {
    let of_providers = |setting: &SettingChange| matches!(setting.after, Setting::Providers(_)) && setting.differs();
    let above: Vec<&LocationPath> = (changes.iter())
        .filter(|change| change.settings.iter().any(of_providers))
        .map(|change| &change.location)
        .collect();
    let below = || now.locations.iter().filter(|(path, _)| above.iter().any(|above| path.is_below(above)));
    if !below().any(|(_, layer)| layer.may_clash()) {
        return Vec::new();
    }
    let below = below().map(|(path, _)| path);
    let broken = |path: &&LocationPath| now.effective(path).known().is_some();
    below.filter(broken).filter_map(|path| Some((path, then.effective(path).cause()?.clone()))).collect()
}

/// What differs at one location; `None` where it only has to be kept.
fn difference(target: &Target<'_>, change: &LocationChange) -> Option<Change> {
    let differing = change.settings.iter().filter(|setting| setting.differs());
    let properties: Vec<PropertyChange> = differing
        .map(|setting| PropertyChange {
            name: Property::from(&setting.after),
            before: Some(setting.before.value()),
            after: Some(setting.after.value()),
        })
        .collect();
    (!properties.is_empty()).then(|| Change {
        subject: subject(target, &change.location),
        layer: Layer::Iis,
        action: ChangeAction::Update,
        properties,
    })
}

fn plan_server(target: &Target<'_>, locations: Vec<LocationChange>, draft: &mut Draft) {
    let as_it_was = |change: &LocationChange| Predicate::LocationIs {
        server: target.server.clone(),
        location: change.location.clone(),
        settings: change.settings.iter().map(|setting| setting.before.clone()).collect(),
    };
    let mut because = vec!["its settings are not as declared".to_owned()];
    if locations.iter().flat_map(|change| &change.settings).any(|setting| !setting.differs()) {
        let why = "settings that a location inherits are written too, so that they stay when the one above it changes";
        because.push(why.to_owned());
    }
    draft.step(Step {
        subject: Subject::Server(target.site.clone(), target.pool.clone(), target.server.clone()),
        run_on: RunOn::Server(target.server.clone()),
        after: Vec::new(),
        because,
        disrupts: None,
        consent: None,
        preconditions: locations.iter().map(as_it_was).collect(),
        touches: vec![target.site.clone()],
        action: Action::SetIis { server: target.server.clone(), locations },
    });
}
