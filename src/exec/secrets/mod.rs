//! Secrets, read when an attempt starts, and again when it is tried again.
//!
//! What is said of a secret that cannot be read names its variable or file and never holds a value. Variables and files are read
//! when they are asked for. What is kept at AWS is not: it is noted as wanted, fetched, and then all is asked for again.

mod aws;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::ErrorKind;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::connect::aws::Settings;
use crate::lang::SecretSource;
use crate::lang::Secrets;

pub use aws::Fetched;
pub use aws::Wanted;

/// The largest file that is taken for a secret, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Who may read a file besides its owner and its group.
const OTHERS: u32 = 0o004;

/// The runner's environment, by the name of a variable.
#[derive(Clone)]
pub struct Variables(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<OsString> + Send + Sync;

impl Variables {
    /// An environment that is looked up like this.
    pub fn new(lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// The value of a variable that is set.
    pub fn get(&self, name: &str) -> Option<OsString> {
        (self.0)(name)
    }
}

impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Variables")
    }
}

/// Gives secrets to work that is put together.
pub trait Keeper {
    /// The value of a secret, or a sentence on why there is none, without a final stop and without a value. `settings`: how AWS is
    /// reached for it.
    fn secret(
        &self,
        source: &SecretSource,
        settings: &dyn Fn() -> Settings,
    ) -> Result<String, String>;
}

/// Reads secrets for one attempt.
#[derive(Debug)]
pub struct SecretReader<'a> {
    directory: &'a Path,
    variables: &'a Variables,
    fetched: &'a Fetched,
    wanted: RefCell<BTreeSet<Wanted>>,
    values: RefCell<Vec<String>>,
    notes: RefCell<BTreeSet<String>>,
}

impl<'a> SecretReader<'a> {
    /// Reads files below the root module's directory, where their paths are relative, variables, and what was fetched.
    pub fn new(directory: &'a Path, variables: &'a Variables, fetched: &'a Fetched) -> Self {
        Self {
            directory,
            variables,
            fetched,
            wanted: RefCell::default(),
            values: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// The values that were read, which nobody must see.
    pub fn values(&self) -> Vec<String> {
        self.values.borrow().clone()
    }

    /// What people should know of the secrets that were read, for the log.
    pub fn notes(&self) -> Vec<String> {
        self.notes.borrow().iter().cloned().collect()
    }

    /// What was asked for and has to be fetched first. If there is something, what came of asking does not count.
    pub fn wanted(&self) -> BTreeSet<Wanted> {
        self.wanted.borrow().clone()
    }

    fn fetched(&self, source: &SecretSource, settings: Settings) -> Result<String, String> {
        let wanted = Wanted::new(settings, source);
        if let Some(known) = self.fetched.get(&wanted) {
            return aws::part(source, known.as_ref().map_err(Clone::clone)?);
        }
        self.wanted.borrow_mut().insert(wanted);
        Err("it has not been fetched yet".to_owned())
    }

    fn variable(&self, name: &str) -> Result<String, String> {
        let value = self.variables.get(name).ok_or_else(|| {
            format!("the environment variable `{name}` is not set where pipeform runs")
        })?;
        if value.is_empty() {
            return Err(format!("the environment variable `{name}` is empty"));
        }
        value
            .into_string()
            .map_err(|_| format!("the environment variable `{name}` is not text in UTF-8"))
    }

    /// The content of a file, without one line end at its end.
    fn file(&self, path: &str) -> Result<String, String> {
        let full = self.directory.join(path);
        let (mut text, mode) = read(&full).map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!("the file `{}` of a secret does not exist", full.display()),
            ErrorKind::PermissionDenied => format!(
                "the file `{}` of a secret may not be read by the user that pipeform runs as; give it to that user (`chown`) with mode 600",
                full.display()
            ),
            ErrorKind::InvalidData => {
                format!("the file `{}` of a secret is not text in UTF-8", full.display())
            }
            _ => format!("the file `{}` of a secret cannot be read: {error}", full.display()),
        })?;
        if mode & OTHERS != 0 {
            self.notes.borrow_mut().insert(format!(
                "warning: the file `{}` of a secret can be read by everyone on this machine; `chmod 600` takes that away",
                full.display()
            ));
        }
        let end = text
            .strip_suffix('\n')
            .map(|rest| rest.strip_suffix('\r').unwrap_or(rest).len());
        text.truncate(end.unwrap_or(text.len()));
        if text.is_empty() {
            return Err(format!(
                "the file `{}` of a secret is empty",
                full.display()
            ));
        }
        Ok(text)
    }
}

