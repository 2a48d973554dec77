//! Saved plans: what their files may be, and what they depend on.

use std::io::Cursor;
use std::io::Write as _;

use proptest::prelude::*;
use serde_json::json;
use zip::ZipArchive;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::archive::ArchiveError;
use super::archive::pack;
use super::archive::unpack;
use super::archive::unpack_head;
use super::archive::unpack_within;
use super::key::Key;
use super::*;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn key(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

fn plan() -> SavedPlan {
    SavedPlan {
        made: Made {
            at: "2026-11-26T10:00:00Z".parse().expect("a moment"),
            who: "somebody@somewhere".to_owned(),
            version: "0.1.0".to_owned(),
            lineage: "a".to_owned(),
            serial: 7,
            workspace: "default".to_owned(),
            destroy: false,
            limited: Vec::new(),
            rerun: Vec::new(),
            in_flight: InFlight::Finish,
            max_runs: Some(3),
            commit: None,
        },
        operations: Operations {
            destroys: BTreeSet::from([Address::new("pipeline.p")]),
            ..Operations::default()
        },
        seen: Seen::from([(Address::new("pipeline.p"), Some("0".to_owned()))]),
        state: "00".to_owned(),
        configuration: Configuration {
            texts: BTreeMap::from([(
                "../../etc/main.pipe.hcl".to_owned(),
                "pipeline \"p\" {}".to_owned(),
            )]),
            variables: BTreeMap::from([("pw".to_owned(), Variable::Sensitive)]),
            ..Configuration::default()
        },
        warnings: Vec::new(),
        checks: vec![Checked {
            subject: Subject::Check,
            address: "check.c".to_owned(),
            status: CheckStatus::Fail,
            problems: vec!["It is wrong.".to_owned()],
        }],
        policies: None,
        before: json!({ "objects": { "secret": "hunter2" } }),
    }
}

/// The entries of a file, changed, as a file.
fn edited(bytes: &[u8], edit: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("an entry");
        let name = entry.name().expect("a name").into_owned();
        let mut content = Vec::new();
        std::io::copy(&mut entry, &mut content).expect("its content");
        if let Some(content) = edit(&name, content) {
            writer
                .start_file(name, SimpleFileOptions::default())
                .expect("an entry");
            writer.write_all(&content).expect("its content");
        }
    }
    writer.finish().expect("a zip").into_inner()
}

#[test]
fn what_is_packed_is_unpacked_and_twice_the_same() {
    let bytes = pack(&plan(), None).expect("a file");
    assert_eq!(bytes, pack(&plan(), None).expect("a file"));
    assert_eq!(unpack(&bytes, None).expect("a plan"), plan());
    let key = key(KEY);
    let bytes = pack(&plan(), Some(&key)).expect("a file");
    assert_eq!(unpack(&bytes, Some(&key)).expect("a plan"), plan());
}

#[test]
fn with_a_key_nothing_is_in_clear_and_nothing_can_be_changed() {
    let mine = key(KEY);
    let sealed = pack(&plan(), Some(&mine)).expect("a file");
    let entries = std::cell::RefCell::new(Vec::new());
    edited(&sealed, |name, content| {
        entries.borrow_mut().push((name.to_owned(), content));
        None
    });
    for (name, content) in entries.into_inner() {
        let text = String::from_utf8_lossy(&content);
        for secret in ["hunter2", "somebody", "pipeline", "main.pipe"] {
            assert!(!text.contains(secret), "{name} has {secret}");
        }
    }
    assert!(matches!(unpack(&sealed, None), Err(ArchiveError::NoKey)));
    let other = key(&KEY.replace('0', "1"));
    let wrong = unpack(&sealed, Some(&other));
    assert!(matches!(wrong, Err(ArchiveError::WrongKey)));
    let clear = pack(&plan(), None).expect("a file");
    let unsigned = unpack(&clear, Some(&mine));
    assert!(matches!(unsigned, Err(ArchiveError::Unsigned)));
    // An entry of one plan in another one.
    let mut another = plan();
    another.made.serial = 8;
    let another = pack(&another, Some(&mine)).expect("a file");
    let stolen = std::cell::RefCell::new(Vec::new());
    edited(&another, |name, content| {
        if name == "plan.json" {
            stolen.borrow_mut().clone_from(&content);
        }
        None
    });
    let mixed = edited(&sealed, |name, content| {
        Some(if name == "plan.json" {
            stolen.borrow().clone()
        } else {
            content
        })
    });
    assert!(matches!(
        unpack(&mixed, Some(&mine)),
        Err(ArchiveError::Changed(_))
    ));
}

