//! What changes, or is damaged, while it is read: an error that leaves what was there.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use pipeform::connect::Cancel;
use pipeform::connect::s3::{Checksum, Known, Source};

use super::fixture::{Fixture, endpoint};

#[test]
fn an_object_that_changes_is_an_error_and_never_a_mixture() {
    let f = Fixture::new("changes");
    let (path, _) = f.file("large", 40_000_000);
    f.upload("large", &path);
    let before = f.known("large");
    let (path, _) = f.file("other", 40_000_000);
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"!")
        .unwrap();
    f.upload("large", &path);
    let file = Arc::new(File::create(f.directory.path().join("out")).unwrap());
    let at = f.at("large");
    let (on_bytes, cancel) = (f.on_bytes(), Cancel::new());
    let read = f.endpoint.download(&at, &before, (file, &path), &on_bytes);
    let error = f.runtime.block_on(read).unwrap_err().to_string();
    assert!(
        error.contains("it has changed since it was looked at"),
        "{error}"
    );
    let target = f.target("copy");
    let copied = f.endpoint.copy(&at, &before, &target, &on_bytes, &cancel);
    let error = f.runtime.block_on(copied).unwrap_err().to_string();
    assert!(
        error.contains("it has changed since it was looked at"),
        "{error}"
    );
    assert!(
        !f.runtime
            .block_on(f.endpoint.exists(&f.at("copy")))
            .unwrap()
    );
}

#[test]
fn bytes_that_are_damaged_while_they_are_read_are_not_written_elsewhere() {
    let f = Fixture::new("damaged");
    let reader = endpoint(&f.server.url, "readkey", "readsecret1");
    // In one call, and in parts.
    for (key, size) in [("small", 1_000), ("large", 25_000_000)] {
        let (path, bytes) = f.file(key, size);
        f.upload(key, &path);
        let right = Checksum::of(crc_fast::CrcAlgorithm::Crc32IsoHdlc, &bytes);
        let wrong = Checksum {
            value: right.value ^ 1,
            ..right
        };
        let (target, on_bytes, cancel) = (f.target("to"), f.on_bytes(), Cancel::new());
        let copy = |checksum| {
            let known = Known {
                checksum: Some(checksum),
                ..f.known(key)
            };
            let source = Source::Object(reader.clone(), f.at(key), known);
            let size = size as u64;
            f.runtime.block_on(async {
                let copied = f
                    .endpoint
                    .upload(&target, size, &source, &on_bytes, &cancel);
                copied.await.map(drop)
            })
        };
        let error = copy(wrong).unwrap_err().to_string();
        assert!(error.contains("do not have its checksum"), "{error}");
        assert_eq!(f.server.look(&["uploads", "damaged"]), "");
        assert!(!f.keys("").contains(&"to".to_owned()), "{key}");
        copy(right).unwrap();
        assert_eq!(f.download("to"), bytes);
        let (at, names) = (f.at("to"), ["to".to_owned()]);
        let delete = f.endpoint.delete(&at, &names);
        f.runtime.block_on(delete).unwrap();
    }
}

#[test]
fn a_file_that_changes_while_it_goes_up_leaves_what_was_there() {
    let f = Fixture::new("changing");
    for size in [1_000_000, 64_000_000] {
        let (old, bytes) = f.file("old", 10);
        f.upload("target", &old);
        let (path, _) = f.file("new", size);
        let source = Source::file(File::open(&path).unwrap(), path.clone()).unwrap();
        let mut writer = File::options().append(true).open(&path).unwrap();
        writer.write_all(b"more").unwrap();
        let written = writer.metadata().unwrap().modified().unwrap();
        let later = written + std::time::Duration::from_secs(1);
        writer.set_modified(later).unwrap();
        let (target, on_bytes, cancel) = (f.target("target"), f.on_bytes(), Cancel::new());
        let upload = f
            .endpoint
            .upload(&target, size as u64, &source, &on_bytes, &cancel);
        let error = f.runtime.block_on(upload).unwrap_err().to_string();
        assert!(error.contains("somebody writes to it"), "{error}");
        assert_eq!(f.download("target"), bytes);
    }
}
