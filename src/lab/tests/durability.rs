//! What is left when the program is killed, the disk is full, or several work at once.

use super::*;

#[test]
fn whatever_is_derived_is_completed_on_opening() {
    let (_folder, lab) = healthy();
    lab.perform(&rotate()).unwrap();
    let good = crate::snapshot::read(&lab.folder).unwrap();
    for broken in ["assignments.json", "directory.json", "snapshot.json", "servers/fe01.contoso.com/kerberos.json"] {
        fs::write(lab.folder.join(broken), "[]").unwrap();
    }
    fs::write(lab.folder.join(".writing-abc"), "half").unwrap();
    fs::write(lab.folder.join("servers/fe01.contoso.com/.writing-abc"), "half").unwrap();
    drop(Lab::open(&lab.folder).unwrap());
    let again = crate::snapshot::read(&lab.folder).unwrap();
    assert_eq!(again.origin.digest, good.origin.digest);
    assert_eq!(again.collected_at, good.collected_at);
    assert!(!lab.folder.join(".writing-abc").exists());
    assert!(!lab.folder.join("servers/fe01.contoso.com/.writing-abc").exists());
}

/// A folder in a file's place: no user, not even root, can then write the file.
fn block(path: &Path) -> impl FnOnce() + use<> {
    let aside = path.with_extension("aside");
    let there = path.exists();
    if there {
        fs::rename(path, &aside).unwrap();
    }
    fs::create_dir(path).unwrap();
    let path = path.to_owned();
    move || {
        fs::remove_dir(&path).unwrap();
        if there {
            fs::rename(&aside, &path).unwrap();
        }
    }
}

#[test]
fn a_lab_that_cannot_be_written_says_so_and_loses_nothing() {
    let (_folder, lab) = healthy();
    let before = lab.memory().unwrap();
    let unblock = block(&lab.state.join("lab-calls.jsonl"));
    let error = lab.perform(&rotate()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "nothing was begun");
    assert!(error.message.contains("lab-calls.jsonl cannot be written: "), "{error}");
    unblock();
    assert_eq!(lab.memory().unwrap(), before);

    let unblock = block(&lab.folder.join("directory.json"));
    let error = lab.perform(&rotate()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::OutcomeUnknown, "it has happened, and the snapshot does not show it");
    assert!(error.message.contains("directory.json could not be written: "), "{error}");
    unblock();
    let shown = || {
        let account =
            crate::snapshot::read(&lab.folder).unwrap().directory.known().unwrap().accounts[&name(ACCOUNT)].clone();
        account.known().unwrap().key_version
    };
    assert_eq!(shown(), Some(2));
    lab.perform(&test("Dublin")).unwrap();
    assert_eq!(shown(), Some(3), "the next change completes it");
}

#[test]
fn what_a_large_lab_derives_is_of_the_moment_of_its_lab_json() {
    let (_folder, lab) = healthy();
    lab.change(|world| {
        let more = (0..4000).map(|at| (name(&format!("more{at}.contoso.com")), ServerMemory::default()));
        world.memory.servers.extend(more);
    })
    .unwrap();
    let folder = lab.folder.clone();
    let version = |actual: &crate::model::Actual| {
        actual.directory.known().unwrap().accounts[&name(ACCOUNT)].known().unwrap().key_version
    };
    let shown = || version(&crate::snapshot::read(&folder).unwrap());
    let in_file = || {
        let memory: Memory = serde_json::from_slice(&fs::read(folder.join("lab.json")).unwrap()).unwrap();
        memory.account(&name(ACCOUNT)).unwrap().key_version
    };
    let rotated = |lab: &Lab| lab.perform(&rotate()).unwrap();
    assert_eq!((shown(), in_file()), (Some(2), Some(2)));
    rotated(&lab);
    assert_eq!((shown(), in_file()), (Some(2), Some(2)), "what changed is noted");
    assert_eq!(version(&lab.read().unwrap()), Some(3));
    assert_eq!((shown(), in_file()), (Some(3), Some(3)), "somebody has read");
    rotated(&lab);
    std::mem::forget(lab); // it was killed
    assert_eq!((shown(), in_file()), (Some(3), Some(3)));
    let lab = Lab::open(&folder).unwrap();
    assert_eq!((shown(), in_file()), (Some(4), Some(4)), "the next one completes it");
    rotated(&lab);
    let unblock = block(&folder.join("directory.json"));
    let error = lab.close().unwrap_err().to_string();
    assert!(error.ends_with("directory.json could not be written"), "{error}");
    unblock();
    assert_eq!((shown(), in_file()), (Some(4), Some(5)));
    assert!(Lab::has_notes(&folder), "whoever reads is told to open it first");
    let lab = Lab::open(&folder).unwrap();
    assert_eq!((shown(), in_file()), (Some(5), Some(5)));
    rotated(&lab);
    drop(lab);
    assert_eq!((shown(), in_file(), Lab::has_notes(&folder)), (Some(6), Some(6), false), "it has ended");
}

#[test]
fn what_another_program_left_half_written_is_completed_by_whoever_reads() {
    let (_folder, lab) = healthy();
    let other = Lab::open(&lab.folder).unwrap();
    let path = lab.folder.join("directory.json");
    let before = fs::read(&path).unwrap();
    lab.perform(&rotate()).unwrap();
    let after = fs::read(&path).unwrap();
    assert_ne!(before, after);
    fs::write(&path, &before).unwrap(); // it was killed after lab.json
    other.read().unwrap();
    assert_eq!(fs::read(&path).unwrap(), after);
}

