//! Files: unpacked on reading, all or nothing on writing.
//!
//! A [`FileWriter`] writes `.NAME.RANDOM.pipeform-tmp` beside its target and renames it there in
//! [`FileWriter::commit`]; nobody sees half a file. The temporary file is locked while its writer lives, so that the
//! next writer of the same target can tell a dead attempt's leftover from a living one's work.

use super::ConnectError;
use super::formats::compression::Compression;
use super::formats::compression::Packer;
use super::formats::compression::unpack;
use data_encoding::HEXLOWER;
use sha2::Digest as _;
use sha2::Sha256;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

const BUFFER: usize = 256 * 1024;
pub(super) const SUFFIX: &str = ".pipeform-tmp";

/// The longest name that temporary ones have in full, in bytes: file systems take 255, and there are three dots, a random part and the suffix.
const LONGEST: usize = 255 - 2 - RANDOM - SUFFIX.len();
/// How many letters the random part has.
const RANDOM: usize = 32;
/// How many letters of its digest keep a name apart that is cut.
const DIGEST: usize = 16;

/// Opens a file and unpacks it while it is read.
pub fn open(
    path: &Path,
    compression: Compression,
) -> Result<Box<dyn BufRead + Send>, ConnectError> {
    let file = Watched::open(path)?;
    let plain = BufReader::with_capacity(BUFFER, file);
    unpack(plain, compression).map_err(|e| ConnectError::io("read", path, e))
}

/// A file that is read, and must stay as it is until it has been.
pub struct Watched {
    file: File,
    path: PathBuf,
    /// How long it was, and when it was changed last, where that is known.
    was: Option<(u64, SystemTime)>,
}

impl Watched {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, ConnectError> {
        let fail = |error| ConnectError::io("read", path, error);
        // Opening a pipe would wait for somebody who writes into it.
        let found = fs::metadata(path).map_err(fail)?;
        if found.is_dir() {
            return Err(fail(io::ErrorKind::IsADirectory.into()));
        }
        is_regular("read", path, &found)?;
        let file = File::open(path).map_err(fail)?;
        let found = file.metadata().map_err(fail)?;
        Ok(Self {
            was: look(&found),
            file,
            path: path.to_owned(),
        })
    }

    /// The file itself, for those who go to and fro in it. They ask [`Watched::unchanged`] when they are done.
    pub fn file(&self) -> Result<File, ConnectError> {
        let file = self.file.try_clone();
        file.map_err(|error| ConnectError::io("read", &self.path, error))
    }

    /// An error when somebody has written to the file since it was opened.
    pub fn unchanged(&self) -> Result<(), ConnectError> {
        self.same()
            .map_err(|error| ConnectError::io("read", &self.path, error))
    }

    fn same(&self) -> io::Result<()> {
        if self.was.is_none() || look(&self.file.metadata()?) == self.was {
            return Ok(());
        }
        Err(io::Error::other(
            "somebody writes to it while it is read; copy it when it is complete",
        ))
    }
}

impl Read for Watched {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        if count == 0 && !into.is_empty() {
            self.same()?;
        }
        Ok(count)
    }
}

fn look(found: &fs::Metadata) -> Option<(u64, SystemTime)> {
    let is_file = found.is_file();
    let modified = found.modified().ok().filter(|_| is_file)?;
    Some((found.len(), modified))
}

/// Writes a file that appears under its name only when it is whole. Dropped without a commit, it leaves nothing.
pub struct FileWriter {
    target: PathBuf,
    temporary: PathBuf,
    sink: Option<Packer<BufWriter<File>>>,
}

impl FileWriter {
    /// Starts a file: makes its directories and removes what killed attempts left of it.
    pub fn create(target: &Path, compression: Compression) -> Result<Self, ConnectError> {
        let target = &regular(target)?;
        let prefix = prefix(target)?;
        let parent = parent(target);
        fs::create_dir_all(&parent)
            .map_err(|e| ConnectError::io("create directory", &parent, e))?;
        remove_leftovers(&parent, &prefix);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let made = temporary_file(&parent, &prefix, &options);
        let (temporary, file) = made.map_err(|e| ConnectError::io("write", target, e))?;
        if let Ok(old) = fs::metadata(target) {
            file.set_permissions(old.permissions())
                .map_err(|e| ConnectError::io("write", target, e))?;
        }
        let plain = BufWriter::with_capacity(BUFFER, file);
        let sink = Packer::new(plain, compression);
        let sink = sink.map_err(|e| ConnectError::io("write", target, e))?;
        Ok(Self {
            target: target.to_owned(),
            temporary,
            sink: Some(sink),
        })
    }

