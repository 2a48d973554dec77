//! Reading and writing objects from blocking code, which records are worked on in: bytes in order, with bounded memory.

use std::collections::VecDeque;
use std::io;
use std::io::BufRead;
use std::io::Read;
use std::io::Write;

use bytes::Bytes;
use crc_fast::Digest;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::Endpoint;
use super::Labels;
use super::Location;
use super::MOST_PARTS;
use super::PART;
use super::S3Error;
use super::Span;
use super::get::Known;
use super::get::compare;
use super::get::joined;
use super::put::Parts;
use super::put::Target;
use super::put::Upload;
use super::spans;
use crate::connect::Cancel;
use crate::connect::ConnectError;

/// How much is read in one request.
const STEP: u64 = 4 * 1024 * 1024;

/// How many requests are ahead of the reader.
const AHEAD: usize = 4;

/// How many parts are under way behind the writer at most, and how many bytes.
const BEHIND: usize = 4;
const BYTES_BEHIND: usize = 64 * 1024 * 1024;

/// After how many parts they double, from 8 to 128 MB, so that there are never too many; and after how many the last ones come, which are
/// so large that an object can become one of 1.2 TB.
const GROWS: usize = 1_000;
const DOUBLINGS: usize = 4;
const LAST: usize = 9_000;
const LARGEST: u64 = 512 * 1024 * 1024;

/// Reads an object in order, some of it ahead.
pub struct Reader {
    handle: Handle,
    endpoint: Endpoint,
    at: Location,
    known: Known,
    spans: Box<dyn Iterator<Item = Span> + Send>,
    ahead: VecDeque<JoinSet<Result<Vec<u8>, S3Error>>>,
    cancel: Cancel,
    now: Bytes,
    digest: Option<Digest>,
}

impl Reader {
    /// Opens an object. To be called, and used, where blocking is allowed and a runtime is there.
    pub fn open(endpoint: &Endpoint, at: &Location, cancel: &Cancel) -> Result<Self, ConnectError> {
        let handle = Handle::current();
        let known: Known = handle
            .block_on(async {
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => Err(ConnectError::Cancelled),
                    head = endpoint.existing(at) => head.map_err(ConnectError::from),
                }
            })?
            .into();
        let mut reader = Self {
            handle,
            endpoint: endpoint.clone(),
            at: at.clone(),
            spans: Box::new(spans(known.size, STEP)),
            ahead: VecDeque::new(),
            cancel: cancel.clone(),
            now: Bytes::new(),
            digest: known
                .checksum
                .map(|checksum| Digest::new(checksum.algorithm)),
            known,
        };
        for _ in 0..AHEAD {
            reader.read_on();
        }
        Ok(reader)
    }

    /// The size of the object in bytes.
    pub fn size(&self) -> u64 {
        self.known.size
    }

    fn read_on(&mut self) {
        let Some(span) = self.spans.next() else {
            return;
        };
        let (endpoint, at, known) = (self.endpoint.clone(), self.at.clone(), self.known.clone());
        let mut task = JoinSet::new();
        let read = async move { endpoint.span(&at, &known, span).await };
        task.spawn_on(read, &self.handle);
        self.ahead.push_back(task);
    }

    fn next(&mut self) -> Result<(), ConnectError> {
        let Some(mut task) = self.ahead.pop_front() else {
            if let (Some(wanted), Some(digest)) = (self.known.checksum, self.digest.take()) {
                compare(&self.at, wanted, digest.finalize())?;
            }
            return Ok(());
        };
        let cancel = &self.cancel;
        let next = self.handle.block_on(async {
            tokio::select! {
                next = task.join_next() => next,
                () = cancel.cancelled() => None,
            }
        });
        let read = match next {
            None => return Err(ConnectError::Cancelled),
            Some(Ok(read)) => read?,
            Some(Err(error)) => {
                let text = format!("the transfer broke off: {error}");
                return Err(ConnectError::Setting(text));
            }
        };
        if let Some(digest) = &mut self.digest {
            digest.update(&read);
        }
        self.now = read.into();
        self.read_on();
        Ok(())
    }
}

