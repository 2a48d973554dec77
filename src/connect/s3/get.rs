//! Reading: bytes in order, and objects into files, in parallel ranges.
//!
//! A connection that breaks is taken up again where it broke. Every request says which contents it means, so that an object that
//! changes between two of them is an error and never a mixture. Where the service keeps a checksum of the whole, it is compared.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use crc_fast::Digest;
use tokio::task::JoinSet;

use super::Checksum;
use super::Endpoint;
use super::Fault;
use super::Head;
use super::Location;
use super::OnBytes;
use super::Refusal;
use super::S3Error;
use super::Span;
use super::retry::pause;
use super::spans;
use crate::connect::ConnectError;
use crate::connect::aws::s3::Reading;

/// How much one request reads of a large object.
const RANGE: u64 = 16 * 1024 * 1024;

/// How many ranges of an object are read at once.
const RANGES: usize = 12;

/// What is known of an object before it is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Its size in bytes.
    pub size: u64,
    /// Its contents, as the service calls them; empty: any.
    pub etag: String,
    /// The checksum of all of it.
    pub checksum: Option<Checksum>,
}

impl From<Head> for Known {
    fn from(head: Head) -> Self {
        Self {
            size: head.size,
            etag: head.etag,
            checksum: head.checksum,
        }
    }
}

/// The bytes of an object, or of a span of it, in order.
pub struct Pieces<'a> {
    endpoint: &'a Endpoint,
    at: &'a Location,
    known: &'a Known,
    /// The contents that are meant, as the service calls them: as known, else as the first answer says.
    etag: String,
    left: Span,
    reading: Option<Reading>,
    /// Since bytes came last.
    failures: u32,
    checksum: Option<Checksum>,
}

impl Pieces<'_> {
    /// The next bytes; none at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, S3Error> {
        loop {
            if self.left.is_empty() {
                self.reading = None;
                return Ok(None);
            }
            let mut reading = match self.reading.take() {
                Some(reading) => reading,
                None => match self.open().await {
                    Ok(reading) => reading,
                    Err(refusal) => {
                        self.failed(refusal).await?;
                        continue;
                    }
                },
            };
            let next = self.endpoint.patiently(("read", self.at), reading.next());
            match next.await {
                Ok(Some(bytes)) if bytes.is_empty() => self.reading = Some(reading),
                Ok(Some(bytes)) if bytes.len() as u64 <= self.left.len() => {
                    self.left.from += bytes.len() as u64;
                    self.failures = 0;
                    self.reading = Some(reading);
                    return Ok(Some(bytes));
                }
                Ok(Some(_)) => return Err(S3Error::changed(self.at, "it is longer than it was")),
                Ok(None) => {
                    let reason = "it ended before all bytes were there".to_owned();
                    let fault = Fault::Unreachable;
                    self.failed(Refusal { fault, reason }).await?;
                }
                Err(refusal) => self.failed(refusal).await?,
            }
        }
    }

    async fn open(&mut self) -> Result<Reading, Refusal> {
        let all = self.left.from == 0 && self.left.to == self.known.size;
        let etag = Some(self.etag.as_str()).filter(|etag| !etag.is_empty());
        let span = Some(self.left).filter(|_| !all);
        let opened = self.endpoint.calls.get(self.at, span, etag);
        let reading = self.endpoint.patiently(("read", self.at), opened).await?;
        if reading.head.size != self.known.size {
            return Err(Refusal {
                fault: Fault::Changed,
                reason: format!(
                    "it had {} bytes and has {}",
                    self.known.size, reading.head.size
                ),
            });
        }
        if self.etag.is_empty() && !all {
            return Err(nameless());
        }
        if self.etag.is_empty() {
            self.etag.clone_from(&reading.head.etag);
        }
        self.checksum = self.checksum.or(reading.head.checksum);
        Ok(reading)
    }

    async fn failed(&mut self, refusal: Refusal) -> Result<(), S3Error> {
        self.failures += 1;
        if !refusal.fault.passes() || self.failures >= self.endpoint.attempts {
            return Err(S3Error::new("read", self.at, refusal));
        }
        let tries = (self.failures, self.endpoint.attempts);
        self.endpoint.tell_again(("read", self.at), &refusal, tries);
        tokio::time::sleep(pause(self.failures, refusal.fault)).await;
        Ok(())
    }
}

