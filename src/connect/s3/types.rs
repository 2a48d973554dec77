//! What calls of S3 take and give: plain values, so that nothing outside `connect/aws` names a type of the SDK.

use std::fmt;

use crc_fast::CrcAlgorithm;
use crc_fast::checksum_combine;

/// One object: its bucket and its key, or a prefix of keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The bucket.
    pub bucket: String,
    /// The key, as it is: nothing in it is encoded.
    pub key: String,
}

impl Location {
    /// Reads `s3://BUCKET/KEY`. The key is taken as it stands.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!(
                "`{text}` is no place in S3: {why}. Write `s3://BUCKET/KEY`, or `s3://BUCKET/PREFIX/` for all below"
            )
        };
        let Some(rest) = text.strip_prefix("s3://") else {
            return Err(wrong("it does not begin with `s3://`"));
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong("it names no bucket"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        if !bucket.chars().all(allowed) {
            return Err(wrong(
                "a bucket's name has letters, digits, `-`, `.` and `_` only",
            ));
        }
        if key.len() > 1024 {
            return Err(wrong("a key has at most 1,024 bytes"));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Whether it means all keys below: it ends in `/`, or is a whole bucket.
    pub fn is_prefix(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }

    /// The same bucket with another key.
    #[must_use]
    pub fn with_key(&self, key: impl Into<String>) -> Self {
        Self {
            bucket: self.bucket.clone(),
            key: key.into(),
        }
    }

    /// The place of a name below a prefix.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        self.with_key(format!("{}{name}", self.key))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// The checksum that the service keeps of a whole object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checksum {
    /// Which.
    pub algorithm: CrcAlgorithm,
    /// Its value.
    pub value: u64,
}

impl Checksum {
    /// The checksum of some bytes.
    pub fn of(algorithm: CrcAlgorithm, bytes: &[u8]) -> Self {
        let value = crc_fast::checksum(algorithm, bytes);
        Self { algorithm, value }
    }

    /// The checksum of these bytes followed by those of another one, of which there are `length`.
    #[must_use]
    pub fn then(self, next: Self, length: u64) -> Self {
        let value = checksum_combine(self.algorithm, self.value, next.value, length);
        Self { value, ..self }
    }
}

/// What is known of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Its size in bytes.
    pub size: u64,
    /// Changes with its contents.
    pub etag: String,
    /// The checksum of all of it, where the service keeps one.
    pub checksum: Option<Checksum>,
    /// When it was written, in seconds since 1970, UTC.
    pub modified: i64,
    /// What it is labelled with; kept by copies.
    pub labels: Labels,
}

/// What an object is labelled with besides its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// The labels of its writer, by name.
    pub own: Vec<(String, String)>,
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Changes with its contents.
    pub etag: String,
}

/// Some of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The objects, in the order of the service.
    pub objects: Vec<Listed>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// An upload in parts that is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The key it becomes.
    pub key: String,
    /// Its id.
    pub id: String,
    /// When it was begun, in seconds since 1970, UTC.
    pub begun: i64,
}

/// Some of the uploads that are not complete.
#[derive(Clone, Debug, Default)]
pub struct PendingPage {
    /// The uploads.
    pub uploads: Vec<Pending>,
    /// The key and the id after which the next page begins, if there is one.
    pub next: Option<(String, String)>,
}

/// A part that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 1.
    pub number: i32,
    /// What the service calls its contents.
    pub etag: String,
    /// Its checksum; none where the service has copied it and says none.
    pub crc32: Option<u32>,
}

/// What is asked for when an object is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket says; S3 encrypts all that is written.
    #[default]
    Bucket,
    /// With keys of S3, said in every request.
    Service,
}

/// Why a call failed, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such bucket.
    NoBucket,
    /// There is no such object, or no such upload.
    NoKey,
    /// The credentials are wrong, over, or may not do this; or there are none.
    NotAllowed,
    /// There were too many calls.
    Throttled,
    /// The service was not reached, or the connection broke.
    Unreachable,
    /// The object is not what it was.
    Changed,
    /// The service failed.
    Service,
    /// What was asked for cannot be.
    Invalid,
}

impl Fault {
    /// Whether it may go well when it is tried again.
    pub fn passes(self) -> bool {
        matches!(self, Self::Throttled | Self::Unreachable | Self::Service)
    }
}

/// A call that failed.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why, in short.
    pub fault: Fault,
    /// What the service or the network said.
    pub reason: String,
}

/// Bytes of an object, from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub from: u64,
    /// The byte behind the last.
    pub to: u64,
}

impl Span {
    /// How many bytes.
    pub fn len(self) -> u64 {
        self.to - self.from
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.to == self.from
    }
}

/// The spans of a size.
pub fn spans(size: u64, step: u64) -> impl Iterator<Item = Span> {
    let step = step.max(1);
    (0..size.div_ceil(step)).map(move |number| Span {
        from: number * step,
        to: ((number + 1) * step).min(size),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_stand() {
        let place = Location::parse("s3://acme/a b/%2F+/../é//").unwrap();
        assert_eq!(
            (place.bucket.as_str(), place.key.as_str()),
            ("acme", "a b/%2F+/../é//")
        );
        assert!(place.is_prefix());
        assert_eq!(place.to_string(), "s3://acme/a b/%2F+/../é//");
        assert!(Location::parse("s3://acme").unwrap().is_prefix());
        assert!(!Location::parse("s3://acme/a").unwrap().is_prefix());
    }

    #[test]
    fn what_is_no_place_is_said() {
        for (text, why) in [
            ("acme/a", "it does not begin with `s3://`"),
            ("s3://", "it names no bucket"),
            ("s3:///a", "it names no bucket"),
            ("s3://a b/c", "a bucket's name has letters"),
        ] {
            let error = Location::parse(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let long = format!("s3://acme/{}", "x".repeat(1025));
        assert!(Location::parse(&long).unwrap_err().contains("1,024 bytes"));
    }

    #[test]
    fn spans_cover_a_size_without_a_hole() {
        for (size, step) in [(0, 4), (1, 4), (4, 4), (5, 4), (12, 4), (7, 1)] {
            let all: Vec<Span> = spans(size, step).collect();
            let mut at = 0;
            for span in &all {
                assert_eq!(span.from, at);
                assert!(!span.is_empty() && span.len() <= step);
                at = span.to;
            }
            assert_eq!(at, size);
        }
    }

    #[test]
    fn checksums_of_parts_make_that_of_the_whole() {
        let whole: Vec<u8> = (0..100_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        for algorithm in [
            CrcAlgorithm::Crc32IsoHdlc,
            CrcAlgorithm::Crc32Iscsi,
            CrcAlgorithm::Crc64Nvme,
        ] {
            let mut all = Checksum::of(algorithm, &[]);
            for part in whole.chunks(33_333) {
                all = all.then(Checksum::of(algorithm, part), part.len() as u64);
            }
            assert_eq!(all, Checksum::of(algorithm, &whole));
        }
    }
}
