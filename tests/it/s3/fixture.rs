//! What the tests of S3 share: buckets of the server, and S3 that answers as it is told to.

use std::fs::File;
use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use md5::{Digest as _, Md5};
use pipeform::connect::Cancel;
use pipeform::connect::aws::s3::Calls;
use pipeform::connect::s3::{
    Encryption, Endpoint, Known, Location, OnBytes, S3Error, Source, Target,
};

use crate::support::s3::{Server, server};

/// A bucket of its own, and a directory.
pub(super) struct Fixture {
    pub(super) server: &'static Server,
    bucket: String,
    pub(super) directory: tempfile::TempDir,
    pub(super) endpoint: Endpoint,
    pub(super) runtime: tokio::runtime::Runtime,
    pub(super) moved: Arc<AtomicU64>,
}

impl Fixture {
    pub(super) fn new(bucket: &str) -> Self {
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

    pub(super) fn at(&self, key: &str) -> Location {
        Location::parse(&format!("s3://{}/{key}", self.bucket)).unwrap()
    }

    pub(super) fn target(&self, key: &str) -> Target {
        Target {
            at: self.at(key),
            encryption: Encryption::Bucket,
        }
    }

    pub(super) fn on_bytes(&self) -> OnBytes {
        let moved = Arc::clone(&self.moved);
        OnBytes(Arc::new(move |count| {
            moved.fetch_add(count, Ordering::Relaxed);
        }))
    }

    /// A file of some size, each with its own bytes.
    pub(super) fn file(&self, name: &str, size: usize) -> (PathBuf, Vec<u8>) {
        let bytes = bytes(size);
        let path = self.directory.path().join(name);
        File::create(&path).unwrap().write_all(&bytes).unwrap();
        (path, bytes)
    }

    pub(super) fn upload(&self, key: &str, path: &PathBuf) {
        let file = File::open(path).unwrap();
        let size = file.metadata().unwrap().len();
        let source = Source::file(file, path.clone()).unwrap();
        let (target, on_bytes, cancel) = (self.target(key), self.on_bytes(), Cancel::new());
        let uploaded = self
            .endpoint
            .upload(&target, size, &source, &on_bytes, &cancel);
        self.runtime.block_on(uploaded).unwrap();
    }

    pub(super) fn download(&self, key: &str) -> Vec<u8> {
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

    pub(super) fn fails<T>(&self, work: impl Future<Output = Result<T, S3Error>>) -> S3Error {
        match self.runtime.block_on(work) {
            Ok(_) => panic!("it should have failed"),
            Err(error) => error,
        }
    }

    pub(super) fn put(&self, key: &str, body: &[u8]) {
        let (target, body) = (self.target(key), body.to_vec().into());
        let put = self.endpoint.put(&target, body);
        self.runtime.block_on(put).unwrap();
    }

    pub(super) fn known(&self, key: &str) -> Known {
        let at = self.at(key);
        let head = self.endpoint.head(&at);
        self.runtime.block_on(head).unwrap().into()
    }

    pub(super) fn keys(&self, prefix: &str) -> Vec<String> {
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
    pub(super) fn blocking<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let _inside = self.runtime.enter();
        work()
    }
}

/// S3 at an address.
pub(super) fn endpoint(url: &str, key: &str, secret: &str) -> Endpoint {
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

/// S3 that gives each request the next of some answers, and all that follow the last; and what it is asked.
pub(super) fn answering(answers: &'static [&'static str]) -> (Endpoint, Arc<Mutex<Vec<String>>>) {
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
    (endpoint(&url, "key", "secret"), asked)
}

/// So many bytes, which depend on how many.
pub(super) fn bytes(size: usize) -> Vec<u8> {
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

pub(super) fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Md5::digest(bytes))
}
