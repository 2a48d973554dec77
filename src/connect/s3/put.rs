//! Writing: an object in one call, or in parts of which several are under way.
//!
//! Each call says the checksum of what it carries, and the last one that of all of it: the service compares. What is begun is completed
//! or given up, also when the answer to the call that begins it is lost on the way.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use md5::Digest as _;
use md5::Md5;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use super::Checksum;
use super::Encryption;
use super::Endpoint;
use super::Fault;
use super::Head;
use super::KEPT;
use super::Labels;
use super::Location;
use super::OnBytes;
use super::PART;
use super::Part;
use super::Refusal;
use super::S3Error;
use super::Span;
use super::UNIT;
use super::get::Known;
use super::get::compare;
use super::get::joined;
use super::part_size;
use super::spans;
use crate::connect::Cancel;
use crate::connect::ConnectError;

/// What is written in one call at most.
const WHOLE: u64 = 2 * PART;

/// How many parts of an object are under way at once.
const PARTS: usize = 12;

/// An object to write.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where.
    pub at: Location,
    /// How the service encrypts it.
    pub encryption: Encryption,
}

/// Where the bytes of an object come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file, as it was when this was made of it.
    File(Arc<File>, PathBuf, (u64, SystemTime)),
    /// An object, which may be at another endpoint.
    Object(Endpoint, Location, Known),
}

impl Source {
    /// A file that stays as it is while it is read.
    pub fn file(file: File, path: PathBuf) -> Result<Self, ConnectError> {
        let stamp = stamp(&file).map_err(|error| ConnectError::io("read", &path, error))?;
        Ok(Self::File(Arc::new(file), path, stamp))
    }

    /// An error when it is a file and somebody has written to it. An object that changes is seen when it is read.
    fn check(&self) -> Result<(), ConnectError> {
        let Self::File(file, path, was) = self else {
            return Ok(());
        };
        let failed = |error| ConnectError::io("read", path, error);
        if stamp(file).map_err(failed)? == *was {
            return Ok(());
        }
        Err(failed(busy()))
    }

    /// An error when what went up in parts does not have the checksum that is kept of the object it was read from. Of one that is kept with
    /// another algorithm nothing is said: it cannot be made of those of the parts.
    fn compare(&self, found: Checksum) -> Result<(), ConnectError> {
        match self {
            Self::Object(_, at, known) => match known.checksum {
                Some(wanted) if wanted.algorithm == found.algorithm => {
                    Ok(compare(at, wanted, found.value)?)
                }
                _ => Ok(()),
            },
            Self::File(..) => Ok(()),
        }
    }

    async fn read(&self, span: Span) -> Result<Bytes, ConnectError> {
        match self {
            Self::File(file, path, _) => {
                let (file, path) = (Arc::clone(file), path.clone());
                let read = move || {
                    let mut bytes = vec![0; usize::try_from(span.len()).unwrap_or(0)];
                    let read = file.read_exact_at(&mut bytes, span.from);
                    read.map_err(|error| {
                        // It has become shorter.
                        let shorter = error.kind() == io::ErrorKind::UnexpectedEof;
                        let error = if shorter { busy() } else { error };
                        ConnectError::io("read", &path, error)
                    })?;
                    Ok::<_, ConnectError>(bytes)
                };
                let read = tokio::task::spawn_blocking(read).await;
                Ok(read.map_err(|error| broken(&error))??.into())
            }
            Self::Object(endpoint, at, known) => Ok(endpoint.span(at, known, span).await?.into()),
        }
    }
}

/// What is wrong with a file that does not stay as it is.
fn busy() -> io::Error {
    io::Error::other("somebody writes to it while it is copied; copy it when it is complete")
}

/// What changes when a file is written to: its size and when that was.
fn stamp(file: &File) -> io::Result<(u64, SystemTime)> {
    let found = file.metadata()?;
    Ok((found.len(), found.modified()?))
}

fn broken(error: &tokio::task::JoinError) -> ConnectError {
    ConnectError::Setting(format!("the transfer broke off: {error}"))
}

/// The checksum of some bytes.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    as_crc32(Checksum::of(CrcAlgorithm::Crc32IsoHdlc, bytes))
}

/// A checksum of 32 bits.
fn as_crc32(checksum: Checksum) -> u32 {
    u32::try_from(checksum.value & u64::from(u32::MAX)).unwrap_or_default()
}

impl Endpoint {
    /// Writes an object in one call; gives what the service calls its contents.
    pub async fn put(&self, target: &Target, body: Bytes) -> Result<String, S3Error> {
        let crc32 = crc32(&body);
        let at = &target.at;
        let call = || self.calls.put(at, body.clone(), crc32, target.encryption);
        self.tried("write", at, call).await
    }

