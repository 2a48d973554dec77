//! Bad input over S3: what is damaged, cut off, changed, throttled or elsewhere, and a disk that is full. And writers that wait for each other.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use pipeform::connect::Cancel;
use pipeform::connect::formats::compression::{Compression, unpack};
use pipeform::connect::s3::{Fault, Known, Location, Reader, Writer};
use tokio::runtime::Runtime;

use super::fixture::{Fixture, answering, bytes, digest};

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

/// An answer to HEAD says nothing of it.
#[test]
fn credentials_that_are_over_are_said_to_be() {
    let (over, _) = answering(&[
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>",
    ]);
    let runtime = Runtime::new().unwrap();
    let error = runtime.block_on(over.head(&four().0)).unwrap_err();
    assert_eq!(error.fault, Fault::NotAllowed);
    let error = error.to_string();
    assert!(
        error.contains("these credentials may not: The provided token has expired; check them"),
        "{error}"
    );
}

#[test]
fn a_full_disk_is_said_while_an_object_comes() {
    let f = Fixture::new("full");
    f.put("large", &bytes(5_000_000));
    let full = Path::new("/dev/full");
    let file = Arc::new(File::options().write(true).open(full).unwrap());
    let (at, known, on_bytes) = (f.at("large"), f.known("large"), f.on_bytes());
    let download = f.endpoint.download(&at, &known, (file, full), &on_bytes);
    let error = f.runtime.block_on(download).unwrap_err().to_string();
    assert!(
        error.contains("cannot write `/dev/full`") && error.contains("free space"),
        "{error}"
    );
}

#[test]
fn an_object_that_changes_while_it_is_read_in_order_is_an_error() {
    let f = Fixture::new("in-order");
    f.put("large", &bytes(60_000_000));
    let _inside = f.runtime.enter();
    let at = f.at("large");
    let mut reader = Reader::open(&f.endpoint, &at, &Cancel::new()).unwrap();
    reader.read_exact(&mut [0]).unwrap();
    f.put("large", &bytes(59_999_999));
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err().to_string();
    assert!(
        error.contains("it has changed since it was looked at"),
        "{error}"
    );
}

#[test]
fn what_is_packed_and_breaks_off_is_an_error_that_says_where() {
    let f = Fixture::new("cut");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&bytes(9_000_000)).unwrap();
    let packed = packed.finish().unwrap();
    f.put("in.gz", &packed[..packed.len() / 2]);
    let _inside = f.runtime.enter();
    let at = f.at("in.gz");
    let reader = Reader::open(&f.endpoint, &at, &Cancel::new()).unwrap();
    let mut plain = unpack(reader, Compression::Gzip).unwrap();
    let error = plain.read_to_end(&mut Vec::new()).unwrap_err().to_string();
    assert!(
        error.contains("the gzip data breaks off at byte"),
        "{error}"
    );
}

#[test]
fn writers_that_share_what_they_keep_all_come_to_their_ends() {
    let f = Fixture::new("sharing");
    let wanted = bytes(50_000_000);
    // Together they have more under way than is kept at once.
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (f, wanted) = (&f, &wanted);
            scope.spawn(move || {
                let _inside = f.runtime.enter();
                let target = f.target(&format!("out{number}"));
                let mut writer = Writer::create(&f.endpoint, &target, &Cancel::new()).unwrap();
                writer.write_all(wanted).unwrap();
                writer.commit().unwrap();
            });
        }
    });
    let digest = digest(&wanted);
    let lines: Vec<String> = (0..4)
        .map(|number| format!("50000000 {digest} \"out{number}\"\n"))
        .collect();
    assert_eq!(f.server.look(&["ls", "sharing"]), lines.concat());
}
