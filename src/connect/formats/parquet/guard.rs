//! Keeps what damaged files do to the `parquet` crate in here: its decoders panic where bytes make no sense, and take as much memory as a page
//! says that it needs.
//!
//! A panic is an error like any other for those who read, and says nothing on its own. What pages say is looked at before they are read.

use std::cell::Cell;
use std::io::Cursor;
use std::io::Read as _;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;
use parquet::file::reader::Length;

/// The largest page that is read, unpacked, in bytes.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// A page of so many bytes is read however small it is packed. Of a larger one each packed byte stands for at most [`RATIO`].
const PLAIN: u64 = 64 * 1024 * 1024;
const RATIO: u64 = 32 * 1024;

/// How much of the header of a page its sizes are in, in bytes: three numbers of at most five, each after a byte.
const HEAD: u64 = 18;

/// A file whose pages are looked at before they are read.
pub(super) struct Measured<F> {
    file: Arc<F>,
    /// How many bytes the page has, unpacked, whose header was looked at last.
    said: AtomicU64,
}

impl<F> Measured<F> {
    pub(super) fn new(file: F) -> Self {
        Self {
            file: Arc::new(file),
            said: AtomicU64::new(0),
        }
    }

    /// The same file for another reader.
    pub(super) fn again(&self) -> Self {
        Self {
            file: Arc::clone(&self.file),
            said: AtomicU64::new(0),
        }
    }

    /// How many bytes the page has, unpacked, whose header was looked at last.
    pub(super) fn said(&self) -> u64 {
        self.said.load(Ordering::Relaxed)
    }
}

impl<F: ChunkReader> Length for Measured<F> {
    fn len(&self) -> u64 {
        self.file.len()
    }
}

impl<F: ChunkReader> ChunkReader for Measured<F> {
    type T = std::io::Chain<Cursor<Vec<u8>>, F::T>;

    /// Pages are read from here, beginning with their headers.
    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let mut file = self.file.get_read(start)?;
        let mut head = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        if let Some((unpacked, packed)) = sizes(&head) {
            let most = packed.saturating_mul(RATIO).clamp(PLAIN, LARGEST);
            if unpacked > most {
                return Err(ParquetError::General(format!(
                    "a page has {unpacked} bytes, packed into {packed}, which is more than is read at once"
                )));
            }
            self.said.store(unpacked, Ordering::Relaxed);
        }
        Ok(Cursor::new(head).chain(file))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.file.get_bytes(start, length)
    }
}

/// How large a page is, unpacked and packed, by the beginning of its header. `None`: it is no such header.
///
/// It begins with three numbers, each after a byte that says so: the kind of the page and the two sizes.
fn sizes(head: &[u8]) -> Option<(u64, u64)> {
    let mut rest = head.iter();
    let mut number = || {
        if *rest.next()? != 0x15 {
            return None;
        }
        let mut value = 0_u64;
        for place in 0..5 {
            let byte = *rest.next()?;
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                // Negative numbers are the odd ones: they are for the reader to refuse.
                return value.is_multiple_of(2).then_some(value / 2);
            }
        }
        None
    };
    let kind = number()?;
    let (unpacked, packed) = (number()?, number()?);
    (kind <= 3).then_some((unpacked, packed))
}

thread_local! {
    /// Whether this thread reads, so that its panics are kept.
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Reads; a panic is an error. What `read` works on must not be used after one.
pub(super) fn guarded<T>(
    read: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<T, ParquetError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !READING.get() {
                previous(info);
            }
        }));
    });
    READING.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(read));
    READING.set(false);
    result.unwrap_or_else(|_| {
        Err(ParquetError::General(
            "bytes of it make no sense".to_owned(),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_would_take_too_much_is_refused_before() {
        let page = |head: &[u8]| {
            Measured::new(Bytes::from(head.to_vec()))
                .get_read(0)
                .map(|_| ())
        };
        // A data page of 2 GB - 1, packed into 100 bytes; then of 64 MB; then of 65 MB, packed into 100 and into 10,000 bytes.
        let header = |unpacked: u64, packed: u64| {
            let mut out = vec![0x15, 0];
            for number in [unpacked * 2, packed * 2] {
                out.push(0x15);
                let mut left = number;
                while left > 0x7f {
                    out.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
                    left >>= 7;
                }
                out.push(u8::try_from(left).unwrap());
            }
            out.extend_from_slice(&[0; 20]);
            out
        };
        let error = page(&header(0x7fff_ffff, 100)).unwrap_err().to_string();
        assert!(
            error.contains("a page has 2147483647 bytes, packed into 100"),
            "{error}"
        );
        page(&header(PLAIN, 100)).unwrap();
        page(&header(PLAIN + 1, 100)).unwrap_err();
        page(&header(PLAIN + 1, 10_000)).unwrap();
        page(&header(LARGEST + 1, LARGEST)).unwrap_err();
        assert_eq!(sizes(&header(300, 200)), Some((300, 200)));
        page(b"PAR1").unwrap();
        page(b"").unwrap();
        assert_eq!(sizes(&[0x15, 0, 0x15, 0xff, 0xff]), None);
    }

    #[test]
    fn what_was_looked_at_is_read_again() {
        let text = Bytes::from_static(b"0123456789012345678901234567890");
        let mut all = Vec::new();
        Measured::new(text.clone())
            .get_read(0)
            .unwrap()
            .read_to_end(&mut all)
            .unwrap();
        assert_eq!(all, text);
    }
}
