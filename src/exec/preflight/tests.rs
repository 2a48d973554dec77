use super::*;
use crate::connect::place::S3Place;
use crate::connect::s3::Encryption;
use crate::connect::sqlite::Database;
use crate::connect::sqlite::Params;

fn missing(found: &Found) -> Option<&str> {
    match found {
        Found::There => None,
        Found::Missing { detail, .. } | Found::Doubtful { detail, .. } => Some(detail),
    }
}

#[test]
fn programs_are_looked_for_on_the_path() {
    assert_eq!(program("sh", "/nowhere:/bin:/usr/bin"), Found::There);
    assert_eq!(program("/bin/sh", ""), Found::There);
    for (name, path) in [("sh", "/nowhere"), ("/etc/passwd", ""), ("/no/such", "")] {
        assert!(
            matches!(program(name, path), Found::Doubtful { .. }),
            "{name}"
        );
    }
}

#[test]
fn what_runs_a_script_is_looked_for_too() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path().join("count");
    for (text, lacks) in [
        ("echo no first line", None),
        ("#!/bin/sh\nexit", None),
        ("#!/usr/bin/env sh\nexit", None),
        ("#!/usr/bin/env nosuch\nexit", Some("`nosuch`")),
        ("#!/usr/bin/env -S A=1 nosuch -u\nexit", Some("`nosuch`")),
        ("#! /no/such/sh -e\nexit", Some("`/no/such/sh`")),
    ] {
        let mut file = File::create(&at).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        let found = script(&at, "/usr/bin:/bin");
        match lacks {
            None => assert_eq!(found, Found::There, "{text}"),
            Some(name) => {
                assert!(matches!(found, Found::Doubtful { .. }), "{text}");
                assert!(missing(&found).unwrap().contains(name), "{found:?}");
            }
        }
    }
    let found = script(&place.path().join("none"), "");
    assert!(matches!(found, Found::Missing { .. }), "{found:?}");
}

#[test]
fn a_table_that_is_read_is_looked_for_in_its_database() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("db");
    let connection = format!("sqlite:{}", path.display());
    let doubt = |table: &str| missing(&rows(&connection, table)).map(str::to_owned);
    assert!(doubt("clicks").unwrap().contains("does not exist"));
    let database = Database::open(&connection, true, &Cancel::new()).unwrap();
    let make = "CREATE TABLE Clicks (day TEXT)";
    database.script(make, &Params::default()).unwrap();
    assert_eq!(doubt("clicks"), None);
    assert!(doubt("visits").unwrap().contains("`visits`"));
}

#[test]
fn data_that_nothing_brings_may_come_yet() {
    let place = tempfile::tempdir().unwrap();
    assert_eq!(data(place.path()), Found::There);
    let found = data(&place.path().join("list.csv"));
    assert!(matches!(found, Found::Doubtful { .. }), "{found:?}");
    assert!(missing(&found).unwrap().contains("list.csv"));
}

#[test]
fn of_a_bucket_only_the_place_that_is_used_is_looked_at() {
    let at = Location::parse("s3://acme/logs/2026-11-01/").unwrap();
    let settings = Settings::default();
    let place = Place::S3(Box::new(S3Place {
        settings: settings.clone(),
        at: at.clone(),
        encryption: Encryption::Bucket,
        manifest: None,
    }));
    assert_eq!(Need::writable(&place), Need::Bucket(settings, at));
    assert_eq!(Need::reachable(&place), Some(Need::writable(&place)));
    assert_eq!(Need::listing(&place), None);
    let Place::S3(listed) = place else {
        panic!("it is in S3");
    };
    let manifest = Location::parse("s3://lists/of-day").unwrap();
    let listed = Place::S3(Box::new(S3Place {
        manifest: Some(manifest.clone()),
        ..*listed
    }));
    let list = Need::Bucket(Settings::default(), manifest);
    assert_eq!(Need::listing(&listed), Some(list));
}

#[test]
fn a_cluster_reads_what_is_in_s3_and_not_of_aws() {
    let of = |place: &str| Need::on_cluster(&Settings::default(), place);
    let at = Location::parse("s3://acme/code/x.jar").unwrap();
    let wanted = Need::OnCluster(Settings::default(), at);
    assert_eq!(of("s3://acme/code/x.jar"), Some(wanted));
    for other in [
        "command-runner.jar",
        "/usr/lib/hadoop/x.jar",
        "s3://elasticmapreduce/libs/x.jar",
        "s3://eu-west-1.elasticmapreduce/libs/x.jar",
        "s3://dynamodb-emr-us-east-1/x.jar",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
}

#[test]
fn databases_are_those_of_sqlite_in_directories_that_are_there() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let write = |name: &str, bytes: &[u8]| {
        let mut file = File::create(at(name)).unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
    };
    write("text", b"id,name\n1,a\n");
    write("empty", b"");
    write("db", b"SQLite format 3\0 and more");
    for name in ["empty", "db", "new"] {
        assert_eq!(database_file(&at(name)), Found::There, "{name}");
    }
    assert_eq!(database_file(Path::new(":memory:")), Found::There);
    let found = database_file(&at("text"));
    assert!(missing(&found).unwrap().contains("no database"));
    let found = database_file(&at("none/db"));
    assert!(missing(&found).unwrap().contains("there is no directory"));
}

#[test]
fn places_are_writable_when_what_is_there_of_them_is() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    File::create(at("file")).unwrap();
    assert_eq!(writable(&at("file")), Found::There);
    assert_eq!(writable(&at("a/b/c")), Found::There);
    let below = writable(&at("file/below"));
    assert!(missing(&below).is_some(), "{below:?}");
    assert_eq!(directory(place.path()), Found::There);
    assert!(
        missing(&directory(&at("file")))
            .unwrap()
            .contains("no directory")
    );
    assert!(missing(&directory(&at("none"))).is_some());
}
