//! A git repository as a source: its address, what of it, and what must not be shown.

use super::SourceError;
use crate::diag::did_you_mean;

/// How much of a repository's name is in the name of its checkout.
const LONGEST_NAME: usize = 64;

/// A git repository, and what of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSource {
    /// The URL for `git`. It may hold a password, so it is for `git` alone: nothing that is shown or written has it.
    pub(in crate::fetch) url: String,
    /// The URL without user and password (with the user where that is a mere name, as in ssh).
    pub(in crate::fetch) shown: String,
    /// The branch, tag or commit; the default branch if there is none.
    pub(in crate::fetch) reference: Option<String>,
    /// How many commits of history to fetch.
    pub(in crate::fetch) depth: Option<u32>,
    /// The directory in the repository, without slashes at its ends; empty for the repository's root.
    pub(in crate::fetch) directory: String,
}

impl GitSource {
    /// Reads what stands behind `git::`.
    pub(super) fn parse(address: &str) -> Result<Self, SourceError> {
        if address.contains(['"', '\'', '`', '{', '}', '<', '>']) {
            let why = "it contains a quote, a brace or a bracket";
            return Err(SourceError::Url(without_user(address), why));
        }
        let (address, arguments) = match address.split_once('?') {
            None => (address, ""),
            Some((address, arguments)) => (address, arguments),
        };
        let (url, directory) = split_directory(address);
        if !directory.is_empty()
            && directory
                .split('/')
                .any(|part| ["", ".", ".."].contains(&part))
        {
            return Err(SourceError::Directory(directory.to_owned()));
        }
        let shown = check_url(url)?;
        let mut source = Self {
            url: url.to_owned(),
            shown,
            reference: None,
            depth: None,
            directory: directory.to_owned(),
        };
        for argument in arguments.split('&').filter(|argument| !argument.is_empty()) {
            add_argument(&mut source, argument)?;
        }
        Ok(source)
    }

    /// What is fetched, without the directory in it: the key of the lock file. It has no password.
    pub fn key(&self) -> String {
        match &self.reference {
            None => format!("git::{}", self.shown),
            Some(reference) => format!("git::{}?ref={reference}", self.shown),
        }
    }

    /// Whether the URL holds a password or a token.
    pub fn has_credentials(&self) -> bool {
        self.url != self.shown
    }

    /// The name of the repository, for people: the last part of its path, or the beginning of that.
    pub(in crate::fetch) fn name(&self) -> String {
        let path = self.shown.trim_end_matches('/');
        let last = path.rsplit(['/', ':']).next().unwrap_or("");
        let last = last.strip_suffix(".git").unwrap_or(last);
        let name: String = last
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            .take(LONGEST_NAME)
            .collect();
        let name = name.trim_matches(['.', '-']);
        if name.is_empty() { "module" } else { name }.to_owned()
    }

    /// A text of `git` without the password of this URL.
    pub(in crate::fetch) fn redacted(&self, text: &str) -> String {
        if !self.has_credentials() {
            return text.to_owned();
        }
        let text = text.replace(&self.url, &self.shown);
        match user_info(&self.url) {
            Some(user) => text.replace(&format!("{user}@"), "").replace(user, "…"),
            None => text,
        }
    }
}

fn add_argument(source: &mut GitSource, argument: &str) -> Result<(), SourceError> {
    let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
    let value = percent_encoding::percent_decode_str(value)
        .decode_utf8()
        .map_err(|_| SourceError::Character("bytes behind its `?` that are not UTF-8"))?
        .into_owned();
    let again = match name {
        "ref" => {
            check_reference(&value)?;
            source.reference.replace(value).is_some()
        }
        "depth" => {
            let depth = value.parse().ok().filter(|depth| *depth > 0);
            let depth = depth.ok_or(SourceError::Depth(value))?;
            source.depth.replace(depth).is_some()
        }
        _ => {
            return Err(SourceError::Argument {
                name: name.to_owned(),
                hint: did_you_mean(name, ["ref", "depth"]).unwrap_or_default(),
            });
        }
    };
    if again {
        return Err(SourceError::Twice(name.to_owned()));
    }
    Ok(())
}

