//! S3 against a server that others wrote; what is there is looked at with boto3.

use std::fs::File;
use std::io::{BufRead as _, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use md5::{Digest as _, Md5};
use pipeform::connect::Cancel;
use pipeform::connect::aws::s3::Calls;
use pipeform::connect::s3::{
    Checksum, Data, Encryption, Endpoint, Fault, Known, Location, OnBytes, OnTrouble, Reader,
    S3Error, Source, Target, Writer,
};

use crate::support::s3::{Server, server};

/// A bucket of its own, and a directory.
struct Fixture {
    server: &'static Server,
    bucket: String,
    directory: tempfile::TempDir,
    endpoint: Endpoint,
    runtime: tokio::runtime::Runtime,
    moved: Arc<AtomicU64>,
}

impl Fixture {
    fn new(bucket: &str) -> Self {
        let server = server();
        server.bucket(bucket);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        let endpoint = endpoint(&server.url, "testkey", "testsecret1");
        Self {
            server,
            bucket: bucket.to_owned(),
            directory: tempfile::tempdir().unwrap(),
            endpoint,
            runtime,
            moved: Arc::default(),
        }
    }

    fn at(&self, key: &str) -> Location {
        Location::parse(&format!("s3://{}/{key}", self.bucket)).unwrap()
    }

    fn target(&self, key: &str) -> Target {
        Target {
            at: self.at(key),
            encryption: Encryption::Bucket,
        }
    }

    fn on_bytes(&self) -> OnBytes {
        let moved = Arc::clone(&self.moved);
        OnBytes(Arc::new(move |count| {
            moved.fetch_add(count, Ordering::Relaxed);
        }))
    }

    /// A file of some size, each with its own bytes.
    fn file(&self, name: &str, size: usize) -> (PathBuf, Vec<u8>) {
        let bytes = bytes(size);
        let path = self.directory.path().join(name);
        File::create(&path).unwrap().write_all(&bytes).unwrap();
        (path, bytes)
    }

    fn upload(&self, key: &str, path: &PathBuf) {
        let file = File::open(path).unwrap();
        let size = file.metadata().unwrap().len();
        let source = Source::file(file, path.clone()).unwrap();
        let (target, on_bytes, cancel) = (self.target(key), self.on_bytes(), Cancel::new());
        let uploaded = self
            .endpoint
            .upload(&target, size, &source, &on_bytes, &cancel);
        self.runtime.block_on(uploaded).unwrap();
    }

    fn download(&self, key: &str) -> Vec<u8> {
        let path = self.directory.path().join("downloaded");
        let file = Arc::new(File::create(&path).unwrap());
        let at = self.at(key);
        self.runtime.block_on(async {
            let known: Known = self.endpoint.head(&at).await.unwrap().into();
            let on_bytes = self.on_bytes();
            let download = self
                .endpoint
                .download(&at, &known, (file, &path), &on_bytes);
            download.await.unwrap();
        });
        std::fs::read(path).unwrap()
    }

    fn fails<T>(&self, work: impl Future<Output = Result<T, S3Error>>) -> S3Error {
        match self.runtime.block_on(work) {
            Ok(_) => panic!("it should have failed"),
            Err(error) => error,
        }
    }

    fn put(&self, key: &str, body: &[u8]) {
        let (target, body) = (self.target(key), body.to_vec().into());
        let put = self.endpoint.put(&target, body);
        self.runtime.block_on(put).unwrap();
    }

    fn known(&self, key: &str) -> Known {
        let at = self.at(key);
        let head = self.endpoint.head(&at);
        self.runtime.block_on(head).unwrap().into()
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.runtime.block_on(async {
            let mut listing = self.endpoint.list(&self.at(prefix));
            while let Some(page) = listing.page().await.unwrap() {
                found.extend(page.into_iter().map(|listed| listed.key));
            }
        });
        found.sort();
        found
    }

    /// Does blocking work where the runtime lets it.
    fn blocking<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let _inside = self.runtime.enter();
        work()
    }
}

/// S3 at an address, with the keys of the server's tester.
fn endpoint(url: &str, key: &str, secret: &str) -> Endpoint {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::v2026_01_12())
        .region(aws_sdk_s3::config::Region::new("us-east-1"))
        .credentials_provider(aws_sdk_s3::config::Credentials::new(
            key, secret, None, None, "test",
        ))
        .endpoint_url(url)
        .force_path_style(true)
        .build();
    Endpoint::new(Calls::new(&aws_sdk_s3::Client::from_conf(config)))
}

/// A server that gives each request the next of some answers, and all that follow the last; gives its address, and what it is asked.
fn answering(answers: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::<String>::new()));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let lines = std::io::BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> = lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .map(|line| line.to_lowercase())
                .collect();
            if head.is_empty() {
                continue;
            }
            let mut seen = seen.lock().unwrap();
            let answer = answers.get(seen.len()).or(answers.last()).unwrap();
            seen.push(head.join("\n"));
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    (url, asked)
}