    /// Writes an object of a known size; gives what the service calls its contents. When it fails, or is cancelled, nothing is left
    /// of it.
    pub async fn upload(
        &self,
        target: &Target,
        size: u64,
        source: &Source,
        on_bytes: &OnBytes,
        cancel: &Cancel,
    ) -> Result<String, ConnectError> {
        if size <= WHOLE {
            let _kept = self.keep(size).await;
            let body = source.read(Span { from: 0, to: size }).await?;
            source.check()?;
            let etag = self.put(target, body).await?;
            on_bytes.tell(size);
            return Ok(etag);
        }
        let mut upload = Upload::begin(self, target, &Labels::default(), true).await?;
        let mut under_way = Parts::new();
        let parts = tokio::select! {
            parts = upload.fill(size, source, on_bytes, &mut under_way) => parts,
            () = cancel.cancelled() => Err(ConnectError::Cancelled),
        };
        // A part that is on its way when the upload is given up may come behind that, and would be kept.
        under_way.shutdown().await;
        // What was at the target stays unless all that went up is of one file, and is what was read.
        let checked = parts.and_then(|()| source.check());
        let checked = checked.and_then(|()| source.compare(upload.whole()));
        let result = match checked {
            Ok(()) => upload.complete(size).await.map_err(ConnectError::from),
            Err(error) => Err(error),
        };
        if result.is_err() {
            upload.abort().await;
        }
        result
    }

    /// Waits until there is memory for so many bytes; it is taken as long as what this gives is there.
    pub async fn keep(&self, size: u64) -> Option<OwnedSemaphorePermit> {
        let units = usize::try_from(size).unwrap_or(usize::MAX).div_ceil(UNIT);
        let units = u32::try_from(units.min(KEPT)).unwrap_or(u32::MAX);
        let kept = Arc::clone(&self.limits.kept);
        // It is never closed.
        kept.acquire_many_owned(units).await.ok()
    }
}

/// Parts that are under way, each with its size when it is done.
pub(super) type Parts = JoinSet<Result<(Part, u64), ConnectError>>;

/// An upload in parts.
pub(super) struct Upload {
    endpoint: Endpoint,
    target: Target,
    id: String,
    /// Whether it has checksums.
    checked: bool,
    pub(super) parts: Vec<(Part, u64)>,
}

impl Upload {
    /// Begins one.
    pub(super) async fn begin(
        endpoint: &Endpoint,
        target: &Target,
        labels: &Labels,
        checked: bool,
    ) -> Result<Self, S3Error> {
        let Target { at, encryption } = target;
        let call = || endpoint.calls.begin(at, *encryption, labels, checked);
        let (begun, doubtful) = endpoint
            .counted(endpoint.attempts, ("write", at), call)
            .await;
        if let Ok(id) = &begun {
            endpoint.under_way().insert(id.clone());
        }
        if doubtful {
            // One whose answer was lost may have begun an upload that nobody knows.
            let ours = begun.as_deref().unwrap_or_default();
            let lost = |pending: &super::Pending| pending.key == at.key && pending.id != ours;
            // What cannot be removed now is when the key is written next.
            drop(endpoint.abort_pending(at, lost).await);
        }
        Ok(Self {
            endpoint: endpoint.clone(),
            target: target.clone(),
            id: begun.map_err(|refusal| S3Error::new("write", at, refusal))?,
            checked,
            parts: Vec::new(),
        })
    }

    /// Uploads all of a source.
    async fn fill(
        &mut self,
        size: u64,
        source: &Source,
        on_bytes: &OnBytes,
        under_way: &mut Parts,
    ) -> Result<(), ConnectError> {
        for (number, span) in (1..).zip(spans(size, part_size(size))) {
            if under_way.len() >= PARTS {
                self.parts.extend(joined(under_way.join_next().await)?);
            }
            let (endpoint, at, id) = (
                self.endpoint.clone(),
                self.target.at.clone(),
                self.id.clone(),
            );
            let (source, on_bytes) = (source.clone(), on_bytes.clone());
            under_way.spawn(async move {
                let _kept = endpoint.keep(span.len()).await;
                let body = source.read(span).await?;
                let part = endpoint.part(&at, &id, number, body).await?;
                on_bytes.tell(span.len());
                Ok((part, span.len()))
            });
        }
        while let Some(next) = under_way.join_next().await {
            self.parts.extend(joined(Some(next))?);
        }
        Ok(())
    }

    /// Uploads a part in the background; gives it with its size.
    pub(super) fn part(
        &self,
        number: i32,
        body: Bytes,
    ) -> impl Future<Output = Result<(Part, u64), ConnectError>> + Send + use<> {
        let (endpoint, at, id) = (
            self.endpoint.clone(),
            self.target.at.clone(),
            self.id.clone(),
        );
        async move {
            let size = body.len() as u64;
            Ok((endpoint.part(&at, &id, number, body).await?, size))
        }
    }

    /// Where the object will be.
    pub(super) fn at(&self) -> &Location {
        &self.target.at
    }

    /// The id that the service gave it.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The checksum of all that went up.
    fn whole(&mut self) -> Checksum {
        self.parts.sort_by_key(|(part, _)| part.number);
        let mut whole = Checksum::of(CrcAlgorithm::Crc32IsoHdlc, &[]);
        for (part, length) in &self.parts {
            let value = u64::from(part.crc32.unwrap_or_default());
            whole = whole.then(Checksum { value, ..whole }, *length);
        }
        whole
    }

