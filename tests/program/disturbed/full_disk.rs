//! A disk that is full: it is said, nothing is lost, and what was begun is finished once there is room.

use super::scene::{Scene, Undisturbed, said, side_by_side};
use cskerb::lab::Lab;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// What a run under a shell came to: the run without room, and the one that goes on with it.
struct Both {
    first: Output,
    then: Output,
}

/// The disk was too small: the program says so and how to go on, and going on ends as if nothing had happened.
///
/// Gives whether there was too little room at all.
fn check(undisturbed: &Undisturbed, scene: &Scene, room: &str, says: &str, both: &Both) -> bool {
    let (first, then) = (said(&both.first), said(&both.then));
    let failed = both.first.status.code() != Some(0);
    if failed {
        assert!(matches!(both.first.status.code(), Some(1 | 4)), "{room}: {:?} {first}", both.first.status);
        assert!(first.contains(says), "{room}: it does not say {says:?}, but:\n{first}");
        assert!(!first.contains("panicked"), "{room}: {first}");
        assert_eq!(both.then.status.code(), Some(0), "{room}:\n{first}\nthen\n{then}");
    }
    undisturbed.is_what_came_of(scene, &format!("{room}:\n{first}\nthen\n{then}"));
    failed
}

/// No file may grow beyond so many blocks of 512 bytes: what any user can set, and every write meets.
#[test]
fn a_file_that_cannot_grow_stops_the_run_and_nothing_is_lost() {
    let template = Scene::broken();
    let undisturbed = Undisturbed::new(&template.copy());
    let failed = side_by_side((0..112).step_by(8).collect(), |blocks| {
        let scene = template.copy();
        let apply = scene.command(&[]);
        let mut shell = Command::new("sh");
        shell.current_dir(scene.folder()).args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\""]);
        shell.arg(blocks.to_string()).arg(apply.get_program()).args(apply.get_args());
        let both = Both { first: shell.output().unwrap(), then: scene.apply(&["--resume"]) };
        check(&undisturbed, &scene, &format!("{blocks} blocks"), "File too large", &both)
    });
    assert!(failed[0], "without any room it cannot run");
    assert!(!failed[failed.len() - 1], "with much room it runs");
    let points = failed.iter().filter(|failed| **failed).count();
    assert!(points >= 6, "it failed at {points} points only");
}

/// The lab lies on a disk of its own in memory, which is filled up but for `$2` pages of 4 KiB.
const ON_A_SMALL_DISK: &str = r#"
set -e
mkdir small
mount -t tmpfs -o size=2m none small
cp -r lab contoso.yaml small/
cd small
free=$(df -Pk . | awk 'NR == 2 { print $4 }')
head -c $(( (free - 4 * $1) * 1024 )) /dev/zero > ballast
shift
set +e
"$@" > ../first.out 2> ../first.err
echo $? > ../first.code
rm ballast
"$@" --resume > ../then.out 2> ../then.err
echo $? > ../then.code
set -e
rm -r ../lab
cp -r lab ..
"#;

/// Whether a disk of one's own can be mounted here, in a namespace of one's own.
fn mounts(folder: &Path) -> bool {
    let tried = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none"]).arg(folder).output();
    tried.is_ok_and(|output| output.status.success())
}

#[test]
fn a_full_disk_stops_the_run_and_nothing_is_lost() {
    let template = Scene::broken();
    if !mounts(template.folder()) {
        println!("skipped: no disk can be mounted here (unshare -rm mount)");
        return;
    }
    let undisturbed = Undisturbed::new(&template.copy());
    let failed = side_by_side((0..26).step_by(2).collect(), |pages| {
        let scene = template.copy();
        let apply = scene.command(&[]);
        let mut shell = Command::new("unshare");
        shell.current_dir(scene.folder()).args(["-rm", "sh", "-c", ON_A_SMALL_DISK, "sh"]);
        shell.arg(pages.to_string()).arg(apply.get_program()).args(apply.get_args());
        let ran = shell.output().unwrap();
        assert!(ran.status.success(), "{pages} pages: {}", said(&ran));
        let both = Both { first: output(&scene, "first"), then: output(&scene, "then") };
        Lab::open(&scene.folder().join("lab")).unwrap();
        check(&undisturbed, &scene, &format!("{pages} pages"), "No space left on device", &both)
    });
    assert!(failed[0], "without any room it cannot run");
    let points = failed.iter().filter(|failed| **failed).count();
    assert!(points >= 5, "it failed at {points} points only");
}

/// What a run inside the shell said, and its exit code.
fn output(scene: &Scene, run: &str) -> Output {
    use std::os::unix::process::ExitStatusExt;
    let read = |kind: &str| fs::read(scene.folder().join(format!("{run}.{kind}"))).unwrap();
    let code: i32 = String::from_utf8(read("code")).unwrap().trim().parse().unwrap();
    Output { status: std::process::ExitStatus::from_raw(code << 8), stdout: read("out"), stderr: read("err") }
}
