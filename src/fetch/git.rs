//! Fetching a commit of a git repository, by the `git` command.
//!
//! What the user's git is told about servers, proxies and passwords holds here, too. What a repository or its URL could bring
//! with it does not: other transports than https, ssh and files, hooks, submodules, filters, more files than a disk holds. Nothing
//! asks questions, and nothing waits for ever.

use std::ffi::OsStr;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::process::ExitStatus;
use std::time::Duration;

use thiserror::Error;

use super::child;
use super::child::Ended;
use super::child::Trouble;
use super::source::GitSource;
use crate::diag::did_you_mean;

/// Variables by which `git` finds a repository: set when Pipeform runs in a hook, and wrong here.
const FOREIGN: [&str; 13] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_TEMPLATE_DIR",
    "GIT_SHALLOW_FILE",
    "GIT_QUARANTINE_PATH",
    "GIT_ATTR_SOURCE",
    "GIT_DEFAULT_HASH",
];

/// Settings of each call, whatever the user's own are.
const SETTINGS: [&str; 12] = [
    "protocol.ext.allow=never",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "core.symlinks=true",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// How long one command of `git` may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// The longest output of `git` that is read: a line for each branch and tag.
const LONGEST_OUTPUT: u64 = 64 << 20;

/// What a repository may hold, in the commit that is used. A small pack can unfold to more than any disk holds.
const MOST_FILES: u64 = 500_000;
const MOST_BYTES: u64 = 2 << 30;

/// Lines of what `git` said that are shown, the last ones.
const SHOWN_LINES: usize = 12;

/// Why a repository could not be fetched.
#[derive(Debug, Error)]
pub enum GitError {
    /// There is no `git`.
    #[error(
        "The command `git` was not found. Modules from git repositories are fetched by it: install it."
    )]
    Missing,
    /// `git` could not be started.
    #[error("The command `git` could not be started: {0}.")]
    Start(#[source] io::Error),
    /// It hung.
    #[error("`git` did not get `{url}` within {} minutes, and was stopped.", .patience.as_secs() / 60)]
    Late {
        /// The URL without password.
        url: String,
        /// How long it had.
        patience: Duration,
    },
    /// It is too large.
    #[error(
        "`{url}` holds more than {MOST_FILES} files or {} GiB. Modules are small: put them into a repository of their own.", MOST_BYTES >> 30
    )]
    Large {
        /// The URL without password.
        url: String,
    },
    /// `git` failed.
    #[error("`git` could not fetch `{url}`:\n\n{said}")]
    Failed {
        /// The URL without password.
        url: String,
        /// What it said.
        said: String,
    },
    /// No branch, tag or commit has this name.
    #[error("`{url}` has no branch, tag or commit `{reference}`. {hint}")]
    NoReference {
        /// The URL without password.
        url: String,
        /// What was asked for.
        reference: String,
        /// A did-you-mean.
        hint: String,
    },
    /// A branch and a tag have this name.
    #[error(
        "`{url}` has both a branch and a tag `{reference}`. Say which: `?ref=refs/heads/{reference}` or `?ref=refs/tags/{reference}`."
    )]
    Ambiguous {
        /// The URL without password.
        url: String,
        /// What was asked for.
        reference: String,
    },
    /// The commit of the lock file is not in the repository any more.
    #[error(
        "`{url}` does not have the commit `{commit}` any more, which the lock file names. If its history was rewritten on purpose, run `pipeform init --upgrade` to take the newest commit, and review the change of the lock file."
    )]
    NoCommit {
        /// The URL without password.
        url: String,
        /// The commit.
        commit: String,
    },
}

/// What is wanted of a repository.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted<'a> {
    /// This commit.
    Commit(&'a str),
    /// What the source's reference is now.
    Newest,
}

/// One repository that is being fetched into a directory.
pub(super) struct Git<'a> {
    source: &'a GitSource,
    directory: &'a Path,
    /// Whether ssh may ask for a passphrase.
    interactive: bool,
    /// How long one command may take.
    pub(super) patience: Duration,
}