#[test]
fn a_file_that_was_changed_is_refused() {
    let bytes = pack(&plan(), None).expect("a file");
    let changed = edited(&bytes, |name, content| {
        let text = String::from_utf8(content).expect("text");
        Some(if name == "plan.json" {
            text.replace("pipeline.p", "pipeline.q").into_bytes()
        } else {
            text.into_bytes()
        })
    });
    assert!(matches!(
        unpack(&changed, None),
        Err(ArchiveError::Changed(_))
    ));
    let missing = edited(&bytes, |name, content| {
        (name != "before.json").then_some(content)
    });
    assert!(matches!(
        unpack(&missing, None),
        Err(ArchiveError::Changed(_))
    ));
    let newer = edited(&bytes, |_, content| {
        let text = String::from_utf8(content).expect("text");
        Some(
            text.replace("\"format_version\": 1", "\"format_version\": 2")
                .into_bytes(),
        )
    });
    assert!(matches!(
        unpack(&newer, None),
        Err(ArchiveError::Version(2))
    ));
}

#[test]
fn a_head_is_a_plan_without_what_people_look_at() {
    let whole = plan();
    let bytes = pack(&whole, None).expect("a file");
    let head = unpack_head(&bytes, None).expect("a plan");
    assert_eq!((&head.state, &head.seen), (&whole.state, &whole.seen));
    assert!(head.before.is_null() && head.configuration.texts.is_empty());
    // What is left out is looked at all the same.
    let changed = edited(&bytes, |name, content| {
        let is_left_out = name == "before.json";
        Some(if is_left_out { b"{}".to_vec() } else { content })
    });
    assert!(matches!(
        unpack_head(&changed, None),
        Err(ArchiveError::Changed(_))
    ));
}

#[test]
fn texts_that_are_divided_otherwise_have_another_digest() {
    let digest = |parts: &[Option<&str>]| {
        let mut texts = Texts::default();
        for part in parts {
            texts.add(*part);
        }
        texts.digest()
    };
    let (one, other) = (digest(&[Some("a"), Some("b")]), digest(&[Some("ab"), None]));
    assert_ne!(one, other);
    assert_ne!(digest(&[None]), digest(&[Some("")]));
    assert_eq!(one, digest(&[Some("a"), Some("b")]));
}

#[test]
fn a_bomb_is_not_unpacked() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("pipeform.json", SimpleFileOptions::default())
        .expect("an entry");
    let zeros = vec![b' '; 1 << 20];
    writer.write_all(&zeros).expect("its content");
    let bomb = writer.finish().expect("a zip").into_inner();
    assert!(bomb.len() < 4 << 10);
    assert!(matches!(
        unpack_within(&bomb, None, 1 << 19),
        Err(ArchiveError::TooLarge(_))
    ));
}

#[test]
fn a_key_has_32_bytes() {
    for (text, good) in [
        (KEY, true),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", true),
        (" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", true),
        ("", false),
        ("secret", false),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", false),
    ] {
        assert_eq!(Key::parse(text).is_some(), good, "{text}");
    }
}

