//! Reading: bytes in order, and objects into files, in parallel ranges.
//!
//! A connection that breaks is taken up again where it broke. Every request says which contents it means, so that an object that
//! changes between two of them is an error and never a mixture. Where the service keeps a checksum of the whole, it is compared.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use crc_fast::Digest;
use tokio::runtime::Handle;
use tokio::runtime::RuntimeFlavor;
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

/// How much is written to a file at once.
const BATCH: usize = 256 * 1024;

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
                    sink.take(bytes).await?;
                }
                Ok((span, sink.finish().await?))
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

/// Takes bytes in order and writes them into a file at their place, a batch at a time.
struct Sink {
    file: Arc<File>,
    path: PathBuf,
    at: u64,
    batch: Vec<Bytes>,
    size: usize,
    algorithm: Option<CrcAlgorithm>,
    digest: Option<Digest>,
}

impl Sink {
    fn new(file: (Arc<File>, &Path), span: Span, algorithm: Option<CrcAlgorithm>) -> Self {
        Self {
            file: file.0,
            path: file.1.to_owned(),
            at: span.from,
            batch: Vec::new(),
            size: 0,
            algorithm,
            digest: algorithm.map(Digest::new),
        }
    }

    async fn take(&mut self, bytes: Bytes) -> Result<(), ConnectError> {
        self.size += bytes.len();
        self.batch.push(bytes);
        if self.size >= BATCH {
            self.write().await?;
        }
        Ok(())
    }

    /// Writes what has come since.
    async fn write(&mut self) -> Result<(), ConnectError> {
        let batch = std::mem::take(&mut self.batch);
        let (file, at, mut digest) = (Arc::clone(&self.file), self.at, self.digest.take());
        self.at += self.size as u64;
        self.size = 0;
        let written = in_place(move || {
            let mut at = at;
            for bytes in batch {
                if let Some(digest) = &mut digest {
                    digest.update(&bytes);
                }
                file.write_all_at(&bytes, at)?;
                at += bytes.len() as u64;
            }
            Ok(digest)
        });
        let written = written.await;
        self.digest = written.map_err(|error| ConnectError::io("write", &self.path, error))?;
        Ok(())
    }

    async fn finish(mut self) -> Result<Option<Checksum>, ConnectError> {
        self.write().await?;
        let digests = self.algorithm.zip(self.digest);
        Ok(digests.map(|(algorithm, digest)| Checksum {
            algorithm,
            value: digest.finalize(),
        }))
    }
}

/// Does work that may wait for a disk. Where another thread can take over what else is to be done, it is done on this one: what has just
/// come from the network is still in the caches of its processor, and nobody has to be woken when it is written.
async fn in_place<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        return tokio::task::block_in_place(work);
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    /// What a sink makes of pieces of a span that begins at the fourth byte of a file: the file, and the checksum of the span.
    async fn sunk(pieces: Vec<Vec<u8>>) -> (Vec<u8>, Option<Checksum>) {
        let written = tempfile::NamedTempFile::new().unwrap();
        let file = Arc::new(written.reopen().unwrap());
        let length: usize = pieces.iter().map(Vec::len).sum();
        let span = Span {
            from: 3,
            to: 3 + length as u64,
        };
        let algorithm = Some(CrcAlgorithm::Crc32IsoHdlc);
        let mut sink = Sink::new((file, written.path()), span, algorithm);
        for piece in pieces {
            sink.take(piece.into()).await.unwrap();
        }
        let checksum = sink.finish().await.unwrap();
        (std::fs::read(written.path()).unwrap(), checksum)
    }

    #[test]
    fn what_is_sunk_lies_at_its_place_on_whatever_runtime() {
        let whole: Vec<u8> = (0..700_001_u32).map(|n| (n % 251) as u8).collect();
        let pieces: Vec<Vec<u8>> = whole.chunks(100_000).map(<[u8]>::to_vec).collect();
        let wanted = Checksum::of(CrcAlgorithm::Crc32IsoHdlc, &whole);
        for runtime in [
            Builder::new_current_thread().build().unwrap(),
            Builder::new_multi_thread()
                .worker_threads(1)
                .build()
                .unwrap(),
        ] {
            // On the thread that waits, and on one of the runtime.
            let here = runtime.block_on(sunk(pieces.clone()));
            let there = runtime.block_on(runtime.spawn(sunk(pieces.clone())));
            for (file, checksum) in [here, there.unwrap()] {
                assert_eq!(file.get(..3).unwrap(), [0; 3]);
                assert!(file.get(3..).unwrap() == whole);
                assert_eq!(checksum, Some(wanted));
            }
        }
    }
}