impl<'a> Git<'a> {
    pub(super) fn new(source: &'a GitSource, directory: &'a Path, interactive: bool) -> Self {
        Self {
            source,
            directory,
            interactive,
            patience: PATIENCE,
        }
    }

    /// Writes the files of the commit into the directory, which is there and empty, and returns the commit's name.
    pub(super) fn check_out(&self, wanted: Wanted<'_>) -> Result<String, GitError> {
        let wanted_name = match wanted {
            Wanted::Commit(commit) => Some(commit),
            Wanted::Newest => self.source.reference.as_deref(),
        };
        let hashes = match wanted_name {
            Some(name) if is_commit(name) && name.len() == 64 => "--object-format=sha256",
            _ => "--object-format=sha1",
        };
        self.run(&["init", "--quiet", "--template=", hashes, "--", "."])?;
        let commit = match (wanted, self.source.reference.as_deref()) {
            (Wanted::Commit(commit), _) => self.commit(commit, || GitError::NoCommit {
                url: self.source.shown.clone(),
                commit: commit.to_owned(),
            })?,
            (Wanted::Newest, None | Some("HEAD")) => self.fetch_one("HEAD")?,
            (Wanted::Newest, Some(reference)) if is_commit(reference) => {
                self.commit(reference, || self.no_reference(reference, &[]))?
            }
            (Wanted::Newest, Some(reference)) => self.reference(reference)?,
        };
        self.measure(&commit)?;
        let mut checkout = self.command(&["checkout", "--quiet", "--detach", &commit, "--"]);
        // No filters of the user's: the files are the same on each machine.
        checkout
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env_remove("GIT_CONFIG_COUNT");
        self.output(checkout)?;
        Ok(commit)
    }

    /// Refuses a commit with too much in it, before anything of it is written.
    fn measure(&self, commit: &str) -> Result<(), GitError> {
        let list = ["ls-tree", "-r", "-l", "-z", "--full-tree", commit];
        let ended = self.end(self.command(&list), is_small)?;
        // Where reading stopped early, the command did not end well, for want of a reader.
        if ended.output {
            return self.successful(ended).map(drop);
        }
        Err(GitError::Large {
            url: self.source.shown.clone(),
        })
    }

    /// The commit of a branch or tag, fetched.
    fn reference(&self, reference: &str) -> Result<String, GitError> {
        let listed = self.run(&["ls-remote", "--", &self.source.url])?;
        let names: Vec<&str> = listed
            .lines()
            .filter_map(|line| Some(line.split_once('\t')?.1))
            .collect();
        let candidates =
            ["", "refs/tags/", "refs/heads/"].map(|prefix| format!("{prefix}{reference}"));
        let found: Vec<&String> = candidates
            .iter()
            .filter(|name| name.starts_with("refs/") && names.contains(&name.as_str()))
            .collect();
        match found.as_slice() {
            [name] => self.fetch_one(name),
            [] if (4..40).contains(&reference.len()) && is_hex(reference) => {
                self.fetch_all()?;
                self.resolve(reference)
                    .map_err(|_| self.no_reference(reference, &names))
            }
            [] => Err(self.no_reference(reference, &names)),
            _ => Err(GitError::Ambiguous {
                url: self.source.shown.clone(),
                reference: reference.to_owned(),
            }),
        }
    }

    /// This commit, fetched.
    fn commit(&self, commit: &str, missing: impl Fn() -> GitError) -> Result<String, GitError> {
        // Some servers do not give out single commits.
        if self.fetch_one(commit).is_err() {
            self.fetch_all()?;
        }
        self.resolve(commit).map_err(|_| missing())
    }

    fn fetch_one(&self, name: &str) -> Result<String, GitError> {
        let depth = format!("--depth={}", self.source.depth.unwrap_or(1));
        let fetch = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"];
        let what = ["--", &self.source.url, name];
        // Some servers do not give out a part of the history.
        let shallow = self.run(&[&fetch[..], &[&depth], &what].concat());
        if shallow.is_err() {
            self.run(&[&fetch[..], &what].concat())?;
        }
        self.resolve("FETCH_HEAD")
    }