/// The URL, and the directory behind its `//`.
fn split_directory(address: &str) -> (&str, &str) {
    let scheme = address.find("://").map_or(0, |at| at + 3);
    let (head, tail) = address.split_at(scheme);
    match tail.find("//") {
        None => (address.trim_end_matches('/'), ""),
        Some(at) => {
            let url = address.get(..head.len() + at).unwrap_or(address);
            let directory = tail.get(at + 2..).unwrap_or("");
            (url, directory.trim_end_matches('/'))
        }
    }
}

/// Refuses what is not the address of a repository; the address without a password.
fn check_url(url: &str) -> Result<String, SourceError> {
    let wrong = |why| Err(SourceError::Url(without_user(url), why));
    if url.starts_with('-') {
        return wrong("it begins with `-`");
    }
    if let Some((helper, _)) = url.split_once("::") {
        return Err(SourceError::Transport(helper.to_owned()));
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return check_scp(url);
    };
    let (host, path) = match rest.split_once('/') {
        None => (rest, ""),
        Some((host, path)) => (host, path),
    };
    match scheme {
        "file" if !host.is_empty() => wrong("a path behind `file://` begins with `/`"),
        "file" if path.is_empty() => wrong("there is no path"),
        "file" => Ok(url.to_owned()),
        "http" => Err(SourceError::Http),
        "https" | "ssh" => {
            let (user, host) = host
                .rsplit_once('@')
                .map_or(("", host), |(user, host)| (user, host));
            if host.is_empty() || path.is_empty() {
                return wrong("it needs a host and a path");
            }
            if host.starts_with('-') || user.starts_with('-') {
                return wrong("a host or user that begins with `-` would be an option");
            }
            let name = user.split(':').next().unwrap_or("");
            if scheme == "ssh" && !name.is_empty() {
                return Ok(format!("ssh://{name}@{host}/{path}"));
            }
            Ok(format!("{scheme}://{host}/{path}"))
        }
        _ => Err(SourceError::Transport(scheme.to_owned())),
    }
}

/// Checks `user@host:path`, which git takes for ssh.
fn check_scp(url: &str) -> Result<String, SourceError> {
    let name = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        !text.is_empty() && !text.starts_with('-') && text.chars().all(plain)
    };
    let parts = url
        .split_once('@')
        .and_then(|(user, rest)| Some((user, rest.split_once(':')?)));
    match parts {
        Some((user, (host, path))) if name(user) && name(host) && !path.is_empty() => {
            if path.starts_with('-') {
                return Err(SourceError::Url(url.to_owned(), "its path begins with `-`"));
            }
            Ok(url.to_owned())
        }
        _ => Err(SourceError::Url(
            without_user(url),
            "write `git::https://HOST/PATH`, `git::ssh://HOST/PATH`, `git::file:///PATH` or `git@HOST:PATH`",
        )),
    }
}

/// Git's own rules for names of branches and tags, and no options.
fn check_reference(name: &str) -> Result<(), SourceError> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.starts_with('-') {
        "it begins with `-`, so that git would take it for an option"
    } else if name.contains(|c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c))
    {
        "it contains a character that git does not allow there"
    } else if name.contains("..") || name.contains("@{") || name.contains("//") {
        "it contains `..`, `@{` or `//`"
    } else if name.starts_with('/') || name.ends_with(['/', '.']) {
        "it begins with `/`, or ends with `/` or `.`"
    } else if name.split('/').any(|part| {
        part.starts_with('.')
            || std::path::Path::new(part)
                .extension()
                .is_some_and(|end| end == "lock")
    }) {
        "a part of it begins with `.` or ends with `.lock`"
    } else {
        return Ok(());
    };
    Err(SourceError::Reference(name.to_owned(), why))
}

/// `user:password` of a URL.
fn user_info(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    Some(authority.rsplit_once('@')?.0)
}

/// A text for a message, without what may be a password in it.
pub(super) fn without_user(text: &str) -> String {
    match user_info(text) {
        Some(user) => text.replacen(&format!("{user}@"), "", 1),
        None => text.to_owned(),
    }
}
