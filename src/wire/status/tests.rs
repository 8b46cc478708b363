//! The status of every scenario, as JSON.

use super::*;
use crate::{deployment, plan, snapshot};
use std::path::Path;

#[test]
fn the_status_of_every_scenario_fits_its_schema_and_is_read_back() {
    let validator = jsonschema::validator_for(&schema().to_value()).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parents = [root.join("examples"), root.join("tests/scenarios")];
    let mut checked = 0;
    for folder in parents.iter().flat_map(|parent| std::fs::read_dir(parent).unwrap()) {
        let folder = folder.unwrap().path();
        let Ok(bytes) = std::fs::read(folder.join("deployment.yaml")) else { continue };
        let Some(deployment) = deployment::load("deployment.yaml", &bytes).deployment else { continue };
        let actual = snapshot::read(&folder.join("snapshot")).unwrap();
        let text = Status::from(&plan::status(&deployment, &actual)).to_json().unwrap();
        let json = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", folder.display());
        let read: Status = serde_json::from_str(&text).unwrap();
        assert_eq!(read.to_json().unwrap(), text);
        checked += 1;
    }
    assert!(checked >= 20, "only {checked} scenarios were found");
}