proptest! {
    #[test]
    fn damaged_files_are_refused_and_never_a_panic(at in 0_usize..2_000, byte: u8, cut in 0_usize..2_000) {
        let mut bytes = pack(&plan(), None).expect("a file");
        let at = at % bytes.len();
        bytes[at] = byte;
        // One changed byte that is not noticed is in what no one reads, e.g. a date of the zip.
        if let Ok(found) = unpack(&bytes, None) {
            prop_assert_eq!(found, plan());
        }
        bytes.truncate(cut % bytes.len());
        prop_assert!(unpack(&bytes, None).is_err());
    }
}

/// Objects that refer to each other: each by its address, its kind, its pipeline, what it refers to, what it writes.
fn state() -> BTreeMap<Address, Record> {
    let reference = |address: &str| json!({ "$ref": { "address": address } });
    let record = |kind: &str, pipeline: Option<&str>, uses: &[&str], writes: &[&str]| Record {
        kind: kind.to_owned(),
        type_name: String::new(),
        pipeline: pipeline.map(Address::new),
        body: json!({
            "uses": uses.iter().map(|it| reference(it)).collect::<Vec<_>>(),
            "output": writes.iter().map(|it| reference(it)).collect::<Vec<_>>(),
        }),
        lifecycle: None,
    };
    let objects = [
        ("schedule.daily", record("schedule", None, &[], &[])),
        ("schedule.weekly", record("schedule", None, &[], &[])),
        ("data_node.logs", record("data_node", None, &[], &[])),
        (
            "pipeline.p",
            record("pipeline", None, &["schedule.daily"], &[]),
        ),
        (
            "pipeline.p.activity.write",
            record("activity", Some("pipeline.p"), &[], &["data_node.logs"]),
        ),
        (
            "pipeline.q",
            record("pipeline", None, &["schedule.weekly"], &[]),
        ),
        (
            "pipeline.q.activity.read",
            record("activity", Some("pipeline.q"), &["data_node.logs"], &[]),
        ),
        (
            "pipeline.q.activity.other",
            record("activity", Some("pipeline.q"), &[], &[]),
        ),
    ];
    objects
        .into_iter()
        .map(|(address, record)| (Address::new(address), record))
        .collect()
}

fn seen_by(operations: &Operations) -> Vec<String> {
    let seen = seen(&state(), operations);
    seen.keys().map(ToString::to_string).collect()
}

#[test]
fn a_plan_depends_on_what_it_changes_its_users_what_they_use_and_who_writes_it() {
    let put = |address: &str| Operations {
        puts: BTreeMap::from([(
            Address::new(address),
            state()[&Address::new(address)].clone(),
        )]),
        ..Operations::default()
    };
    assert_eq!(
        seen_by(&put("pipeline.q.activity.other")),
        ["pipeline.q", "pipeline.q.activity.other", "schedule.weekly"]
    );
    assert_eq!(
        seen_by(&put("pipeline.q.activity.read")),
        [
            "data_node.logs",
            "pipeline.p",
            "pipeline.p.activity.write",
            "pipeline.q",
            "pipeline.q.activity.read",
            "schedule.daily",
            "schedule.weekly"
        ]
    );
    // All that is due by a schedule depends on it, and what reads the same as these.
    let schedule = seen_by(&put("schedule.weekly"));
    assert!(schedule.contains(&"pipeline.q.activity.other".to_owned()));
    assert!(schedule.contains(&"pipeline.p.activity.write".to_owned()));
    let moved = Operations {
        moves: BTreeMap::from([(
            Address::new("pipeline.q.activity.other"),
            Address::new("pipeline.q.activity.new"),
        )]),
        ..Operations::default()
    };
    assert!(seen(&state(), &moved)[&Address::new("pipeline.q.activity.new")].is_none());
}

