//! S3 against a server that others wrote; what is there is looked at with boto3.
//!
//! Here: what is written and read, and what goes wrong in calls.

mod bad_input;
mod changes;
mod copies;
mod fixture;
mod listing;

use std::fs::File;
use std::io::{BufRead as _, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pipeform::connect::Cancel;
use pipeform::connect::s3::{
    Encryption, Fault, Head, Known, Labels, Location, OnBytes, OnTrouble, Reader, Source, Span,
    Target, Writer,
};

use fixture::{Fixture, answering, bytes, digest, endpoint};

#[test]
fn what_is_written_is_read_and_is_what_boto3_reads() {
    let f = Fixture::new("round");
    for (key, size) in [
        ("none", 0),
        ("one", 1),
        ("small", 100_000),
        ("large", 40_000_001),
    ] {
        let (path, bytes) = f.file(key, size);
        f.upload(key, &path);
        assert!(f.download(key) == bytes, "{key}");
        let read = f.server.look(&["ls", "round", key]);
        let digest = digest(&bytes);
        assert_eq!(read.trim(), format!("{size} {digest} \"{key}\""));
    }
    assert_eq!(f.server.look(&["uploads", "round"]), "");
    assert_eq!(f.moved.load(Ordering::Relaxed), 2 * 40_100_002);
}

#[test]
fn errors_tell_apart_what_is_not_there_and_what_may_not_be_seen() {
    let f = Fixture::new("faults");
    f.put("there", b"x");
    let exists = |key: &str| f.runtime.block_on(f.endpoint.exists(&f.at(key))).unwrap();
    assert!(exists("there") && !exists("not/there"));
    let nowhere = Location::parse("s3://no-such-bucket/a").unwrap();
    let error = f.fails(f.endpoint.exists(&nowhere));
    assert_eq!(error.fault, Fault::NoBucket, "{error}");
    let error = f.fails(f.endpoint.data(&nowhere));
    assert_eq!(error.fault, Fault::NoBucket, "{error}");
    let error = f.fails(f.endpoint.bytes(&f.at("not/there"), &Known::default()));
    assert!(
        error
            .to_string()
            .starts_with("cannot look at `s3://faults/not/there`"),
        "{error}"
    );
    let stranger = endpoint(&f.server.url, "testkey", "wrong");
    for error in [
        f.fails(stranger.exists(&f.at("there"))),
        f.fails(stranger.data(&f.at(""))),
        f.fails(stranger.put(&f.target("there"), "y".into())),
        f.fails(
            endpoint(&f.server.url, "readkey", "readsecret1").put(&f.target("there"), "y".into()),
        ),
    ] {
        assert_eq!(error.fault, Fault::NotAllowed, "{error}");
    }
    assert_eq!(f.server.look(&["cat", "faults", "there"]), "x");
}

#[test]
fn blocking_code_reads_and_writes_in_order() {
    let f = Fixture::new("blocking");
    for size in [0, 10, 30_000_000] {
        let (target, wanted, cancel) = (f.target("out"), bytes(size), Cancel::new());
        f.blocking(|| {
            let mut writer = Writer::create(&f.endpoint, &target, &cancel).unwrap();
            for chunk in wanted.chunks(1_000_003) {
                writer.write_all(chunk).unwrap();
            }
            writer.commit().unwrap();
            let mut reader = Reader::open(&f.endpoint, &target.at, &cancel).unwrap();
            assert_eq!(reader.size(), size as u64);
            let mut read = Vec::new();
            reader.read_to_end(&mut read).unwrap();
            assert!(read == wanted);
        });
        let seen = f.server.look(&["ls", "blocking"]);
        assert_eq!(seen, format!("{size} {} \"out\"\n", digest(&wanted)));
    }
}

#[test]
fn what_is_not_committed_leaves_nothing() {
    let f = Fixture::new("dropped");
    f.server.look(&["begin", "dropped", "out"]);
    f.server.look(&["begin", "dropped", "out2"]);
    let (target, cancel) = (f.target("out"), Cancel::new());
    let lines = f.blocking(|| {
        let mut writer = Writer::create(&f.endpoint, &target, &cancel).unwrap();
        writer.write_all(&bytes(20_000_000)).unwrap();
        drop(writer);
        f.server.look(&["uploads", "dropped"])
    });
    // What an attempt before has left of the same key is gone, too; other keys are left alone.
    assert_eq!(lines, "\"out2\"\n");
    f.put("lines", b"a\nb");
    f.blocking(|| {
        let reader = Reader::open(&f.endpoint, &f.at("lines"), &cancel).unwrap();
        let lines: Vec<String> = reader.lines().map(Result::unwrap).collect();
        assert_eq!(lines, ["a", "b"]);
        let mut writer = Writer::create(&f.endpoint, &target, &cancel).unwrap();
        cancel.cancel();
        let result = writer.write_all(&bytes(40_000_000));
        assert!(result.is_err() || writer.commit().is_err());
        assert!(Reader::open(&f.endpoint, &f.at("lines"), &cancel).is_err());
    });
    assert_eq!(f.server.look(&["uploads", "dropped"]), "\"out2\"\n");
    assert_eq!(f.server.look(&["names", "dropped"]), "\"lines\"\n");
}

#[test]
fn streams_between_endpoints_are_uploads_of_objects() {
    let f = Fixture::new("streamed");
    let (path, bytes) = f.file("large", 25_000_000);
    f.upload("from", &path);
    let reader = endpoint(&f.server.url, "readkey", "readsecret1");
    let source = Source::Object(reader, f.at("from"), f.known("from"));
    let (target, on_bytes, cancel) = (f.target("to"), f.on_bytes(), Cancel::new());
    let copied = f
        .endpoint
        .upload(&target, bytes.len() as u64, &source, &on_bytes, &cancel);
    f.runtime.block_on(copied).unwrap();
    let seen = f.server.look(&["ls", "streamed", "to"]);
    assert_eq!(seen, format!("25000000 {} \"to\"\n", digest(&bytes)));
}

#[test]
fn a_cancelled_upload_ends_at_once_and_leaves_nothing() {
    let f = Fixture::new("cancelled");
    let (path, _) = f.file("large", 64_000_000);
    let source = Source::file(File::open(&path).unwrap(), path).unwrap();
    let (target, on_bytes, cancel) = (f.target("large"), f.on_bytes(), Cancel::new());
    let moved = Arc::clone(&f.moved);
    f.runtime.block_on(async {
        let upload = f
            .endpoint
            .upload(&target, 64_000_000, &source, &on_bytes, &cancel);
        let interrupt = async {
            while moved.load(Ordering::Relaxed) == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            cancel.cancel();
        };
        let (result, ()) = tokio::join!(upload, interrupt);
        assert_eq!(result.unwrap_err().to_string(), "cancelled");
    });
    assert!(moved.load(Ordering::Relaxed) < 64_000_000);
    assert_eq!(f.server.look(&["uploads", "cancelled"]), "");
    assert_eq!(f.server.look(&["names", "cancelled"]), "");
}

#[test]
fn a_server_that_takes_connections_and_never_answers_is_told_of() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    let on_trouble = OnTrouble::new(std::time::Duration::from_millis(50), move |text| {
        drop(tell.send(text.to_owned()));
    });
    let silent = endpoint(&url, "key", "secret").telling(Some(on_trouble));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at = Location::parse("s3://silent/a").unwrap();
    let asked = runtime.spawn(async move { silent.head(&at).await.map(drop) });
    let first = told.recv_timeout(std::time::Duration::from_mins(2));
    asked.abort();
    let first = first.unwrap();
    assert!(first.starts_with("S3 has not answered for"), "{first}");
    assert!(
        first.ends_with("it was asked to look at `s3://silent/a`"),
        "{first}"
    );
}

