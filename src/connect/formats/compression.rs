//! Compression: how the bytes of a file are packed, beneath its format.
//!
//! Packing and unpacking run on threads of their own, so that they and the work on records go on at the same time. What
//! they read from and write to is anybody's: a file, an object in S3.
//!
//! gzip is read member by member and must end where a member ends; zstd the same with its frames. What is written is the
//! same for the same bytes, on any day and any machine.

use std::ffi::OsStr;
use std::io;
use std::io::BufRead;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use flate2::Compression as Level;
use flate2::GzBuilder;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

/// How much goes from one thread to the other at once, in bytes.
const BUFFER: usize = 256 * 1024;

/// How many buffers may wait.
const AHEAD: usize = 4;

/// The level of gzip that is written. Of a million rows of eight columns it makes 33.9 MB where the program `gzip -6` makes 32.8 MB.
const GZIP_LEVEL: u32 = 4;

/// The level of zstd that is written: its own default.
const ZSTD_LEVEL: i32 = 3;

/// How the bytes of a file are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// One or more gzip members.
    Gzip,
    /// One or more zstd frames.
    Zstd,
}

impl Compression {
    /// What a path says about itself: gzip when it ends in `.gz`, zstd when it ends in `.zst`.
    pub fn of_path(path: &Path) -> Self {
        let is = |end: &str| {
            path.extension()
                .and_then(OsStr::to_str)
                .is_some_and(|found| found.eq_ignore_ascii_case(end))
        };
        match () {
            () if is("gz") => Self::Gzip,
            () if is("zst") => Self::Zstd,
            () => Self::None,
        }
    }

    /// The compression of that name, as configurations say it.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::None),
            "gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// What names of files end in that are packed so.
    pub fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// Its name in messages.
    fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Unpacks while it is read. An error says at which byte of the packed input it is.
pub fn unpack<R>(input: R, compression: Compression) -> io::Result<Box<dyn BufRead + Send>>
where
    R: BufRead + Send + 'static,
{
    if compression == Compression::None {
        return Ok(Box::new(input));
    }
    let taken = Arc::new(Taken::default());
    let counted = Counted {
        input,
        taken: Arc::clone(&taken),
    };
    let output: Box<dyn Read + Send> = match compression {
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(counted)?),
        _ => Box::new(MultiGzDecoder::new(counted)),
    };
    Ok(Box::new(Ahead::new(Unpacking {
        output,
        taken,
        compression,
    })))
}

/// How far the packed input was read.
#[derive(Default)]
struct Taken {
    bytes: AtomicU64,
    /// Whether it could not be read on.
    failed: AtomicBool,
}

/// Counts what is taken of an input.
struct Counted<R> {
    input: R,
    taken: Arc<Taken>,
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let result = self.input.fill_buf();
        let interrupted = |error: &io::Error| error.kind() == io::ErrorKind::Interrupted;
        if result.as_ref().is_err_and(|error| !interrupted(error)) {
            self.taken.failed.store(true, Ordering::Relaxed);
        }
        result
    }

    fn consume(&mut self, count: usize) {
        self.taken.bytes.fetch_add(count as u64, Ordering::Relaxed);
        self.input.consume(count);
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut from = self.fill_buf()?;
        let count = from.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

/// A decoder whose errors say what is wrong with the packed bytes, and where.
struct Unpacking {
    output: Box<dyn Read + Send>,
    taken: Arc<Taken>,
    compression: Compression,
}

impl Read for Unpacking {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.output.read(into).map_err(|error| {
            let kind = error.kind();
            // What the input says itself, and what only asks for another try, stays as it is.
            if kind == io::ErrorKind::Interrupted || self.taken.failed.load(Ordering::Relaxed) {
                return error;
            }
            let (name, at) = (
                self.compression.name(),
                self.taken.bytes.load(Ordering::Relaxed),
            );
            let text = if kind == io::ErrorKind::UnexpectedEof {
                format!("the {name} data breaks off at byte {at}; the file is not whole")
            } else {
                format!("the {name} data is damaged at or before byte {at}: {error}")
            };
            io::Error::new(kind, text)
        })
    }
}

