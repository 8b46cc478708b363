//! What comes before the first call: the greeting, and a session on another computer. Nothing has happened yet.

use crate::contoso::CONTOSO;
use crate::declared::{load, name};
use crate::mischief::Mischief;
use crate::ran::not_done;
use crate::stage::{Stage, side_by_side};
use cskerb::apply::Unfinished;
use cskerb::lab::Fault;
use cskerb::live::shell::{Call, CallFailure, Effect, Launch, Limits, Place, Pool, Reach, Shell};
use std::time::{Duration, Instant};

/// Within this a process has begun, however busy the machine is.
const UNTIL_IT_HANGS: Duration = Duration::from_secs(3);

/// The stage with other time limits for what comes before a call.
fn pool(stage: &Stage, limits: Limits) -> Pool {
    Pool::new(Reach { limits, ..stage.pool.reach().clone() })
}

/// A process that does this where nothing was called yet fails with these words, and nothing was called; the next one
/// answers.
fn check(before: &str, what: Mischief, limits: Limits, said: &str) {
    let stage = Stage::new(load(CONTOSO));
    let pool = pool(&stage, limits);
    stage.mischief(before, what);
    let at = Place::Server(name("fe01.contoso.com"));
    let failure = pool.call(&at, &Call::Host).unwrap_err();
    assert!(failure.is_before_the_call(), "{before} {what:?}: {failure}");
    assert!(failure.to_string().contains(said), "{before} {what:?}: {failure}");
    assert_eq!(stage.mischief_left(), 0, "{before} {what:?}");
    pool.call(&at, &Call::Host).unwrap();
}

#[test]
fn nothing_was_called_where_the_greeting_or_the_session_goes_wrong() {
    let usual = Limits::default();
    let short = |before: &str| match before {
        "greeting" => Limits { start: UNTIL_IT_HANGS, ..Limits::default() },
        _ => Limits { connect: UNTIL_IT_HANGS, ..Limits::default() },
    };
    let cases = [
        ("greeting", Mischief::HangBefore, "it did not greet within 3 s"),
        ("greeting", Mischief::DieBefore, "OutOfMemoryException"),
        ("greeting", Mischief::NoJson, "its greeting is not understood"),
        ("greeting", Mischief::NotUtf8, "its greeting is not understood"),
        ("greeting", Mischief::AnotherNumber, "it speaks the protocol 2, not 1"),
        ("greeting", Mischief::Babble, "megabytes"),
        ("connect", Mischief::HangBefore, "no session within 3 s"),
        ("connect", Mischief::HangAfter, "no session within 3 s"),
        ("connect", Mischief::DieBefore, "OutOfMemoryException"),
        ("connect", Mischief::DieAfter, "OutOfMemoryException"),
        ("connect", Mischief::HalfALine, "not understood"),
        ("connect", Mischief::NoJson, "not understood"),
        ("connect", Mischief::NotUtf8, "not understood"),
        ("connect", Mischief::AnotherNumber, "replied to request"),
        ("connect", Mischief::Babble, "megabytes"),
    ];
    side_by_side(cases, |(before, what, said)| {
        let hangs = matches!(what, Mischief::HangBefore | Mischief::HangAfter);
        check(before, what, if hangs { short(before) } else { usual }, said);
    });
}

#[test]
fn a_session_that_is_opened_in_the_second_attempt_is_as_good() {
    let mut stage = Stage::new(load(CONTOSO));
    stage.lab.inject(&Fault::ProvidersReversed(name("fe01.contoso.com"))).unwrap();
    let plan = stage.plan(&stage.live());
    // Nobody is there whose session rests.
    stage.pool = pool(&stage, Limits::default());
    stage.mischief("connect", Mischief::DieBefore);
    let outcome = stage.run(&plan, &stage.live(), Unfinished::Refuse);
    assert_eq!(not_done(&outcome), [""; 0]);
    assert_eq!(stage.mischief_left(), 0);
}