#[test]
fn calls_are_made_as_often_as_is_said() {
    let (failing, asked) =
        answering(&["HTTP/1.1 500 Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at = Location::parse("s3://failing/a").unwrap();
    for attempts in [1, 3] {
        let failing = failing.clone().trying(Some(attempts));
        let error = runtime.block_on(failing.head(&at)).unwrap_err();
        assert_eq!(error.fault, Fault::Service);
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(asked.len(), attempts as usize);
    }
}

#[test]
fn a_store_that_lists_no_uploads_can_be_written() {
    let (simple, asked) = answering(&[
        "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at = Location::parse("s3://simple/a").unwrap();
    let cleared = runtime.block_on(simple.abort_pending(&at, |_| true));
    cleared.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn what_breaks_off_goes_on_with_the_contents_that_it_began_with() {
    let (breaking, asked) = answering(&[
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"one\"\r\nConnection: close\r\n\r\nabcd",
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 6\r\nContent-Range: bytes 4-9/10\r\nETag: \"one\"\r\nConnection: close\r\n\r\nefghij",
    ]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at = Location::parse("s3://breaking/a").unwrap();
    // Nothing is known of its contents.
    let known = Known {
        size: 10,
        ..Known::default()
    };
    let pieces = runtime.block_on(breaking.bytes(&at, &known)).unwrap();
    assert_eq!(pieces.concat(), b"abcdefghij");
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(!asked[0].contains("if-match"), "{}", asked[0]);
    assert!(asked[1].contains("if-match: \"one\""), "{}", asked[1]);
    assert!(asked[1].contains("range: bytes=4-9"), "{}", asked[1]);
}

#[test]
fn what_takes_several_requests_and_has_no_etag_is_refused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at = Location::parse("s3://nameless/a").unwrap();
    let known = Known {
        size: 10,
        ..Known::default()
    };
    let (breaking, _) = answering(&[
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabcd",
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 6\r\nContent-Range: bytes 4-9/10\r\nConnection: close\r\n\r\nefghij",
    ]);
    let resumed = runtime.block_on(breaking.bytes(&at, &known)).unwrap_err();
    let (nameless, asked) = answering(&[
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\nContent-Range: bytes 0-3/10\r\nConnection: close\r\n\r\nabcd",
    ]);
    let first = Span { from: 0, to: 4 };
    let mut pieces = nameless.pieces(&at, &known, first);
    let in_ranges = runtime.block_on(pieces.next()).unwrap_err();
    let asked_before = asked.lock().unwrap().len();
    let head = Head {
        size: 10,
        etag: String::new(),
        checksum: None,
        modified: 0,
        labels: Labels::default(),
    };
    let target = Target {
        at: Location::parse("s3://nameless/b").unwrap(),
        encryption: Encryption::Bucket,
    };
    let (on_bytes, cancel) = (OnBytes(Arc::new(|_| {})), Cancel::new());
    let copied = nameless.copy_parts((&at, &head), &target, 5, (&on_bytes, &cancel));
    let copied = runtime.block_on(copied).unwrap_err().to_string();
    assert_eq!(asked.lock().unwrap().len(), asked_before);
    for error in [resumed.to_string(), in_ranges.to_string(), copied] {
        assert!(error.contains("S3 says no ETag of it"), "{error}");
        assert!(error.contains("`s3://nameless/a`"), "{error}");
    }
}
