//! The login: where its password comes from, and where it is tried.

use crate::scene::{PASSWORD, Scene, WRONG, asking, controller, texts};
use std::fs;
use std::net::TcpListener;

#[test]
fn the_password_may_stand_in_a_file_as_windows_writes_it() {
    let Some(controller) = controller() else { return };
    let scene = Scene::new(&[r"CONTOSO\auditor"], &["file.contoso.com"]);
    let utf16: Vec<u8> = format!("\u{feff}{PASSWORD}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = format!("\u{feff}{PASSWORD}\r\n").into_bytes();
    for content in [format!("{PASSWORD}\n").into_bytes(), marked, utf16] {
        fs::write(scene.folder.path().join("password"), content).unwrap();
        let options = asking(controller, false);
        let ran = scene.collect_with(WRONG, &[&texts(&options)[..], &["--password-file", "password"]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.said);
    }
}

#[test]
fn the_next_server_is_asked_unless_the_login_was_refused() {
    let Some(controller) = controller() else { return };
    let scene = Scene::new(&[r"CONTOSO\auditor"], &["next.contoso.com"]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = format!("ldaps://127.0.0.1:{free}");
    let options = asking(controller, false);
    let mut arguments = vec!["--directory", &down];
    arguments.extend(texts(&options));
    let ran = scene.collect(&arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(ran.said.contains(&format!("note: {down}: connecting failed")), "{}", ran.said);
    arguments.rotate_left(2);
    let ran = scene.collect_with(WRONG, &arguments);
    assert_eq!((ran.code, ran.said.contains("connecting failed")), (Some(5), false), "{}", ran.said);
}