#[test]
fn a_plan_depends_on_who_reads_what_it_changes_or_removes_the_writing_of() {
    let write = Address::new("pipeline.p.activity.write");
    let removed = Operations {
        destroys: BTreeSet::from([write.clone()]),
        ..Operations::default()
    };
    let readers = ["pipeline.q.activity.read", "pipeline.q", "schedule.weekly"];
    let seen_of = |operations: &Operations| {
        let seen = seen_by(operations);
        for reader in readers {
            assert!(seen.contains(&reader.to_owned()), "{seen:?}");
        }
        assert!(!seen.contains(&"pipeline.q.activity.other".to_owned()));
        seen
    };
    seen_of(&removed);
    // So does one in which it writes no longer, and one in which another begins to.
    let other = Address::new("pipeline.p.activity.new");
    let put = |address: &Address, body: Json| {
        let record = Record {
            body,
            ..state()[&write].clone()
        };
        Operations {
            puts: BTreeMap::from([(address.clone(), record)]),
            ..Operations::default()
        }
    };
    seen_of(&put(&write, json!({ "command": "true" })));
    seen_of(&put(&other, state()[&write].body.clone()));
    // A reader that is new makes another plan of it, and so does who reads what a reader writes.
    let mut objects = state();
    let before = seen(&objects, &removed);
    let read = objects[&Address::new("pipeline.q.activity.read")].clone();
    let reference = |address: &str| json!({ "$ref": { "address": address } });
    let sum = Record {
        body: json!({ "input": reference("data_node.logs"), "output": [reference("data_node.sum")] }),
        ..read.clone()
    };
    objects.insert(Address::new("pipeline.q.activity.sum"), sum);
    let with_sum = seen(&objects, &removed);
    assert_ne!(before, with_sum);
    let report = Record {
        body: json!({ "input": [reference("data_node.sum")] }),
        ..read
    };
    let report_address = Address::new("pipeline.q.activity.report");
    objects.insert(report_address.clone(), report);
    assert!(seen(&objects, &removed).contains_key(&report_address));
}

#[test]
fn a_plan_depends_on_what_it_runs_again_and_what_that_uses() {
    let interval = crate::time::Interval {
        start: "2026-11-25T00:00:00Z".parse().expect("a moment"),
        end: "2026-11-26T00:00:00Z".parse().expect("a moment"),
    };
    let again = Operations {
        reruns: vec![Again {
            instance: InstanceKey {
                object: Address::new("pipeline.q.activity.read"),
                interval,
            },
            attempts: 1,
        }],
        ..Operations::default()
    };
    assert_eq!(
        seen_by(&again),
        [
            "data_node.logs",
            "pipeline.p",
            "pipeline.p.activity.write",
            "pipeline.q",
            "pipeline.q.activity.read",
            "schedule.daily",
            "schedule.weekly"
        ]
    );
}

#[test]
fn a_move_into_a_pipeline_depends_on_what_that_says() {
    let moved = Operations {
        moves: BTreeMap::from([(
            Address::new("pipeline.q.activity.other"),
            Address::new("pipeline.p.activity.other"),
        )]),
        ..Operations::default()
    };
    let seen = seen_by(&moved);
    for entered in ["pipeline.p", "schedule.daily"] {
        assert!(seen.contains(&entered.to_owned()), "{seen:?}");
    }
}

#[test]
fn where_a_formula_is_written_is_no_part_of_what_an_object_is() {
    let mut objects = state();
    let put = Operations {
        destroys: BTreeSet::from([Address::new("pipeline.q.activity.other")]),
        ..Operations::default()
    };
    let before = seen(&objects, &put);
    let other = objects
        .get_mut(&Address::new("pipeline.q.activity.other"))
        .expect("an object");
    other.body["$at"] = json!({ "command": "main.pipe.hcl:9" });
    assert_eq!(before, seen(&objects, &put));
    let other = objects
        .get_mut(&Address::new("pipeline.q.activity.other"))
        .expect("an object");
    other.body["command"] = json!("true");
    assert_ne!(before, seen(&objects, &put));
}