impl Endpoint {
    /// Reads a span of an object, in order.
    pub fn pieces<'a>(&'a self, at: &'a Location, known: &'a Known, span: Span) -> Pieces<'a> {
        Pieces {
            endpoint: self,
            at,
            known,
            etag: known.etag.clone(),
            left: span,
            reading: None,
            failures: 0,
            checksum: known.checksum,
        }
    }

    /// The bytes of a small object.
    pub async fn bytes(&self, at: &Location, known: &Known) -> Result<Vec<Bytes>, S3Error> {
        if known.size == 0 {
            // There is nothing to ask for; whether it is still so is seen without reading.
            let head = self.head(at).await?;
            return match head.size {
                0 => Ok(Vec::new()),
                size => Err(S3Error::changed(
                    at,
                    format!("it had 0 bytes and has {size}"),
                )),
            };
        }
        let all = Span {
            from: 0,
            to: known.size,
        };
        let _permit = self.limits.requests.acquire().await;
        let mut pieces = self.pieces(at, known, all);
        let mut found = Vec::new();
        while let Some(bytes) = pieces.next().await? {
            found.push(bytes);
        }
        if let Some(wanted) = pieces.checksum {
            let mut digest = Digest::new(wanted.algorithm);
            for bytes in &found {
                digest.update(bytes);
            }
            compare(at, wanted, digest.finalize())?;
        }
        Ok(found)
    }

    /// The bytes of a span of an object, in one piece.
    pub(super) async fn span(
        &self,
        at: &Location,
        known: &Known,
        span: Span,
    ) -> Result<Vec<u8>, S3Error> {
        let mut found = Vec::with_capacity(usize::try_from(span.len()).unwrap_or(0));
        let _permit = self.limits.requests.acquire().await;
        let mut pieces = self.pieces(at, known, span);
        while let Some(bytes) = pieces.next().await? {
            found.extend_from_slice(&bytes);
        }
        let whole = span.len() == known.size;
        if let Some(wanted) = pieces.checksum.filter(|_| whole) {
            compare(at, wanted, Checksum::of(wanted.algorithm, &found).value)?;
        }
        Ok(found)
    }

    /// Fetches an object into a temporary file, which is at its beginning.
    pub async fn fetch(&self, at: &Location) -> Result<File, ConnectError> {
        let known: Known = self.head(at).await?.into();
        let path = Path::new("a temporary file");
        let failed = |error| ConnectError::io("write", path, error);
        let file = Arc::new(tempfile::tempfile().map_err(failed)?);
        let nothing = OnBytes(Arc::new(|_| {}));
        self.download(at, &known, (Arc::clone(&file), path), &nothing)
            .await?;
        // Ranges are written at their places, so that nothing has moved in it.
        file.try_clone().map_err(failed)
    }

    /// Reads an object into a file that is open for writing, ranges of it at once.
    pub async fn download(
        &self,
        at: &Location,
        known: &Known,
        file: (Arc<File>, &Path),
        on_bytes: &OnBytes,
    ) -> Result<(), ConnectError> {
        let known = Arc::new(known.clone());
        let algorithm = known.checksum.map(|checksum| checksum.algorithm);
        let mut under_way: JoinSet<Result<_, ConnectError>> = JoinSet::new();
        let mut found: Vec<(Span, Option<Checksum>)> = Vec::new();
        for span in spans(known.size, RANGE) {
            if under_way.len() >= RANGES {
                found.extend(joined(under_way.join_next().await)?);
            }
            let (endpoint, at, known) = (self.clone(), at.clone(), Arc::clone(&known));
            let mut sink = Sink::new((Arc::clone(&file.0), file.1), span, algorithm);
            let on_bytes = on_bytes.clone();
            under_way.spawn(async move {
                let _range = endpoint.limits.ranges.acquire().await;
                let _permit = endpoint.limits.requests.acquire().await;
                let mut pieces = endpoint.pieces(&at, &known, span);
                while let Some(bytes) = pieces.next().await? {
                    on_bytes.tell(bytes.len() as u64);
                    sink.take(&bytes)?;
                }
                Ok((span, sink.finish()))
            });
        }
        while let Some(next) = under_way.join_next().await {
            found.extend(joined(Some(next))?);
        }
        let Some(wanted) = known.checksum else {
            return Ok(());
        };
        found.sort_by_key(|(span, _)| span.from);
        let mut all = Checksum::of(wanted.algorithm, &[]);
        for (span, checksum) in found {
            if let Some(checksum) = checksum {
                all = all.then(checksum, span.len());
            }
        }
        Ok(compare(at, wanted, all.value)?)
    }
}