/// Reads ahead on a thread of its own, which ends with the input or with the next read after this is dropped.
struct Ahead {
    full: Receiver<io::Result<Vec<u8>>>,
    emptied: SyncSender<Vec<u8>>,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Ahead {
    fn new(input: impl Read + Send + 'static) -> Self {
        let (send, full) = sync_channel(AHEAD);
        let (emptied, reuse) = sync_channel(AHEAD);
        std::thread::spawn(move || read_ahead(input, &send, &reuse));
        Self {
            full,
            emptied,
            buffer: Vec::new(),
            at: 0,
            ended: false,
        }
    }
}

/// Sends what is read; an empty buffer is the end.
fn read_ahead(
    mut input: impl Read,
    send: &SyncSender<io::Result<Vec<u8>>>,
    reuse: &Receiver<Vec<u8>>,
) {
    loop {
        let mut buffer = reuse.try_recv().unwrap_or_default();
        buffer.clear();
        buffer.reserve(BUFFER);
        let result = (&mut input).take(BUFFER as u64).read_to_end(&mut buffer);
        let over = !matches!(result, Ok(1..));
        if !buffer.is_empty() && over && send.send(Ok(std::mem::take(&mut buffer))).is_err() {
            return;
        }
        if send.send(result.map(|_| buffer)).is_err() || over {
            return;
        }
    }
}

impl BufRead for Ahead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.buffer.len() && !self.ended {
            let next = match self.full.recv() {
                Ok(next) => next?,
                Err(_) => return Err(io::Error::other("unpacking broke off")),
            };
            self.ended = next.is_empty();
            let emptied = std::mem::replace(&mut self.buffer, next);
            self.at = 0;
            // The reader has enough of them, or has ended.
            drop(self.emptied.try_send(emptied));
        }
        Ok(self.buffer.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.buffer.len());
    }
}

impl Read for Ahead {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut from = self.fill_buf()?;
        let count = from.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

/// Packs what is written to it. Only [`Packer::finish`] makes the output whole.
pub enum Packer<W> {
    /// As it is.
    Plain(W),
    /// Packed on a thread of its own.
    Behind(Behind<W>),
}

impl<W: Write + Send + 'static> Packer<W> {
    /// Packs into `output`.
    pub fn new(output: W, compression: Compression) -> io::Result<Self> {
        let encoder = match compression {
            Compression::None => return Ok(Self::Plain(output)),
            // Without a time: the same bytes give the same file.
            Compression::Gzip => Encoder::Gzip(Box::new(
                GzBuilder::new()
                    .mtime(0)
                    .write(output, Level::new(GZIP_LEVEL)),
            )),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(output, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Encoder::Zstd(encoder)
            }
        };
        Ok(Self::Behind(Behind::new(encoder)))
    }

    /// Ends what is packed, and gives back what it was written to.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(output) => Ok(output),
            Self::Behind(behind) => behind.finish(),
        }
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(output) => output.write(bytes),
            Self::Behind(behind) => behind.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The encoders.
enum Encoder<W: Write> {
    Gzip(Box<GzEncoder<W>>),
    Zstd(zstd::Encoder<'static, W>),
}

/// What packs on a thread of its own. It ends when this is dropped, and then what it wrote is not whole.
pub struct Behind<W> {
    buffer: Vec<u8>,
    /// Full buffers; an empty one is the end. Closed without one, nobody wants what is packed.
    send: Option<SyncSender<Vec<u8>>>,
    emptied: Receiver<Vec<u8>>,
    /// None once it has been waited for.
    thread: Option<JoinHandle<io::Result<W>>>,
}

impl<W: Write + Send + 'static> Behind<W> {
    fn new(encoder: Encoder<W>) -> Self {
        let (send, full) = sync_channel(AHEAD);
        let (give_back, emptied) = sync_channel(AHEAD);
        let thread = std::thread::spawn(move || pack_all(encoder, &full, &give_back));
        Self {
            buffer: Vec::with_capacity(BUFFER),
            send: Some(send),
            emptied,
            thread: Some(thread),
        }
    }

    fn finish(mut self) -> io::Result<W> {
        if !self.buffer.is_empty() {
            self.pass_on()?;
        }
        // An error says itself below.
        drop(self.send.take().map(|send| send.send(Vec::new())));
        self.outcome()
    }
}

impl<W> Behind<W> {
    /// What became of the thread, which has ended or is about to.
    fn outcome(&mut self) -> io::Result<W> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            _ => Err(io::Error::other("packing broke off")),
        }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let next = self.emptied.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut self.buffer, next);
        match self.send.as_ref().map(|send| send.send(full)) {
            Some(Ok(())) => Ok(()),
            // The thread ended before it was asked to.
            _ => match self.outcome() {
                Err(error) => Err(error),
                Ok(_) => Err(io::ErrorKind::BrokenPipe.into()),
            },
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.pass_on()?;
        }
        Ok(bytes.len())
    }
}