impl BufRead for Reader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.now.is_empty() {
            self.next().map_err(io::Error::other)?;
        }
        Ok(&self.now)
    }

    fn consume(&mut self, count: usize) {
        drop(self.now.split_to(count.min(self.now.len())));
    }
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let count = from.len().min(into.len());
        if let (Some(into), Some(from)) = (into.get_mut(..count), from.get(..count)) {
            into.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

/// Writes an object in order. It is there when it is committed; dropped without that, it leaves nothing.
pub struct Writer {
    handle: Handle,
    endpoint: Endpoint,
    target: Target,
    cancel: Cancel,
    buffer: Vec<u8>,
    size: u64,
    parts: usize,
    upload: Option<Upload>,
    under_way: Parts,
}

impl Writer {
    /// Starts an object. To be called, and used, where blocking is allowed and a runtime is there. Uploads of the same key that an
    /// attempt before has left behind are given up.
    pub fn create(
        endpoint: &Endpoint,
        target: &Target,
        cancel: &Cancel,
    ) -> Result<Self, ConnectError> {
        let writer = Self {
            handle: Handle::current(),
            endpoint: endpoint.clone(),
            target: target.clone(),
            cancel: cancel.clone(),
            buffer: Vec::new(),
            size: 0,
            parts: 0,
            upload: None,
            under_way: Parts::new(),
        };
        let key = &target.at.key;
        let leftover = |pending: &super::Pending| pending.key == *key;
        writer.wait(async {
            let cleared = endpoint.abort_pending(&target.at, leftover).await;
            cleared.map_err(ConnectError::from)
        })?;
        Ok(writer)
    }

    /// Where the object will be.
    pub fn target(&self) -> &Location {
        &self.target.at
    }

    /// How many bytes have been written.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Makes the object.
    pub fn commit(mut self) -> Result<(), ConnectError> {
        if self.upload.is_none() {
            let body = Bytes::from(std::mem::take(&mut self.buffer));
            return self.wait(async {
                let put = self.endpoint.put(&self.target, body).await;
                put.map(drop).map_err(ConnectError::from)
            });
        }
        if !self.buffer.is_empty() {
            self.send()?;
        }
        self.wait_for_parts(0)?;
        let Some(mut upload) = self.upload.take() else {
            return Ok(());
        };
        let completed = self.handle.block_on(upload.complete(self.size));
        if completed.is_err() {
            self.upload = Some(upload);
        }
        Ok(completed.map(drop)?)
    }

    fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        self.handle.block_on(async {
            tokio::select! {
                result = work => result,
                () = self.cancel.cancelled() => Err(ConnectError::Cancelled),
            }
        })
    }

    /// How large the next part is to be.
    fn step(&self) -> usize {
        step(self.parts)
    }

    /// Sends what has been written so far as a part.
    fn send(&mut self) -> Result<(), ConnectError> {
        if self.parts as u64 >= MOST_PARTS {
            return Err(ConnectError::Setting(format!(
                "cannot write `{}` on: it has {} GB, and what is written in order can have no more; let several copies write an object each",
                self.target.at,
                self.size >> 30
            )));
        }
        if self.upload.is_none() {
            let labels = Labels::default();
            let begin = Upload::begin(&self.endpoint, &self.target, &labels, true);
            // Not given up half-way: who begins must know what has begun.
            self.upload = Some(self.handle.block_on(begin)?);
        }
        let behind = behind(self.buffer.len());
        self.wait_for_parts(behind.saturating_sub(1))?;
        // What all writers have under way is bounded, too.
        let size = self.buffer.len() as u64;
        let kept = self.wait(async { Ok(self.endpoint.keep(size).await) })?;
        let step = self.step();
        let body = std::mem::replace(&mut self.buffer, Vec::with_capacity(step));
        self.parts += 1;
        if let Some(upload) = &self.upload {
            let number = i32::try_from(self.parts).unwrap_or(i32::MAX);
            let part = upload.part(number, body.into());
            let part = async move {
                let _kept = kept;
                part.await
            };
            self.under_way.spawn_on(part, &self.handle);
        }
        if behind == 0 {
            // The next one is not gathered beside one that is so large.
            self.wait_for_parts(0)?;
        }
        Ok(())
    }

    /// Waits until no more than so many parts are under way.
    fn wait_for_parts(&mut self, most: usize) -> Result<(), ConnectError> {
        while self.under_way.len() > most {
            let (under_way, cancel) = (&mut self.under_way, &self.cancel);
            let next = self.handle.block_on(async {
                tokio::select! {
                    next = under_way.join_next() => Ok(next),
                    () = cancel.cancelled() => Err(ConnectError::Cancelled),
                }
            })?;
            if let (Some(part), Some(upload)) = (joined(next)?, &mut self.upload) {
                upload.parts.push(part);
            }
        }
        Ok(())
    }
}

/// How large the part is to be that follows so many.
fn step(parts: usize) -> usize {
    let size = if parts < LAST {
        PART << (parts / GROWS).min(DOUBLINGS)
    } else {
        LARGEST
    };
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// How many parts of a size in bytes are under way while the next one is gathered: fewer, the larger they are.
fn behind(part: usize) -> usize {
    (BYTES_BEHIND / part.max(1)).min(BEHIND)
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let step = self.step();
        if self.buffer.len() >= step {
            self.send().map_err(io::Error::other)?;
        }
        let room = step.saturating_sub(self.buffer.len()).max(1);
        let some = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.buffer.extend_from_slice(some);
        self.size += some.len() as u64;
        Ok(some.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else {
            return;
        };
        let mut under_way = std::mem::take(&mut self.under_way);
        let handle = &self.handle;
        // On a thread of its own, because this may be dropped where blocking is not allowed.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                handle.block_on(async {
                    under_way.shutdown().await;
                    upload.abort().await;
                });
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_behind_a_writer_does_not_grow_with_the_parts() {
        let part = usize::try_from(PART).unwrap();
        for (size, wanted) in [(part, 4), (2 * part, 4), (4 * part, 2), (8 * part, 1)] {
            assert_eq!(behind(size), wanted, "{size}");
            assert!(behind(size) * size <= BYTES_BEHIND);
        }
        assert_eq!(behind(16 * part), 0);
        assert_eq!(behind(0), BEHIND);
    }

    #[test]
    fn what_is_gathered_of_an_object_stays_small_up_to_hundreds_of_gigabytes() {
        let most = usize::try_from(MOST_PARTS).unwrap();
        let mut size = 0;
        for parts in 0..most {
            let part = step(parts);
            size += part;
            // With those that are under way.
            let held = part * (1 + behind(part));
            assert!(held <= 128 << 20 || size > 700 << 30, "{parts}: {held}");
        }
        assert!(size > 1_200 << 30, "{size}");
    }
}