    /// Makes the object; gives what the service calls its contents.
    pub(super) async fn complete(&mut self, size: u64) -> Result<String, S3Error> {
        let whole = self.whole();
        let at = &self.target.at;
        let checks = self.checked.then_some((as_crc32(whole), size));
        let parts: Vec<Part> = self.parts.iter().map(|(part, _)| part.clone()).collect();
        let call = || {
            let calls = &self.endpoint.calls;
            calls.complete(at, &self.id, &parts, checks)
        };
        let endpoint = &self.endpoint;
        let (result, doubtful) = endpoint
            .counted(endpoint.attempts, ("write", at), call)
            .await;
        match result {
            // The answer to an earlier call was lost: it may have been done.
            Err(refusal) if doubtful && refusal.fault == Fault::NoKey => {
                let head = self.endpoint.head(at).await?;
                let checksum = Some(whole).filter(|_| self.checked);
                if is_made_of(&head, &parts, size, checksum) {
                    return Ok(head.etag);
                }
                Err(failed(at, refusal))
            }
            result => result.map_err(|refusal| failed(at, refusal)),
        }
    }

    /// Gives it up.
    pub(super) async fn abort(&self) {
        self.endpoint.abort(&self.target.at, &self.id).await;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.endpoint.under_way().remove(&self.id);
    }
}

/// An error with an upload. That it is not there any more has a reason that the service does not know.
fn failed(at: &Location, mut refusal: Refusal) -> S3Error {
    if refusal.fault == Fault::NoKey {
        refusal.fault = Fault::Invalid;
        "its upload in parts was given up while it was under way; another copy writes the same object, or a rule of the bucket removes uploads".clone_into(&mut refusal.reason);
    }
    S3Error::new("write", at, refusal)
}

impl Endpoint {
    async fn part(
        &self,
        at: &Location,
        upload: &str,
        number: i32,
        body: Bytes,
    ) -> Result<Part, S3Error> {
        let crc32 = crc32(&body);
        let call = || self.calls.part(at, upload, number, (body.clone(), crc32));
        let (part, _) = self.counted(self.attempts, ("write", at), call).await;
        part.map_err(|refusal| failed(at, refusal))
    }
}

/// Whether an object is the one that some parts make.
fn is_made_of(head: &Head, parts: &[Part], size: u64, checksum: Option<Checksum>) -> bool {
    if head.size != size {
        return false;
    }
    if let (Some(found), Some(wanted)) = (head.checksum, checksum)
        && found.algorithm == wanted.algorithm
    {
        return found == wanted;
    }
    let mut all = Md5::new();
    for part in parts {
        let hex = part.etag.trim_matches('"').as_bytes();
        let Ok(digest) = data_encoding::HEXLOWER_PERMISSIVE.decode(hex) else {
            return false;
        };
        all.update(digest);
    }
    let digest = data_encoding::HEXLOWER.encode(&all.finalize());
    head.etag.trim_matches('"') == format!("{digest}-{}", parts.len())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[tokio::test]
    async fn a_file_that_becomes_shorter_is_no_source_any_more() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"one").unwrap();
        let opened = file.reopen().unwrap();
        let source = Source::file(opened, file.path().to_owned()).unwrap();
        let all = Span { from: 0, to: 3 };
        assert_eq!(source.read(all).await.unwrap(), b"one"[..]);
        file.as_file().set_len(2).unwrap();
        let error = source.read(all).await.unwrap_err().to_string();
        assert!(error.contains("somebody writes to it"), "{error}");
    }

    #[test]
    fn a_file_that_somebody_writes_to_is_no_source_any_more() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"one").unwrap();
        let opened = file.reopen().unwrap();
        let source = Source::file(opened, file.path().to_owned()).unwrap();
        source.check().unwrap();
        file.write_all(b"two").unwrap();
        let error = source.check().unwrap_err().to_string();
        assert!(error.contains("somebody writes to it"), "{error}");
    }

    #[test]
    fn an_object_is_known_by_its_parts() {
        let part = |number, bytes: &[u8]| Part {
            number,
            etag: format!(
                "\"{}\"",
                data_encoding::HEXLOWER.encode(&Md5::digest(bytes))
            ),
            crc32: None,
        };
        let parts = [part(1, b"one"), part(2, b"two")];
        let both = [Md5::digest(b"one"), Md5::digest(b"two")].concat();
        let etag = data_encoding::HEXLOWER.encode(&Md5::digest(both));
        let mut head = Head {
            size: 6,
            etag: format!("\"{etag}-2\""),
            checksum: None,
            modified: 0,
            labels: Labels::default(),
        };
        assert!(is_made_of(&head, &parts, 6, None));
        assert!(!is_made_of(&head, &parts, 7, None));
        assert!(!is_made_of(&head, &parts[..1], 6, None));
        let sum = Checksum::of(CrcAlgorithm::Crc32IsoHdlc, b"onetwo");
        head.checksum = Some(sum);
        assert!(is_made_of(&head, &[], 6, Some(sum)));
        assert!(!is_made_of(
            &head,
            &parts,
            6,
            Some(Checksum { value: 1, ..sum })
        ));
    }
}