    /// Makes the file durable and gives it its name.
    pub fn commit(mut self) -> Result<(), ConnectError> {
        let result = self.finish();
        result.map_err(|e| ConnectError::io("write", &self.target, e))
    }

    /// The file this becomes.
    pub fn target(&self) -> &Path {
        &self.target
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(sink) = self.sink.take() else {
            return Ok(());
        };
        let plain = sink.finish()?;
        let file = plain.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&self.temporary, &self.target)?;
        File::open(parent(&self.target))?.sync_all()
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Some(sink) => sink.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        // After a commit the name is gone already; a failure here leaves a leftover for the next attempt to remove.
        drop(fs::remove_file(&self.temporary));
    }
}

/// The file that a path means: a link is followed, and a device or directory is not replaced by a file.
pub(super) fn regular(target: &Path) -> Result<PathBuf, ConnectError> {
    let Ok(found) = fs::metadata(target) else {
        return Ok(target.to_owned());
    };
    if found.is_dir() {
        let error = io::ErrorKind::IsADirectory.into();
        return Err(ConnectError::io("write", target, error));
    }
    is_regular("write", target, &found)?;
    fs::canonicalize(target).map_err(|error| ConnectError::io("write", target, error))
}

/// An error for what is there and is no file; `verb` says what was to be done with it.
pub fn is_regular(
    verb: &'static str,
    path: &Path,
    found: &fs::Metadata,
) -> Result<(), ConnectError> {
    if found.is_file() {
        return Ok(());
    }
    Err(ConnectError::Setting(format!(
        "cannot {verb} `{}`: it is not a file but a device, pipe or socket",
        path.display()
    )))
}

/// What the temporary files of a file begin with, beside it. A name that leaves no room for the rest is cut, and its digest keeps it apart.
pub(super) fn prefix(target: &Path) -> Result<String, ConnectError> {
    let Some(name) = target.file_name() else {
        return Err(ConnectError::Setting(format!(
            "`{}` names no file",
            target.display()
        )));
    };
    let name = name.to_string_lossy();
    if name.len() <= LONGEST {
        return Ok(format!(".{name}."));
    }
    let digest = HEXLOWER.encode(&Sha256::digest(name.as_bytes()));
    let digest = digest.get(..DIGEST).unwrap_or_default();
    let kept = name.floor_char_boundary(LONGEST - DIGEST - 1);
    Ok(format!(
        ".{}~{digest}.",
        name.get(..kept).unwrap_or_default()
    ))
}

/// The name of a new temporary file.
fn temporary(prefix: &str) -> String {
    format!("{prefix}{}{SUFFIX}", uuid::Uuid::new_v4().simple())
}

/// Makes a temporary file. Its lock, for as long as it is open, tells it from what the dead have left; who looks for that may come before
/// the lock and take the file away, and then another one is made.
pub(super) fn temporary_file(
    directory: &Path,
    prefix: &str,
    options: &OpenOptions,
) -> io::Result<(PathBuf, File)> {
    let mut patience = 100;
    loop {
        let path = directory.join(temporary(prefix));
        let file = options.open(&path)?;
        // A file system without locks only loses the distinction; the write itself is safe without it.
        let is_taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        let is_ours = !is_taken && path.exists();
        if is_ours || patience == 0 {
            return Ok((path, file));
        }
        patience -= 1;
    }
}

