//! Bad input over S3: what is damaged, cut off, changed, throttled or elsewhere, and a disk that is full. And writers that wait for each other.

use std::fs::File;
use std::io::{BufRead as _, Read as _, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};

use md5::{Digest as _, Md5};
use pipeform::connect::Cancel;
use pipeform::connect::aws::s3::Calls;
use pipeform::connect::formats::compression::{Compression, unpack};
use pipeform::connect::s3::{
    Encryption, Endpoint, Fault, Known, Location, OnBytes, Reader, Target, Writer,
};
use tokio::runtime::Runtime;

use crate::support::s3::server;

/// A bucket of the server.
struct Bucket {
    name: &'static str,
    endpoint: Endpoint,
    runtime: Runtime,
}

impl Bucket {
    fn new(name: &'static str) -> Self {
        let server = server();
        server.bucket(name);
        Self {
            name,
            endpoint: endpoint(&server.url, "testkey", "testsecret1"),
            runtime: Runtime::new().unwrap(),
        }
    }

    fn at(&self, key: &str) -> Location {
        Location::parse(&format!("s3://{}/{key}", self.name)).unwrap()
    }

    fn target(&self, key: &str) -> Target {
        Target {
            at: self.at(key),
            encryption: Encryption::Bucket,
        }
    }

    fn put(&self, key: &str, body: Vec<u8>) {
        let target = self.target(key);
        let put = self.endpoint.put(&target, body.into());
        self.runtime.block_on(put).unwrap();
    }
}

/// S3 at an address.
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

/// S3 that gives each request the next of some answers, and all that follow the last; and what it is asked.
fn answering(answers: &'static [&'static str]) -> (Endpoint, Arc<Mutex<Vec<String>>>) {
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

fn bytes(size: u32) -> Vec<u8> {
    (0..size).map(|n| (n % 251) as u8).collect()
}

/// An object of four bytes of whose contents nothing is known.
fn four() -> (Location, Known) {
    let known = Known {
        size: 4,
        ..Known::default()
    };
    (Location::parse("s3://acme/a").unwrap(), known)
}

#[test]
fn what_comes_damaged_is_not_taken() {
    let (damaging, asked) = answering(&[
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nETag: \"one\"\r\nx-amz-checksum-crc32: AAAAAA==\r\nx-amz-checksum-type: FULL_OBJECT\r\nConnection: close\r\n\r\nabcd",
    ]);
    let (at, known) = four();
    let runtime = Runtime::new().unwrap();
    let error = runtime.block_on(damaging.bytes(&at, &known)).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("do not have its checksum"), "{error}");
    let asked = asked.lock().unwrap();
    assert!(
        asked[0].contains("x-amz-checksum-mode: enabled"),
        "{}",
        asked[0]
    );
}

#[test]
fn what_is_throttled_is_asked_again_and_said_when_it_does_not_end() {
    const SLOW: &str = "HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    let (at, known) = four();
    let runtime = Runtime::new().unwrap();
    let (throttling, asked) = answering(&[
        SLOW,
        SLOW,
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd",
    ]);
    let pieces = runtime.block_on(throttling.bytes(&at, &known)).unwrap();
    assert_eq!(pieces.concat(), b"abcd");
    assert_eq!(asked.lock().unwrap().len(), 3);
    let (throttling, asked) = answering(&[SLOW]);
    let throttling = throttling.trying(Some(2));
    let error = runtime.block_on(throttling.bytes(&at, &known)).unwrap_err();
    assert_eq!(
        (error.fault, asked.lock().unwrap().len()),
        (Fault::Throttled, 2)
    );
    let error = error.to_string();
    assert!(
        error.contains("also after waiting: Please reduce your request rate; try again later"),
        "{error}"
    );
}

#[test]
fn a_bucket_in_another_region_is_said_to_be() {
    let runtime = Runtime::new().unwrap();
    let said = |answers: &'static [&'static str]| {
        let (elsewhere, _) = answering(answers);
        let error = runtime.block_on(elsewhere.head(&four().0)).unwrap_err();
        error.to_string()
    };
    let error =
        said(&["HTTP/1.1 301 Moved Permanently\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]);
    assert!(
        error.contains("the bucket is in another region; set the `region` of its provider"),
        "{error}"
    );
    let error = said(&[
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message></Error>",
    ]);
    assert!(error.contains("expecting 'eu-west-1'"), "{error}");
}

#[test]
fn a_full_disk_is_said_while_an_object_comes() {
    let bucket = Bucket::new("full");
    bucket.put("large", bytes(5_000_000));
    let full = Path::new("/dev/full");
    let file = Arc::new(File::options().write(true).open(full).unwrap());
    let (at, on_bytes) = (bucket.at("large"), OnBytes(Arc::new(|_| {})));
    let error = bucket.runtime.block_on(async {
        let known: Known = bucket.endpoint.head(&at).await.unwrap().into();
        let download = bucket
            .endpoint
            .download(&at, &known, (file, full), &on_bytes);
        download.await.unwrap_err().to_string()
    });
    assert!(
        error.contains("cannot write `/dev/full`") && error.contains("free space"),
        "{error}"
    );
}

#[test]
fn an_object_that_changes_while_it_is_read_in_order_is_an_error() {
    let bucket = Bucket::new("in-order");
    bucket.put("large", bytes(60_000_000));
    let _inside = bucket.runtime.enter();
    let at = bucket.at("large");
    let mut reader = Reader::open(&bucket.endpoint, &at, &Cancel::new()).unwrap();
    reader.read_exact(&mut [0]).unwrap();
    bucket.put("large", bytes(59_999_999));
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err().to_string();
    assert!(
        error.contains("it has changed since it was looked at"),
        "{error}"
    );
}

#[test]
fn what_is_packed_and_breaks_off_is_an_error_that_says_where() {
    let bucket = Bucket::new("cut");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&bytes(9_000_000)).unwrap();
    let packed = packed.finish().unwrap();
    bucket.put("in.gz", packed[..packed.len() / 2].to_vec());
    let _inside = bucket.runtime.enter();
    let at = bucket.at("in.gz");
    let reader = Reader::open(&bucket.endpoint, &at, &Cancel::new()).unwrap();
    let mut plain = unpack(reader, Compression::Gzip).unwrap();
    let error = plain.read_to_end(&mut Vec::new()).unwrap_err().to_string();
    assert!(
        error.contains("the gzip data breaks off at byte"),
        "{error}"
    );
}

#[test]
fn writers_that_share_what_they_keep_all_come_to_their_ends() {
    let bucket = Bucket::new("sharing");
    let wanted = bytes(50_000_000);
    // Together they have more under way than is kept at once.
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (bucket, wanted) = (&bucket, &wanted);
            scope.spawn(move || {
                let _inside = bucket.runtime.enter();
                let target = bucket.target(&format!("out{number}"));
                let mut writer = Writer::create(&bucket.endpoint, &target, &Cancel::new()).unwrap();
                writer.write_all(wanted).unwrap();
                writer.commit().unwrap();
            });
        }
    });
    let digest = data_encoding::HEXLOWER.encode(&Md5::digest(&wanted));
    let lines: Vec<String> = (0..4)
        .map(|number| format!("50000000 {digest} \"out{number}\"\n"))
        .collect();
    assert_eq!(server().look(&["ls", "sharing"]), lines.concat());
}
