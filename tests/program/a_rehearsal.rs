//! The rehearsal of the README, run as it stands.
#![cfg(unix)]
use crate::scratch::scratch;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_rehearsal_runs_as_it_stands() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let script = readme.split("## A rehearsal").nth(1).unwrap().split("```sh\n").nth(1).unwrap();
    let script = script.split("```").next().unwrap();

    let folder = scratch();
    std::os::unix::fs::symlink(root.join("examples"), folder.path().join("examples")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_cskerb")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output =
        Command::new("sh").args(["-eu", "-c", script]).current_dir(folder.path()).env("PATH", path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for part in ["Enable-CsTopology: required", "cut off", "going on with run", "verified: everything is as declared"] {
        assert!(said.contains(part), "it does not say {part:?}: {said}");
    }
    assert_eq!(said.matches("is finished").count(), 2, "the apply and its way back: {said}");
    assert!(!folder.path().join("rehearsal").exists());
}