#[test]
fn where_one_process_dies_the_others_answer() {
    let stage = Stage::new(load(CONTOSO));
    for _ in 0..2 {
        stage.mischief("holders", Mischief::DieBefore);
    }
    let answers: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..24)
            .map(|number| {
                let pool = &stage.pool;
                scope.spawn(move || {
                    let spn = format!("http/pool{number:02}.contoso.com");
                    let answer = pool.call(&Place::ManagementShell, &Call::Holders { spns: vec![name(&spn)] });
                    answer.map(|reply| assert_eq!(reply.output[0]["spn"], spn.as_str()))
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let lost = answers.iter().filter(|answer| matches!(answer, Err(CallFailure::Lost { .. }))).count();
    let answered = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!((lost, answered), (2, 22), "{answers:?}");
}

#[test]
fn so_many_processes_are_at_work_at_a_place_and_no_more() {
    let stage = Stage::new(load(CONTOSO));
    let parallel = stage.pool.reach().parallel.get();
    (0..parallel + 2).for_each(|_| stage.mischief("holders", Mischief::Linger));
    std::thread::scope(|scope| {
        for _ in 0..parallel + 2 {
            let pool = &stage.pool;
            let call = Call::Holders { spns: vec![name("http/pool01.contoso.com")] };
            scope.spawn(move || pool.call(&Place::ManagementShell, &call).unwrap());
        }
        let began = Instant::now();
        while stage.mischief_left() > 2 {
            assert!(began.elapsed() < Duration::from_mins(2), "{} are not at work", stage.mischief_left());
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(stage.mischief_left(), 2, "the others wait for one of these");
        stage.let_go();
    });
}

#[test]
fn what_may_go_on_elsewhere_is_told_apart() {
    let stage = Stage::new(load(CONTOSO));
    let copy = Call::CopyPassword {
        from: name("fe01.contoso.com"),
        to: name("fe02.contoso.com"),
        manner: cskerb::live::shell::Manner::Really,
        report: None,
    };
    let lost = |host: Option<&str>| {
        let pool = Pool::new(Reach { host: host.map(name), ..stage.pool.reach().clone() });
        stage.mischief("Set-CsKerberosAccountPassword", Mischief::DieBefore);
        match pool.call(&Place::ManagementShell, &copy) {
            Err(CallFailure::Lost { effect, .. }) => effect,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(lost(None), Effect::Unknown, "what runs here has ended with its process");
    assert_eq!(lost(Some("fe01.contoso.com")), Effect::GoesOn("fe01.contoso.com".to_owned()));
    stage.mischief("holders", Mischief::DieBefore);
    let question = Call::Holders { spns: vec![name("http/pool01.contoso.com")] };
    let failure = stage.pool.call(&Place::ManagementShell, &question).unwrap_err();
    assert!(matches!(failure, CallFailure::Lost { effect: Effect::Nothing, .. }), "{failure:?}");
    assert!(!failure.to_string().contains("not known"), "{failure}");
}

#[test]
fn a_shell_that_is_not_there_or_says_nothing_is_named() {
    let stage = Stage::new(load(CONTOSO));
    let at = |program: &str| {
        let launch = Launch::Here(program.to_owned());
        Pool::new(Reach { launch, ..stage.pool.reach().clone() })
            .call(&Place::ManagementShell, &Call::Host)
            .unwrap_err()
    };
    for program in ["/nowhere/pwsh", "false"] {
        let failure = at(program);
        assert!(matches!(&failure, CallFailure::NotStarted { program: named, .. } if named == program), "{failure}");
        assert!(failure.is_before_the_call());
    }
}

#[test]
fn another_server_that_answers_to_the_name_is_not_worked_on() {
    let stage = Stage::new(load(CONTOSO));
    let se01 = Place::Server(name("se01.contoso.com"));
    let read = Call::ReadAuthentication { location: name("Skype for Business Server Internal Web Site") };
    // Its FQDN is tried first, and answered by nobody.
    (0..2).for_each(|_| stage.mischief("connect", Mischief::AnotherServer));
    let failure = stage.pool.call(&se01, &read).unwrap_err();
    assert!(failure.is_before_the_call(), "{failure}");
    assert!(failure.to_string().contains("\"fe01.fabrikam.com\" answered to its name"), "{failure}");
    stage.pool.call(&se01, &read).unwrap();
}