/// What was not finished is gone when this is: the thread has ended, and has dropped what it wrote to.
impl<W> Drop for Behind<W> {
    fn drop(&mut self) {
        self.send = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Packs what comes until the end is said.
fn pack_all<W: Write>(
    mut encoder: Encoder<W>,
    full: &Receiver<Vec<u8>>,
    give_back: &SyncSender<Vec<u8>>,
) -> io::Result<W> {
    loop {
        let mut buffer = full
            .recv()
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        if buffer.is_empty() {
            break;
        }
        match &mut encoder {
            Encoder::Gzip(gzip) => gzip.write_all(&buffer)?,
            Encoder::Zstd(zstd) => zstd.write_all(&buffer)?,
        }
        buffer.clear();
        // The writer has enough of them, or has ended.
        drop(give_back.try_send(buffer));
    }
    match encoder {
        Encoder::Gzip(gzip) => gzip.finish(),
        Encoder::Zstd(zstd) => zstd.finish(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

    fn pack(bytes: &[u8], compression: Compression) -> Vec<u8> {
        let mut packer = Packer::new(Vec::new(), compression).unwrap();
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn unpacked(packed: &[u8], compression: Compression) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let input = io::Cursor::new(packed.to_vec());
        unpack(input, compression)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(
            bytes in prop::collection::vec(any::<u8>(), 0..2000),
            times in 0_usize..400,
            second in prop::collection::vec(any::<u8>(), 0..50),
        ) {
            let first = bytes.repeat(times);
            for compression in ALL {
                // Members and frames one after the other are one file.
                let both = [pack(&first, compression), pack(&second, compression)].concat();
                let whole = [first.clone(), second.clone()].concat();
                prop_assert_eq!(unpacked(&both, compression).unwrap(), whole);
                prop_assert_eq!(pack(&second, compression), pack(&second, compression));
            }
        }

        #[test]
        fn what_is_cut_off_is_found(bytes in prop::collection::vec(any::<u8>(), 1..3000), cut in 1_usize..60) {
            for compression in [Compression::Gzip, Compression::Zstd] {
                let packed = pack(&bytes, compression);
                let cut = packed.len() - cut.min(packed.len() - 1);
                let error = unpacked(&packed[..cut], compression).unwrap_err().to_string();
                prop_assert!(error.contains("breaks off at byte"), "{}: {}", cut, error);
            }
        }
    }

    #[test]
    fn errors_say_what_and_where() {
        let packed = pack(&b"some text ".repeat(1000), Compression::Gzip);
        let error =
            |bytes: &[u8], compression| unpacked(bytes, compression).unwrap_err().to_string();
        assert_eq!(
            error(&packed[..packed.len() - 3], Compression::Gzip),
            format!(
                "the gzip data breaks off at byte {}; the file is not whole",
                packed.len() - 3
            )
        );
        assert_eq!(
            error(b"", Compression::Gzip),
            "the gzip data breaks off at byte 0; the file is not whole"
        );
        assert!(
            error(b"no gzip at all", Compression::Gzip)
                .starts_with("the gzip data is damaged at or before byte")
        );
        assert!(
            error(b"no zstd at all", Compression::Zstd)
                .starts_with("the zstd data is damaged at or before byte")
        );
        let trailing = [packed.clone(), b"rubbish rubbish".to_vec()].concat();
        assert!(error(&trailing, Compression::Gzip).contains("damaged"));
        let mut flipped = packed.clone();
        let last = flipped.len() - 5;
        flipped[last] ^= 1;
        assert!(error(&flipped, Compression::Gzip).contains("checksum"));
    }

    /// Takes some bytes, and then no more.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_that_is_full_says_so() {
        let noise: Vec<u8> = (0..4_000_000_u64)
            .map(|n| (n.wrapping_mul(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
            .collect();
        for compression in ALL {
            let mut packer = Packer::new(Full(1000), compression).unwrap();
            let result = packer
                .write_all(&noise)
                .and_then(|()| packer.finish().map(drop));
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::StorageFull);
        }
    }

    #[test]
    fn paths_and_names_say_it() {
        let of = |path: &str| Compression::of_path(Path::new(path));
        assert_eq!(of("a/b.csv.gz"), Compression::Gzip);
        assert_eq!(of("a/b.ZST"), Compression::Zstd);
        assert_eq!(of("a.gz/b.csv"), Compression::None);
        assert_eq!(Compression::of_name("zstd"), Some(Compression::Zstd));
        assert_eq!(Compression::of_name("bzip2"), None);
    }
}