/// The directory of a file.
pub(super) fn parent(target: &Path) -> PathBuf {
    match target.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Removes what dead attempts have left beside files.
pub(super) fn remove_leftovers(directory: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let random = name
            .strip_prefix(prefix)
            .and_then(|n| n.strip_suffix(SUFFIX));
        let ours =
            random.is_some_and(|r| r.len() == RANDOM && r.bytes().all(|b| b.is_ascii_hexdigit()));
        if ours
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            // While it is locked: who has just made it sees that it is gone, or taken.
            drop(fs::remove_file(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering;

    fn names(dir: &Path) -> Vec<String> {
        fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn what_has_just_been_made_is_not_taken_for_what_the_dead_have_left() {
        let dir = tempfile::tempdir().unwrap();
        let done = AtomicBool::new(false);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let lost = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    remove_leftovers(dir.path(), ".out.");
                }
            });
            let mut lost = 0;
            for _ in 0..2_000 {
                let made = temporary_file(dir.path(), ".out.", &options);
                let gone = |(path, _): (PathBuf, File)| fs::remove_file(path).is_err();
                lost += usize::from(made.is_ok_and(gone));
            }
            done.store(true, Ordering::Relaxed);
            lost
        });
        assert_eq!(lost, 0);
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a/b/out.txt");
        let mut w = FileWriter::create(&target, Compression::None).unwrap();
        w.write_all(b"half").unwrap();
        assert!(!target.exists());
        drop(w);
        assert_eq!(names(target.parent().unwrap()), Vec::<String>::new());
        let mut w = FileWriter::create(&target, Compression::None).unwrap();
        w.write_all(b"whole").unwrap();
        w.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"whole");
        assert_eq!(names(target.parent().unwrap()), ["out.txt"]);
    }

    #[test]
    fn leftovers_of_the_dead_go_and_of_the_living_stay() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        let dead = dir.path().join(format!(".out.{}{SUFFIX}", "a".repeat(32)));
        File::create(&dead).unwrap();
        let living = FileWriter::create(&target, Compression::None).unwrap();
        assert!(!dead.exists());
        let second = FileWriter::create(&target, Compression::None).unwrap();
        assert!(living.temporary.exists() && second.temporary.exists());
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let lines = "a line\n".repeat(100_000);
        File::create(&path)
            .unwrap()
            .write_all(lines.as_bytes())
            .unwrap();
        let mut input = open(&path, Compression::None).unwrap();
        input.read_exact(&mut [0; 100]).unwrap();
        let mut other = OpenOptions::new().append(true).open(&path).unwrap();
        other.write_all(b"more\n").unwrap();
        let error = input.read_to_end(&mut Vec::new()).unwrap_err();
        assert!(
            error.to_string().contains("somebody writes to it"),
            "{error}"
        );
        let mut again = open(&path, Compression::None).unwrap();
        assert_eq!(again.read_to_end(&mut Vec::new()).unwrap(), 700_005);
    }

    #[test]
    fn names_of_any_length_are_written_and_kept_apart() {
        let directory = tempfile::tempdir().unwrap();
        let long = |end: &str| directory.path().join(format!("{}{end}", "気".repeat(84)));
        for name in ["a".repeat(208), "a".repeat(209), "a".repeat(255)] {
            let path = directory.path().join(&name);
            let name = temporary(&prefix(&path).unwrap());
            assert!(name.len() <= 255, "{name}");
            let mut writer = FileWriter::create(&path, Compression::None).unwrap();
            writer.write_all(b"text").unwrap();
            writer.commit().unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"text");
        }
        let dead = directory
            .path()
            .join(temporary(&prefix(&long("x")).unwrap()));
        File::create(&dead).unwrap();
        let beside = crate::connect::beside::Beside::create(&long("y")).unwrap();
        assert!(dead.exists(), "it is of another file");
        beside.commit().unwrap();
        drop(crate::connect::beside::Beside::create(&long("x")).unwrap());
        assert!(!dead.exists());
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in [pipe.as_path(), Path::new("/dev/zero")] {
            let error = open(path, Compression::None).err().unwrap().to_string();
            assert!(
                error.contains("cannot read") && error.contains("a device, pipe or socket"),
                "{error}"
            );
        }
    }

    #[test]
    fn gzip_is_the_same_every_time_and_members_are_joined() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, text: &[u8]| {
            let path = dir.path().join(name);
            let mut w = FileWriter::create(&path, Compression::of_path(&path)).unwrap();
            w.write_all(text).unwrap();
            w.commit().unwrap();
            fs::read(path).unwrap()
        };
        let a = make("a.gz", b"one\n");
        assert_eq!(a, make("b.gz", b"one\n"));
        let both = [a, make("c.gz", b"two\n")].concat();
        let path = dir.path().join("both.gz");
        File::create(&path).unwrap().write_all(&both).unwrap();
        let mut text = String::new();
        open(&path, Compression::Gzip)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "one\ntwo\n");
    }
}
