//! Files of a transfer that are packed anew, because the target says how its files are packed and they are packed otherwise.
//!
//! Each is unpacked and packed on its way; below a directory or a prefix its name says how it is packed afterwards. What is packed as the target
//! wants it goes over as it is.

use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;

use super::super::ends::FileEnd;
use super::Shared;
use super::one::blocking;
use super::plan::Item;
use crate::connect::ConnectError;
use crate::connect::formats::compression::Compression;

/// How many files are packed at once. Each takes two or three threads, and some 30 MB of objects, besides what may be kept of all that goes
/// into one.
pub(super) const PACKERS: usize = 3;

/// How much is unpacked before it is packed.
const CHUNK: usize = 256 * 1024;

/// How the files of a transfer are packed, and are to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    /// How those of each input are, where its data node says it; else their names say it.
    pub inputs: Vec<Option<Compression>>,
    /// How all are to be; none: as they are.
    pub output: Option<Compression>,
}

impl Packing {
    /// How a file is packed and is to be, if these differ.
    pub(super) fn of(&self, input: usize, from: &str) -> Option<(Compression, Compression)> {
        let to = self.output?;
        let said = self.inputs.get(input).copied().flatten();
        let is = said.unwrap_or_else(|| Compression::of_path(Path::new(from)));
        // What ends in a slash is a mark that some make for a directory.
        (is != to && !from.ends_with('/')).then_some((is, to))
    }
}

/// The name of a file that is packed anew.
pub(super) fn renamed(name: &str, to: Compression) -> String {
    let plain = match Compression::of_path(Path::new(name)) {
        Compression::None => name,
        Compression::Gzip | Compression::Zstd => {
            name.rsplit_once('.').map_or(name, |(plain, _)| plain)
        }
    };
    format!("{plain}{}", to.ending())
}

/// Copies a file of the plan that is packed anew; gives its new size in bytes.
pub(super) async fn pack_anew(
    item: &Item,
    shared: &Shared,
    (is, to): (Compression, Compression),
) -> Result<u64, ConnectError> {
    let turn = tokio::select! {
        turn = shared.packers.acquire() => turn,
        () = shared.ctx.cancel.cancelled() => return Err(ConnectError::Cancelled),
    };
    let Some(input) = shared.transfer.inputs.get(item.input) else {
        return Ok(item.size);
    };
    let input = FileEnd {
        within: None,
        place: input.at(&item.from),
        format: None,
        compression: is,
    };
    let target = &shared.transfer.output;
    let output = FileEnd {
        within: None,
        place: if shared.many {
            target.below(&item.name)
        } else {
            target.clone()
        },
        format: None,
        compression: to,
    };
    let shared = shared.clone();
    let packed = blocking(move || copy(&input, &output, &shared)).await;
    drop(turn);
    packed
}

fn copy(input: &FileEnd, output: &FileEnd, shared: &Shared) -> Result<u64, ConnectError> {
    let mut reader = input.open(&shared.ctx)?;
    let mut writer = output.create(&shared.ctx)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        shared.ctx.check_cancel()?;
        let count = reader
            .read(&mut chunk)
            .map_err(|error| ConnectError::io("read", &input.path(), error))?;
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        writer
            .write_all(bytes)
            .map_err(|error| ConnectError::io("write", &output.path(), error))?;
        shared.on_bytes.tell(count as u64);
    }
    shared.ctx.check_cancel()?;
    writer.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_how_files_are_packed() {
        for (name, to, wanted) in [
            ("a.csv", Compression::Gzip, "a.csv.gz"),
            ("a.csv.gz", Compression::Zstd, "a.csv.zst"),
            ("d.x/a.csv.GZ", Compression::None, "d.x/a.csv"),
            ("d.gz/a", Compression::Gzip, "d.gz/a.gz"),
            (".gz", Compression::Zstd, ".gz.zst"),
            ("packed", Compression::None, "packed"),
        ] {
            assert_eq!(renamed(name, to), wanted);
        }
    }

    #[test]
    fn only_what_is_packed_otherwise_is_packed_anew() {
        use Compression::Gzip;
        use Compression::Zstd;
        let packing = |input, output| Packing {
            inputs: vec![input],
            output,
        };
        assert_eq!(packing(None, None).of(0, "a.gz"), None);
        assert_eq!(packing(None, Some(Gzip)).of(0, "a.gz"), None);
        assert_eq!(packing(None, Some(Gzip)).of(0, "a/"), None);
        let anew = packing(None, Some(Gzip)).of(0, "a");
        assert_eq!(anew, Some((Compression::None, Gzip)));
        // What the data node says goes before the name.
        assert_eq!(packing(Some(Gzip), Some(Gzip)).of(0, "a.zst"), None);
        let anew = packing(Some(Gzip), Some(Zstd)).of(0, "a");
        assert_eq!(anew, Some((Gzip, Zstd)));
    }
}