impl Keeper for SecretReader<'_> {
    fn secret(
        &self,
        source: &SecretSource,
        settings: &dyn Fn() -> Settings,
    ) -> Result<String, String> {
        let value = match source {
            SecretSource::Variable(name) => self.variable(name),
            SecretSource::File(path) => self.file(path),
            SecretSource::Parameter { .. } | SecretSource::Managed { .. } => {
                self.fetched(source, settings())
            }
        }?;
        self.values.borrow_mut().push(value.clone());
        Ok(value)
    }
}

/// The secrets of a keeper for one object, which reaches AWS like this.
pub(super) struct Kept<'a> {
    /// Who keeps them.
    pub(super) keeper: &'a dyn Keeper,
    /// How the object reaches AWS; found out only where it matters.
    pub(super) settings: &'a dyn Fn() -> Settings,
}

impl Secrets for Kept<'_> {
    fn resolve(&self, source: &SecretSource) -> Result<String, String> {
        self.keeper.secret(source, self.settings)
    }
}

/// The text of a regular file, which must not be large, and its mode. A pipe without a writer does not hold up anything.
fn read(path: &Path) -> io::Result<(String, u32)> {
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = File::options()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 64 KB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| io::Error::from(ErrorKind::InvalidData))?;
    Ok((text, metadata.permissions().mode()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "a test writes files of its own directory"
    )]
    fn write(path: &Path, content: &[u8], mode: u32) {
        std::fs::write(path, content).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn variables() -> Variables {
        Variables::new(|name| match name {
            "PW" => Some("hush".into()),
            "EMPTY" => Some(OsString::new()),
            "BYTES" => Some(OsString::from_vec(vec![0xff])),
            _ => None,
        })
    }

    #[test]
    fn variables_are_read() {
        let variables = variables();
        let fetched = Fetched::default();
        let reader = SecretReader::new(Path::new("/"), &variables, &fetched);
        let read = |name: &str| {
            let source = SecretSource::Variable(name.to_owned());
            reader.secret(&source, &Settings::default)
        };
        assert_eq!(read("PW").as_deref(), Ok("hush"));
        for (name, reason) in [
            ("NONE", "`NONE` is not set"),
            ("EMPTY", "`EMPTY` is empty"),
            ("BYTES", "`BYTES` is not text"),
        ] {
            let error = read(name).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let variables = variables();
        let fetched = Fetched::default();
        let reader = SecretReader::new(directory.path(), &variables, &fetched);
        let read = |name: &str| {
            let source = SecretSource::File(name.to_owned());
            reader.secret(&source, &Settings::default)
        };
        let put =
            |name: &str, content: &[u8], mode| write(&directory.path().join(name), content, mode);
        put("plain", b"hush", 0o600);
        put("line", b"hush\n", 0o600);
        put("windows", b"hush\r\n", 0o600);
        put("two", b"hush\n\n", 0o600);
        for (name, value) in [
            ("plain", "hush"),
            ("line", "hush"),
            ("windows", "hush"),
            ("two", "hush\n"),
        ] {
            assert_eq!(read(name).as_deref(), Ok(value), "{name}");
        }
        let absolute = directory.path().join("plain").display().to_string();
        assert_eq!(read(&absolute).as_deref(), Ok("hush"));
        assert_eq!(reader.notes(), Vec::<String>::new());
        put("open", b"hush", 0o644);
        assert_eq!(read("open").as_deref(), Ok("hush"));
        assert!(reader.notes().concat().contains("chmod 600"));
    }

    #[test]
    fn files_that_are_no_secrets_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let variables = variables();
        let fetched = Fetched::default();
        let reader = SecretReader::new(directory.path(), &variables, &fetched);
        let read = |name: &str| {
            let source = SecretSource::File(name.to_owned());
            reader.secret(&source, &Settings::default)
        };
        let put = |name: &str, content: &[u8]| write(&directory.path().join(name), content, 0o600);
        put("empty", b"\n");
        put("bytes", b"hush\xff");
        put("large", &vec![b'x'; 70_000]);
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for (name, reason) in [
            ("none", "does not exist"),
            ("empty", "is empty"),
            ("bytes", "not text in UTF-8"),
            ("large", "larger than 64 KB"),
            ("pipe", "not a regular file"),
            (".", "not a regular file"),
        ] {
            let error = read(name).unwrap_err();
            assert!(error.contains(reason) && !error.contains("hush"), "{error}");
        }
    }
}