fn bytes(size: usize) -> Vec<u8> {
    let mut state = size as u64 | 1;
    (0..size)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Md5::digest(bytes))
}

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
fn listings_have_all_keys_and_odd_ones_stay_as_they_are() {
    let f = Fixture::new("odd");
    let odd = [
        "a b",
        "a+b",
        "a%2Fb",
        "é日本",
        "?x=1&y",
        "dir/",
        "#",
        "a=b;c",
        "~'\"()!*",
        "tab\there",
        "..a",
        "a/..b",
    ];
    for key in odd {
        // The server keeps no bytes under a key that ends in a slash.
        let body = if key.ends_with('/') { "" } else { key };
        f.put(&format!("odd/{key}"), body.as_bytes());
    }
    let mut wanted: Vec<String> = odd.iter().map(|key| format!("odd/{key}")).collect();
    wanted.sort();
    assert_eq!(f.keys("odd/"), wanted);
    for key in &wanted {
        let known = f.known(key);
        let at = f.at(key);
        let read = f.runtime.block_on(f.endpoint.bytes(&at, &known)).unwrap();
        let body = if key.ends_with('/') {
            ""
        } else {
            &key["odd/".len()..]
        };
        assert_eq!(read.concat(), body.as_bytes(), "{key}");
        if body.is_empty() {
            // Nor does it copy one.
            continue;
        }
        let copy = f.target(&format!("copy/{}", &key["odd/".len()..]));
        let (on_bytes, cancel) = (f.on_bytes(), Cancel::new());
        let copied = f.endpoint.copy(&at, &known, &copy, &on_bytes, &cancel);
        f.runtime.block_on(copied).unwrap();
    }
    assert_eq!(f.keys("copy/").len(), odd.len() - 1);
    let seen = f.server.look(&["names", "odd", "copy/"]);
    assert_eq!(seen.lines().count(), odd.len() - 1, "{seen}");
    f.runtime
        .block_on(
            f.endpoint
                .delete(&f.at(""), &[wanted, f.keys("copy/")].concat()),
        )
        .unwrap();
    assert_eq!(f.server.look(&["names", "odd"]), "");
    let data = f.runtime.block_on(f.endpoint.data(&f.at("odd/")));
    assert_eq!(data.unwrap(), Data::None);
}

#[test]
fn the_list_of_what_is_to_come_is_no_data() {
    let f = Fixture::new("begun");
    let data = |prefix: &str| {
        let at = f.at(prefix);
        let data = f.endpoint.data(&at);
        f.runtime.block_on(data).unwrap()
    };
    assert_eq!(data("day/"), Data::None);
    f.put("day/_INCOMPLETE", b"{}");
    assert_eq!(data("day/"), Data::Incomplete);
    assert_eq!(data("da"), Data::Incomplete);
    f.put("day/a", b"1");
    f.put("day/z", b"1");
    assert_eq!(data("day/"), Data::Incomplete);
    assert_eq!(data("day/a"), Data::There);
    f.put("day/_SUCCESS", b"{}");
    assert_eq!(data("day/"), Data::There);
    let keys = ["day/_INCOMPLETE", "day/a", "day/z"].map(str::to_owned);
    let at = f.at("");
    let removed = f.endpoint.delete(&at, &keys);
    f.runtime.block_on(removed).unwrap();
    assert_eq!(data("day/"), Data::There, "complete, with nothing to read");
}

#[test]
fn more_than_a_page_is_listed_and_removed() {
    let f = Fixture::new("pages");
    let wanted: Vec<String> = (0..1105).map(|n| format!("many/{n:05}")).collect();
    f.runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for key in &wanted {
            let (endpoint, target) = (f.endpoint.clone(), f.target(key));
            tasks.spawn(async move { endpoint.put(&target, "x".into()).await.unwrap() });
        }
        tasks.join_all().await;
    });
    assert_eq!(f.keys("many/"), wanted);
    f.runtime
        .block_on(f.endpoint.delete(&f.at(""), &wanted))
        .unwrap();
    assert_eq!(f.keys(""), Vec::<String>::new());
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
    let first = told.recv_timeout(std::time::Duration::from_secs(30));
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
    let (url, asked) =
        answering(&["HTTP/1.1 500 Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at = Location::parse("s3://failing/a").unwrap();
    for attempts in [1, 3] {
        let failing = endpoint(&url, "key", "secret").trying(Some(attempts));
        let error = runtime.block_on(failing.head(&at)).unwrap_err();
        assert_eq!(error.fault, Fault::Service);
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(asked.len(), attempts as usize);
    }
}

#[test]
fn a_store_that_lists_no_uploads_can_be_written() {
    let (url, asked) = answering(&[
        "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at = Location::parse("s3://simple/a").unwrap();
    let simple = endpoint(&url, "key", "secret");
    let cleared = runtime.block_on(simple.abort_pending(&at, |_| true));
    cleared.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn what_breaks_off_goes_on_with_the_contents_that_it_began_with() {
    let (url, asked) = answering(&[
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"one\"\r\nConnection: close\r\n\r\nabcd",
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 6\r\nContent-Range: bytes 4-9/10\r\nETag: \"one\"\r\nConnection: close\r\n\r\nefghij",
    ]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at = Location::parse("s3://breaking/a").unwrap();
    let breaking = endpoint(&url, "key", "secret");
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
