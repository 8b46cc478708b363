//! What becomes of a folder that is already there.

use crate::scene::{Scene, WRONG, asking, controller, texts};
use serde_json::Value;
use std::fs;

#[test]
fn a_folder_is_added_to_and_a_lab_is_not() {
    let Some(controller) = controller() else { return };
    controller.create_computer("added", "Added-pass-1", &["http/added.contoso.com"]);
    let scene = Scene::new(&[r"CONTOSO\other"], &["other.contoso.com"]);
    let out = scene.out();
    fs::create_dir(&out).unwrap();
    fs::write(out.join("assignments.json"), r#"[{"identity":"site:Oslo","userAccount":"CONTOSO\\added"}]"#).unwrap();
    let former = r#"{"formatVersion":"1.0","collectedAt":"2026-01-01T00:00:00Z","product":"sfb-2019",
        "askedFor":{"sites":["Oslo"],"accounts":["CONTOSO\\old"]}}"#;
    fs::write(out.join("snapshot.json"), former).unwrap();
    fs::write(out.join("directory.json"), r#"{"aesKeysSince":"2012-04-01T00:00:00Z"}"#).unwrap();
    let options = asking(controller, false);

    let failed = scene.collect_with(WRONG, &texts(&options));
    assert_eq!(failed.code, Some(5), "{}", failed.said);
    assert_eq!(fs::read_to_string(out.join("snapshot.json")).unwrap(), former, "nothing was read: now does not move");
    assert!(scene.account(r"CONTOSO\added")["error"].is_string());

    let ran = scene.collect(&texts(&options));
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert_eq!(scene.account(r"CONTOSO\added")["computer"], true, "assigned, though not declared");
    assert_eq!(scene.account(r"CONTOSO\other")["exists"], false, "declared, though not assigned");
    assert_eq!(scene.directory()["aesKeysSince"], "2012-04-01T00:00:00Z");
    let description: Value = serde_json::from_str(&fs::read_to_string(out.join("snapshot.json")).unwrap()).unwrap();
    assert_eq!(description["product"], "sfb-2019");
    assert_eq!(description["askedFor"]["sites"], serde_json::json!(["Oslo"]));
    assert_eq!(description["askedFor"]["accounts"], serde_json::json!([r"CONTOSO\added", r"CONTOSO\other"]));
    assert_ne!(description["collectedAt"], "2026-01-01T00:00:00Z");

    fs::write(out.join("lab.json"), "{}").unwrap();
    let ran = scene.collect(&texts(&options));
    assert_eq!((ran.code, ran.said.contains("is a lab")), (Some(1), true), "{}", ran.said);
}
