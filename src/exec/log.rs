//! The log file of an attempt: secrets masked, size capped, made when there is something to write.
//!
//! After the cap the log says so once and takes no more; its writers go on, so that a talkative process is never
//! blocked by a full pipe.

use data_encoding::BASE64_NOPAD;
use data_encoding::BASE64URL_NOPAD;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// The largest log of an attempt, in bytes.
pub const CAP: u64 = 64 * 1024 * 1024;
const MASK: &str = "(sensitive)";

/// The shortest secret whose encoded forms are masked, too: those of a shorter one are found where it is not.
const ENCODED: usize = 6;

/// The shortest line of a secret of several that is masked by itself: a brace of JSON is in other text, too, and tells nothing.
const LINE: usize = 4;

/// How many bytes of a secret, one after the other, are a piece of it that tells something.
const PIECE: usize = 8;

/// A secret as it is, and as commands may write it: quoted for a shell, in JSON, in an address, in base64.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    if secret.len() < ENCODED {
        return forms;
    }
    forms.push(secret.replace('\'', r"'\''"));
    let json = serde_json::Value::from(secret).to_string();
    forms.extend(
        json.strip_prefix('"')
            .and_then(|json| json.strip_suffix('"'))
            .map(str::to_owned),
    );
    forms.push(utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string());
    for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
        forms.push(encoding.encode(secret.as_bytes()));
        // Within a longer text, e.g. `user:password`, it begins at any of three places of a group.
        for before in 0..3 {
            let bytes = [&[0; 3][..before], secret.as_bytes()].concat();
            let whole = bytes.len() * 8 / 6;
            let own = encoding.encode(&bytes);
            forms.extend(own.get((before * 8).div_ceil(6)..whole).map(str::to_owned));
        }
    }
    forms
}

/// Secrets as they are and line by line, in all their forms.
fn all_forms(secrets: &[String]) -> Vec<String> {
    secrets
        .iter()
        .flat_map(|s| lines(s).chain([s.as_str()]))
        .flat_map(forms)
        .collect()
}

/// The lines of a secret that are masked by themselves.
fn lines(secret: &str) -> impl Iterator<Item = &str> {
    let several = secret.trim().lines().nth(1).is_some();
    secret
        .lines()
        .filter(move |line| !several || line.trim().len() >= LINE)
}

/// Those that are to be masked, the longest first: a secret that holds another one is masked as a whole.
fn longest_first(mut all: Vec<String>) -> Arc<[String]> {
    all.retain(|s| !s.trim().is_empty());
    all.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    all.dedup();
    all.into()
}

/// What of an address is behind its host; all of what is no address.
fn without_host(secret: &str) -> &str {
    let Some((_, rest)) = secret
        .split_once("://")
        .filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
    else {
        return secret;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.get(end..).unwrap_or_default()
}

/// A log that may be shared between threads.
#[derive(Clone, Debug)]
pub struct Log {
    output: Arc<Mutex<Output>>,
    secrets: Arc<[String]>,
}

/// Where a log is written.
#[derive(Debug)]
struct Output {
    path: PathBuf,
    /// The file, and how many bytes it still takes; there is none before something is written.
    file: Option<(File, u64)>,
    /// Why there will be none.
    problem: Option<io::Error>,
}

impl Output {
    /// The file, made now if there is none.
    fn file(&mut self) -> Option<&mut (File, u64)> {
        if self.file.is_none() && self.problem.is_none() {
            match open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) => self.problem = Some(error),
            }
        }
        self.file.as_mut()
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let left = CAP.saturating_sub(file.metadata()?.len());
    Ok((file, left))
}

impl Log {
    /// A log that is appended to this file; each of `secrets` is masked, also line by line, and as other programs write it.
    pub fn at(path: &Path, secrets: &[String]) -> Self {
        Self {
            output: Arc::new(Mutex::new(Output {
                path: path.to_path_buf(),
                file: None,
                problem: None,
            })),
            secrets: longest_first(all_forms(secrets)),
        }
    }