/// Every state that a kill can leave between two writes: the files of the state after, in the order of their writing,
/// the others still of the state before.
#[test]
fn a_kill_between_any_two_writes_is_completed() {
    let (_folder, lab) = healthy();
    let read_all = || {
        let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        for name in ["lab.json", "assignments.json", "directory.json"] {
            files.push((name.into(), fs::read(lab.folder.join(name)).unwrap()));
        }
        for server in lab.memory().unwrap().servers.keys() {
            let path = Path::new("servers").join(server.as_str()).join("kerberos.json");
            files.push((path.clone(), fs::read(lab.folder.join(path)).unwrap()));
        }
        files.push(("snapshot.json".into(), fs::read(lab.folder.join("snapshot.json")).unwrap()));
        files
    };
    let before = read_all();
    lab.change(|world| {
        let key = world.memory.new_key();
        let object = world.memory.account_mut(&name(ACCOUNT)).unwrap();
        (object.key, object.key_version) = (key, Some(9));
        world.memory.assignments.remove(&name::<crate::model::SiteName>("Dublin"));
        world.memory.now += TICK;
        let servers: Vec<ServerFqdn> = world.memory.servers.keys().cloned().collect();
        world.renew(&servers);
    })
    .unwrap();
    let after = read_all();
    let differing = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert_eq!(differing, before.len() - 1, "every file changes but that of the server without an account");
    for written in 0..=after.len() {
        for (path, bytes) in after[..written].iter().chain(&before[written..]) {
            fs::write(lab.folder.join(path), bytes).unwrap();
        }
        let expected = if written == 0 { &before } else { &after };
        Lab::open(&lab.folder).unwrap();
        assert_eq!(&read_all(), expected, "killed after {written} of the writes");
    }
}

#[test]
fn a_publication_that_was_due_is_made_on_opening() {
    let (_folder, lab) = healthy();
    let topology = fs::read(lab.folder.join("topology.xml")).unwrap();
    lab.inject(&Fault::TopologyPublished(1)).unwrap();
    let signature = || lab.session().unwrap().world.topology().unwrap().signature.clone();
    let first = signature();
    lab.perform(&test("Dublin")).unwrap();
    let second = signature();
    assert_ne!(first, second, "published with the first call");
    let mut memory = lab.memory().unwrap();
    memory.publication = Some(Publication { calls: 0, signature: second.clone().unwrap() });
    fs::write(lab.folder.join("lab.json"), serde_json::to_string(&memory).unwrap()).unwrap();
    fs::write(lab.folder.join("topology.xml"), &topology).unwrap();
    Lab::open(&lab.folder).unwrap();
    assert_eq!(signature(), second);
    assert_eq!(lab.memory().unwrap().publication, None);
}

#[test]
fn the_end_is_the_same_in_whichever_order_and_on_how_many_threads() {
    let servers = ["fe02.contoso.com", "fe03.contoso.com", "dir01.contoso.com", "se01.contoso.com"];
    let end = |threads: bool| {
        let (_folder, lab) = healthy();
        for server in servers {
            lab.inject(&Fault::StalePassword(name(server))).unwrap();
        }
        std::thread::scope(|scope| {
            for server in servers {
                let one = || lab.perform(&copy("fe01.contoso.com", server)).unwrap();
                if threads {
                    scope.spawn(one);
                } else {
                    one();
                }
            }
        });
        assert_eq!(lab.calls().unwrap().iter().filter(|call| call.outcome == Some(Outcome::Done)).count(), 4);
        let mut memory = lab.memory().unwrap();
        for reading in memory.servers.values_mut().filter_map(|server| server.reading.as_mut()) {
            reading.at = Timestamp::UNIX_EPOCH;
        }
        memory
    };
    assert_eq!(end(true), end(false), "but for when each was tested");
}

#[test]
fn secrets_are_stripped_on_entry() {
    let (_folder, lab) = healthy();
    let path = lab.folder.join("servers/fe01.contoso.com/applicationHost.config");
    let text = fs::read_to_string(&path).unwrap();
    let utf16 =
        |text: &str| -> Vec<u8> { format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let site = |password: &str| text.replace("physicalPath=", &format!("password=\"{password}\" physicalPath="));
    fs::write(&path, utf16(&site("[enc:AesProvider:hunter2:enc]"))).unwrap();
    Lab::open(&lab.folder).unwrap();
    assert_eq!(fs::read(&path).unwrap(), utf16(&site("")), "and encoding and byte order mark stay");
}

#[test]
fn two_programs_lose_nothing_of_each_other() {
    let (_folder, lab) = healthy();
    let other = Lab::open(&lab.folder).unwrap();
    let number = lab.memory().unwrap().next_key;
    std::thread::scope(|scope| {
        for lab in [&lab, &other] {
            scope.spawn(|| {
                for _ in 0..5 {
                    lab.perform(&rotate()).unwrap();
                }
            });
        }
    });
    let memory = lab.memory().unwrap();
    assert_eq!(memory.next_key, number + 10);
    assert_eq!(memory.account(&name(ACCOUNT)).unwrap().key_version, Some(2 + 10));
    let done = lab.calls().unwrap().iter().filter(|call| call.outcome == Some(Outcome::Done)).count();
    assert_eq!(done, 10, "each call has its own end");
}

#[test]
fn a_folder_that_is_no_lab_is_left_alone() {
    let none = crate::scratch::scratch();
    assert!(matches!(Lab::open(none.path()), Err(LabError::None(_))));
    assert!(matches!(Lab::open(&none.path().join("missing")), Err(LabError::None(_))));
    assert!(Lab::adopt(none.path()).is_err());
    assert_eq!(fs::read_dir(none.path()).unwrap().count(), 0);
}
