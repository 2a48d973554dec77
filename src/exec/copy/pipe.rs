//! Between the reader and the writer of a copy: batches of records through a bounded channel.
//!
//! Emptied batches go back through a second channel and are filled again, so that a copy allocates nothing for a
//! record once its batches have their size. How much is under way is bounded by [`AHEAD`], and by [`WAITING`] where batches are large.

use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;

use crate::connect::ConnectError;
use crate::connect::formats::Batch;
use crate::connect::formats::BatchReader;
use crate::connect::formats::Column;
use crate::exec::Context;

/// How many batches may wait for the writer.
const AHEAD: usize = 4;

/// How much memory those that wait may take. A larger one waits alone.
const WAITING: usize = 16 * 1024 * 1024;

/// The memory of the batches that wait.
struct Waiting {
    /// How many bytes it is; none: nobody takes batches any more.
    bytes: Mutex<Option<usize>>,
    less: Condvar,
}

impl Waiting {
    fn new() -> Self {
        Self {
            bytes: Mutex::new(Some(0)),
            less: Condvar::new(),
        }
    }

    fn bytes(&self) -> MutexGuard<'_, Option<usize>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room for a batch.
    fn add(&self, more: usize) {
        let full = |bytes: &mut Option<usize>| bytes.is_some_and(|b| b > 0 && b + more > WAITING);
        let bytes = self.less.wait_while(self.bytes(), full);
        let mut bytes = bytes.unwrap_or_else(PoisonError::into_inner);
        *bytes = bytes.map(|bytes| bytes + more);
    }

    fn remove(&self, fewer: usize) {
        let mut bytes = self.bytes();
        *bytes = bytes.map(|bytes| bytes.saturating_sub(fewer));
        self.less.notify_one();
    }

    fn has_ended(&self) -> bool {
        self.bytes().is_none()
    }

    fn end(&self) {
        *self.bytes() = None;
        self.less.notify_one();
    }
}

/// Where the records that follow come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    /// The file, or `query`; for errors.
    pub(super) place: String,
    /// What its records are counted in: `line` or `row`.
    pub(super) unit: &'static str,
    /// The names of the columns; empty when nobody says them.
    pub(super) names: Vec<String>,
    /// The types of the columns, as far as they are declared or known.
    pub(super) columns: Vec<Column>,
    /// Whether its values have these types for sure.
    pub(super) typed: bool,
}

/// What the reader tells the writer.
pub(super) enum Message {
    /// Another input begins.
    Source(Source),
    /// Records of it, and what could not be read as one; never empty.
    Rows(Batch),
    /// All inputs were read to their ends. Without it the writer commits nothing.
    End,
}

/// The reader's end.
pub(super) struct Outgoing<'a> {
    send: SyncSender<Message>,
    emptied: Receiver<Batch>,
    waiting: Arc<Waiting>,
    batch: Batch,
    ctx: &'a Context,
}

/// The writer's end.
pub(super) struct Incoming {
    receive: Receiver<Message>,
    emptied: SyncSender<Batch>,
    waiting: Arc<Waiting>,
}

/// A reader that waits for room would wait for ever.
impl Drop for Incoming {
    fn drop(&mut self) {
        self.waiting.end();
    }
}

fn pipe(ctx: &Context) -> (Outgoing<'_>, Incoming) {
    let (send, receive) = sync_channel(AHEAD);
    let (give_back, emptied) = sync_channel(AHEAD);
    let waiting = Arc::new(Waiting::new());
    let outgoing = Outgoing {
        send,
        emptied,
        waiting: Arc::clone(&waiting),
        batch: Batch::default(),
        ctx,
    };
    let incoming = Incoming {
        receive,
        emptied: give_back,
        waiting,
    };
    (outgoing, incoming)
}

impl Outgoing<'_> {
    /// Says that the records from now on come from another input.
    pub(super) fn source(&mut self, source: Source) -> Result<(), ConnectError> {
        self.flush()?;
        self.send(Message::Source(source))
    }

    /// Sends all that a reader gives.
    pub(super) fn read_all(&mut self, reader: &mut dyn BatchReader) -> Result<(), ConnectError> {
        while reader.fill(&mut self.batch)? {
            self.flush()?;
        }
        self.batch.clear();
        Ok(())
    }

    /// Where the next record is to be added; [`Outgoing::added`] sends it off.
    pub(super) fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Says that a record was added to the batch.
    pub(super) fn added(&mut self) -> Result<(), ConnectError> {
        if self.batch.is_full() {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Says that everything has been read.
    pub(super) fn end(mut self) -> Result<(), ConnectError> {
        self.flush()?;
        self.send(Message::End)
    }

    fn flush(&mut self) -> Result<(), ConnectError> {
        self.ctx.check_cancel()?;
        if self.batch.is_empty() {
            if self.waiting.has_ended() {
                // As in `send`.
                return Err(ConnectError::Cancelled);
            }
            return Ok(());
        }
        let next = self.emptied.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut self.batch, next);
        self.waiting.add(full.memory());
        self.send(Message::Rows(full))
    }

    /// A writer that has gone has its own error; this one only ends the reader.
    fn send(&self, message: Message) -> Result<(), ConnectError> {
        self.send.send(message).map_err(|_| ConnectError::Cancelled)
    }
}

impl Incoming {
    /// The next message; an error when the reader stopped before [`Message::End`].
    pub(super) fn next(&self) -> Result<Message, ConnectError> {
        let message = self.receive.recv();
        if let Ok(Message::Rows(batch)) = &message {
            self.waiting.remove(batch.memory());
        }
        message.map_err(|_| ConnectError::Cancelled)
    }

    /// Gives a batch back to be filled again.
    pub(super) fn done(&self, mut batch: Batch) {
        batch.clear();
        // The reader has enough of them, or has ended.
        drop(self.emptied.try_send(batch));
    }
}

/// Reads on a thread of its own and writes on this one.
pub(super) fn piped<T>(
    ctx: &Context,
    read: impl FnOnce(Outgoing<'_>) -> Result<(), ConnectError> + Send,
    write: impl FnOnce(&Incoming) -> Result<T, ConnectError>,
) -> Result<T, ConnectError> {
    // Who reads from S3 needs it.
    let runtime = tokio::runtime::Handle::try_current().ok();
    std::thread::scope(|scope| {
        let (outgoing, incoming) = pipe(ctx);
        let reader = scope.spawn(move || {
            let _inside = runtime.as_ref().map(tokio::runtime::Handle::enter);
            read(outgoing)
        });
        let written = write(&incoming);
        drop(incoming);
        match (reader.join(), written) {
            (Ok(Err(error)), _)
                if !matches!(error, ConnectError::Cancelled) || ctx.cancel.is_cancelled() =>
            {
                Err(error)
            }
            (Err(_), _) => Err(ConnectError::Setting(
                "the reader of the copy broke off".to_owned(),
            )),
            (_, written) => written,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_batches_wait_alone_and_nobody_waits_for_who_is_gone() {
        let waiting = Arc::new(Waiting::new());
        waiting.add(WAITING + 1);
        let (send, receive) = sync_channel(2);
        let other = Arc::clone(&waiting);
        let thread = std::thread::spawn(move || {
            for number in 0..2 {
                other.add(WAITING);
                send.send(number).unwrap();
            }
        });
        assert!(receive.try_recv().is_err());
        waiting.remove(WAITING + 1);
        assert_eq!(receive.recv().unwrap(), 0);
        waiting.end();
        assert_eq!(receive.recv().unwrap(), 1);
        thread.join().unwrap();
    }
}
