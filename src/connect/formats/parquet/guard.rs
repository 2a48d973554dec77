//! Keeps what damaged files do to the `parquet` crate in here: its decoders panic where bytes make no sense.
//!
//! A panic is an error like any other for those who read, and says nothing on its own.

use std::cell::Cell;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::sync::Once;

use parquet::errors::ParquetError;

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