    fn fetch_all(&self) -> Result<(), GitError> {
        self.run(&[
            "fetch",
            "--quiet",
            "--no-recurse-submodules",
            "--",
            &self.source.url,
            "+refs/heads/*:refs/fetched/heads/*",
            "+refs/tags/*:refs/fetched/tags/*",
        ])
        .map(drop)
    }

    fn resolve(&self, name: &str) -> Result<String, GitError> {
        let commit = format!("{name}^{{commit}}");
        self.run(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ])
        .map(|text| text.trim().to_owned())
    }

    fn no_reference(&self, reference: &str, names: &[&str]) -> GitError {
        let short = names
            .iter()
            .filter(|name| !name.ends_with("^{}"))
            .filter_map(|name| {
                name.strip_prefix("refs/heads/")
                    .or(name.strip_prefix("refs/tags/"))
            });
        GitError::NoReference {
            url: self.source.shown.clone(),
            reference: reference.to_owned(),
            hint: did_you_mean(reference, short).unwrap_or_default(),
        }
    }

    fn run(&self, arguments: &[&str]) -> Result<String, GitError> {
        self.output(self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command
            .args(arguments.iter().map(OsStr::new))
            .current_dir(self.directory)
            .env("GIT_ALLOW_PROTOCOL", "https:ssh:file")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            .env("LC_ALL", "C");
        if !self.interactive {
            command.env("SSH_ASKPASS_REQUIRE", "force");
        }
        for name in FOREIGN {
            command.env_remove(name);
        }
        command
    }

    fn output(&self, command: Command) -> Result<String, GitError> {
        self.successful(self.end(command, |stream| child::text(stream, LONGEST_OUTPUT))?)
    }

    /// Runs a command to its end. `read` makes something of its output.
    fn end<T: Send + 'static>(
        &self,
        mut command: Command,
        read: impl FnOnce(&mut dyn Read) -> io::Result<T> + Send + 'static,
    ) -> Result<Ended<T>, GitError> {
        child::run(&mut command, self.patience, read).map_err(|trouble| match trouble {
            Trouble::Late => GitError::Late {
                url: self.source.shown.clone(),
                patience: self.patience,
            },
            Trouble::Io(error) if error.kind() == io::ErrorKind::NotFound => GitError::Missing,
            Trouble::Io(error) => GitError::Start(error),
        })
    }

    fn successful<T>(&self, ended: Ended<T>) -> Result<T, GitError> {
        if ended.status.success() {
            return Ok(ended.output);
        }
        Err(self.failed(&ended.said, ended.status))
    }

    fn failed(&self, said: &str, status: ExitStatus) -> GitError {
        let lines: Vec<&str> = said
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let last = lines
            .get(lines.len().saturating_sub(SHOWN_LINES)..)
            .unwrap_or(&[]);
        let said = match last {
            [] => format!("  it ended with {status}"),
            lines => lines
                .iter()
                .map(|line| format!("  {line}"))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        GitError::Failed {
            url: self.source.shown.clone(),
            said: self.source.redacted(&said),
        }
    }
}

/// Whether the list of a commit's files is one of a repository that is used. Stops reading when it is not.
fn is_small(list: &mut dyn Read) -> io::Result<bool> {
    let (mut files, mut bytes) = (0_u64, 0_u64);
    // Each entry is `MODE blob HASH    SIZE\tPATH`.
    for entry in BufReader::new(list).split(0) {
        let entry = entry?;
        let size = entry
            .split(|byte| *byte == b'\t')
            .next()
            .and_then(|head| std::str::from_utf8(head).ok())
            .and_then(|head| head.rsplit(' ').next()?.parse::<u64>().ok());
        files += 1;
        bytes = bytes.saturating_add(size.unwrap_or(0));
        if files > MOST_FILES || bytes > MOST_BYTES {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text is the full name of a commit.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && is_hex(text)
}