    /// The same log, which hides these texts, too.
    #[must_use]
    pub(super) fn hiding(&self, more: &[String]) -> Self {
        let mut secrets = all_forms(more);
        secrets.extend(self.secrets.iter().cloned());
        Self {
            output: Arc::clone(&self.output),
            secrets: longest_first(secrets),
        }
    }

    /// The file that it is written to; it is there when something was written.
    pub(super) fn path(&self) -> PathBuf {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.path.clone()
    }

    /// Why what was to be written is lost, if it is.
    pub fn problem(&self) -> Option<String> {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let error = output.problem.as_ref()?;
        Some(format!(
            "The log `{}` cannot be opened: {error}",
            output.path.display()
        ))
    }

    /// The text without its secrets.
    pub fn mask(&self, text: &str) -> String {
        self.secrets
            .iter()
            .fold(text.to_owned(), |t, s| t.replace(s, MASK))
    }

    /// Whether a text has a piece of a secret in it, in whatever letters, or percent-encoded. Of an address its scheme and host do not count.
    pub(super) fn has_part_of_secret(&self, text: &str) -> bool {
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8_lossy();
            text.to_lowercase()
        };
        let text = decoded(text);
        let pieces: BTreeSet<&[u8]> = text.as_bytes().windows(PIECE).collect();
        self.secrets.iter().any(|secret| {
            let secret = decoded(secret);
            let mut parts = without_host(&secret).as_bytes().windows(PIECE);
            parts.any(|part| pieces.contains(part))
        })
    }

    /// Bytes without the secrets in them; whatever they are, what is no secret stays as it is.
    pub(super) fn mask_bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut masked = Cow::Borrowed(bytes);
        for secret in self.secrets.iter() {
            let replaced = {
                let mut found = memchr::memmem::find_iter(&masked, secret.as_bytes()).peekable();
                if found.peek().is_none() {
                    continue;
                }
                let (mut out, mut from) = (Vec::with_capacity(masked.len()), 0);
                for at in found {
                    out.extend_from_slice(masked.get(from..at).unwrap_or_default());
                    out.extend_from_slice(MASK.as_bytes());
                    from = at + secret.len();
                }
                out.extend_from_slice(masked.get(from..).unwrap_or_default());
                out
            };
            masked = Cow::Owned(replaced);
        }
        masked
    }

    /// The longest secret, in bytes.
    pub(super) fn longest_secret(&self) -> usize {
        self.secrets.first().map_or(0, String::len)
    }

    /// Where a text without a line's end may be cut: no secret, whole or begun, lies across.
    pub(super) fn safe_cut(&self, text: &[u8]) -> usize {
        let mut cut = text.len().saturating_sub(self.longest_secret());
        loop {
            let across = self.secrets.iter().find_map(|secret| {
                let from = (cut + 1).saturating_sub(secret.len());
                let window = text.get(from..)?;
                let at = window
                    .windows(secret.len())
                    .take(cut.saturating_sub(from))
                    .position(|bytes| bytes == secret.as_bytes())?;
                Some(from + at)
            });
            match across {
                Some(start) => cut = start,
                None => return cut,
            }
        }
    }

    /// Appends a line.
    pub fn line(&self, text: &str) {
        self.raw(format!("{}\n", self.mask(text)).as_bytes());
    }

    /// Appends bytes that are masked already. What writes nothing has no file.
    pub(super) fn raw(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written (full disk) must not fail the work.
        let Some((file, left)) = output.file() else {
            return;
        };
        if *left == 0 {
            return;
        }
        let fits = bytes.len() as u64 <= *left;
        let text: &[u8] = if fits {
            bytes
        } else {
            b"[the log is full; the rest of the output is left out]\n"
        };
        *left = if fits { *left - bytes.len() as u64 } else { 0 };
        drop(file.write_all(text));
    }
}
