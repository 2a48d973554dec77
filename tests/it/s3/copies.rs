//! Copies that the service makes by itself.

use std::sync::atomic::Ordering;

use pipeform::connect::Cancel;
use pipeform::connect::s3::Known;

use super::fixture::{Fixture, digest};

#[test]
fn the_service_copies_in_parts_and_an_object_that_changes_leaves_what_was_there() {
    let f = Fixture::new("in-parts");
    let (path, bytes) = f.file("large", 27_000_001);
    f.upload("from", &path);
    let head = f.runtime.block_on(f.endpoint.head(&f.at("from"))).unwrap();
    let (from, target, on_bytes, cancel) =
        (f.at("from"), f.target("to"), f.on_bytes(), Cancel::new());
    let before = f.moved.load(Ordering::Relaxed);
    let step = 5 * 1024 * 1024;
    let copied = f
        .endpoint
        .copy_parts((&from, &head), &target, step, (&on_bytes, &cancel));
    f.runtime.block_on(copied).unwrap();
    assert_eq!(f.moved.load(Ordering::Relaxed) - before, 27_000_001);
    let seen = f.server.look(&["ls", "in-parts", "to"]);
    assert_eq!(seen, format!("27000001 {} \"to\"\n", digest(&bytes)));
    let labels = f.server.look(&["head", "in-parts", "to"]);
    assert!(labels.contains("-6\\\""), "six parts: {labels}");
    // It is another one now.
    let (other, _) = f.file("other", 27_000_001 - 1);
    f.upload("from", &other);
    let copied = f
        .endpoint
        .copy_parts((&from, &head), &target, step, (&on_bytes, &cancel));
    let error = f.runtime.block_on(copied).unwrap_err().to_string();
    assert!(error.contains("it has changed"), "{error}");
    assert_eq!(f.download("to"), bytes);
    assert_eq!(f.server.look(&["uploads", "in-parts"]), "");
}

#[test]
fn the_service_copies_only_what_a_list_says() {
    let f = Fixture::new("listed");
    let (path, _) = f.file("one", 16);
    f.upload("from", &path);
    let listed = |size| Known {
        size,
        ..Known::default()
    };
    let (target, on_bytes, cancel) = (f.target("to"), f.on_bytes(), Cancel::new());
    let (from, other, right) = (f.at("from"), listed(3), listed(16));
    let copy = f.endpoint.copy(&from, &other, &target, &on_bytes, &cancel);
    let error = f.runtime.block_on(copy).unwrap_err().to_string();
    assert!(error.contains("it had 3 bytes and has 16"), "{error}");
    let copy = f.endpoint.copy(&from, &right, &target, &on_bytes, &cancel);
    f.runtime.block_on(copy).unwrap();
    assert_eq!(f.download("to").len(), 16);
}
