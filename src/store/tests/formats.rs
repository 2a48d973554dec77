//! Where a state lies, who may read it, and files of other formats.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::Place;
use super::lock;
use super::object;
use crate::store::*;

#[test]
fn reading_what_is_not_there_creates_nothing() {
    let place = Place::new();
    let store = Store::read(&place.path()).unwrap();
    assert_eq!(store.head().unwrap().serial, 0);
    assert!(store.objects_at(0).unwrap().is_empty());
    assert!(!place.path().parent().unwrap().exists());
}

#[test]
fn only_the_owner_can_read_and_reading_leaves_nothing() {
    let place = Place::new();
    drop(place.open());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.path()), 0o600);
    assert_eq!(mode(place.path().parent().unwrap()), 0o700);
    drop(Store::read(&place.path()).unwrap());
    assert_eq!(place.names(), ["state.db"]);
}

/// A state as the first format had it, with one object.
fn first_format(place: &Place) {
    std::fs::create_dir(place.path().parent().unwrap()).unwrap();
    let connection = Connection::open(place.path()).unwrap();
    connection
        .execute_batch(include_str!("../migrations/001.sql"))
        .unwrap();
    connection
        .execute_batch(
            "PRAGMA application_id = 0x7070666d;
             PRAGMA user_version = 1;
             INSERT INTO meta (only_row, lineage, serial, fence) VALUES (1, 'old', 1, 0);
             INSERT INTO applies (serial, at, who, version, added, changed, destroyed)
             VALUES (1, 0, 'maria@laptop', '0.1.0', 1, 0, 0);
             INSERT INTO objects (address, from_serial, kind, type, pipeline, body)
             VALUES ('pipeline.p.activity.a', 1, 'activity', 'copy', 'pipeline.p', '{}');",
        )
        .unwrap();
}

#[test]
fn a_state_of_an_older_format_is_read_unchanged_and_migrated_when_it_is_written() {
    let place = Place::new();
    first_format(&place);
    let before = std::fs::read(place.path()).unwrap();
    let old = object("pipeline.p.activity.a", &json!({}));

    let store = Store::read(&place.path()).unwrap();
    assert_eq!(store.objects_at(1).unwrap(), std::slice::from_ref(&old));
    let applies = store.applies().unwrap();
    assert_eq!(applies.len(), 1);
    assert_eq!((applies[0].added, applies[0].forgotten), (1, 0));
    assert_eq!(store.untold_resources().unwrap(), []);
    drop(store);
    assert_eq!(std::fs::read(place.path()).unwrap(), before);

    let mut store = Store::open(&place.path()).unwrap();
    assert_eq!(store.objects_at(1).unwrap(), std::slice::from_ref(&old));
    let protected = StoredObject {
        lifecycle: Some(json!({"prevent_destroy": true, "conditions": []})),
        ..old.clone()
    };
    let apply = Apply {
        expected_serial: 1,
        puts: vec![protected.clone()],
        ..Apply::default()
    };
    store.apply(&lock(&place.path()), &apply).unwrap();
    let store = Store::read(&place.path()).unwrap();
    assert_eq!(store.objects_at(1).unwrap(), [old]);
    assert_eq!(store.objects_at(2).unwrap(), [protected]);
}

#[test]
fn a_newer_or_foreign_file_is_refused_and_unchanged() {
    let place = Place::new();
    drop(place.open());
    let raw = Connection::open(place.path()).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    let before = std::fs::read(place.path()).unwrap();
    for result in [Store::open(&place.path()), Store::read(&place.path())] {
        let message = result.unwrap_err().to_string();
        assert!(
            message.contains("99") && message.contains("newer"),
            "{message}"
        );
    }
    assert_eq!(std::fs::read(place.path()).unwrap(), before);

    let other = Place::new();
    std::fs::create_dir(other.path().parent().unwrap()).unwrap();
    let raw = Connection::open(other.path()).unwrap();
    raw.execute_batch("CREATE TABLE mine (a)").unwrap();
    drop(raw);
    assert!(matches!(
        Store::open(&other.path()),
        Err(StoreError::Foreign(_))
    ));

    let text = Place::new();
    std::fs::create_dir(text.path().parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(text.path()).unwrap();
    file.write_all(b"this is no database, but it is long enough to be one")
        .unwrap();
    drop(file);
    assert!(matches!(
        Store::open(&text.path()),
        Err(StoreError::Foreign(_))
    ));
}