/// Why an object is not read, or copied, in several requests when nothing tells whether they find the same contents.
pub(super) fn nameless() -> Refusal {
    Refusal {
        fault: Fault::Invalid,
        reason: "it takes more than one request, and S3 says no ETag of it, so that nothing tells whether they all find the same contents; check that the address of the endpoint is that of an S3 server".to_owned(),
    }
}

/// What a task gave.
pub(super) fn joined<T, E: From<ConnectError>>(
    result: Option<Result<Result<T, E>, tokio::task::JoinError>>,
) -> Result<Option<T>, E> {
    match result {
        None => Ok(None),
        Some(Ok(result)) => result.map(Some),
        Some(Err(error)) => {
            let text = format!("the transfer broke off: {error}");
            Err(ConnectError::Setting(text).into())
        }
    }
}

/// An error unless some bytes have the checksum that the service keeps.
pub(super) fn compare(at: &Location, wanted: Checksum, found: u64) -> Result<(), S3Error> {
    if wanted.value == found {
        return Ok(());
    }
    let reason = "the bytes that came do not have its checksum: they were damaged on the way or where they are kept; try again".to_owned();
    let fault = Fault::Invalid;
    Err(S3Error::new("read", at, Refusal { fault, reason }))
}

/// Takes bytes in order and writes them into a file at their place.
///
/// They are written as they come, on the thread that they came to: there they are still in the caches of its processor, nobody has to be
/// woken, and nothing is kept. The kernel takes them at once; where its disk cannot keep up this thread waits for it, and so nothing more
/// is read from the network than can be written.
struct Sink {
    file: Arc<File>,
    path: PathBuf,
    at: u64,
    algorithm: Option<CrcAlgorithm>,
    digest: Option<Digest>,
}

impl Sink {
    fn new(file: (Arc<File>, &Path), span: Span, algorithm: Option<CrcAlgorithm>) -> Self {
        Self {
            file: file.0,
            path: file.1.to_owned(),
            at: span.from,
            algorithm,
            digest: algorithm.map(Digest::new),
        }
    }

    fn take(&mut self, bytes: &Bytes) -> Result<(), ConnectError> {
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        let written = self.file.write_all_at(bytes, self.at);
        self.at += bytes.len() as u64;
        written.map_err(|error| ConnectError::io("write", &self.path, error))
    }

    fn finish(self) -> Option<Checksum> {
        let digests = self.algorithm.zip(self.digest);
        digests.map(|(algorithm, digest)| Checksum {
            algorithm,
            value: digest.finalize(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sunk_lies_at_its_place() {
        let written = tempfile::NamedTempFile::new().unwrap();
        let file = Arc::new(written.reopen().unwrap());
        let whole: Vec<u8> = (0..700_001_u32).map(|n| (n % 251) as u8).collect();
        let span = Span {
            from: 3,
            to: 3 + whole.len() as u64,
        };
        let algorithm = CrcAlgorithm::Crc32IsoHdlc;
        let mut sink = Sink::new((file, written.path()), span, Some(algorithm));
        for piece in whole.chunks(100_000) {
            sink.take(&Bytes::copy_from_slice(piece)).unwrap();
        }
        assert_eq!(sink.finish(), Some(Checksum::of(algorithm, &whole)));
        let found = std::fs::read(written.path()).unwrap();
        assert_eq!(found.get(..3).unwrap(), [0; 3]);
        assert!(found.get(3..).unwrap() == whole);
    }
}
