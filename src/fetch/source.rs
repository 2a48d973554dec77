//! What the `source` of a module says.
//!
//! The text is Terraform's, as far as it makes sense here. It comes from a file that somebody else may have written, and
//! its parts become arguments of `git`: what could be taken for an option or for a transport that runs commands is
//! refused here, before anything is started.

use thiserror::Error;

use crate::diag::did_you_mean;

/// How much of a repository's name is in the name of its checkout.
const LONGEST_NAME: usize = 64;

/// Where a module comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A directory, relative to the module that calls it: `./x`, `../x`.
    Local(String),
    /// A module of the built-in library: the name behind `pipeform//`, with directories below it.
    Library(String),
    /// A git repository.
    Git(GitSource),
}

/// A git repository, and what of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSource {
    /// The URL for `git`. It may hold a password, so it is for `git` alone: nothing that is shown or written has it.
    pub(super) url: String,
    /// The URL without user and password (with the user where that is a mere name, as in ssh).
    pub(super) shown: String,
    /// The branch, tag or commit; the default branch if there is none.
    pub(super) reference: Option<String>,
    /// How many commits of history to fetch.
    pub(super) depth: Option<u32>,
    /// The directory in the repository, without slashes at its ends; empty for the repository's root.
    pub(super) directory: String,
}

/// Why a source cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SourceError {
    /// There is nothing.
    #[error("The source is empty.")]
    Empty,
    /// Characters that it must not have.
    #[error("The source contains {0}.")]
    Character(&'static str),
    /// An absolute path.
    #[error(
        "`{0}` is an absolute path, which is different on each machine. Write it relative to this module, as `./…` or `../…`, or use a repository: `git::file:///…`."
    )]
    Absolute(String),
    /// What Terraform would fetch over http.
    #[error("`http` is open to everybody on the way. Use `https` or `ssh`.")]
    Http,
    /// Another transport of git, such as `ext`.
    #[error("Only `https`, `ssh` and `file` are supported for git, and `{0}` is none of them.")]
    Transport(String),
    /// A URL of git that is none.
    #[error("`{0}` is not the address of a git repository: {1}.")]
    Url(String, &'static str),
    /// An unknown argument behind `?`.
    #[error(
        "`{name}` is not known behind the `?` of a source: there are `ref` and `depth`. {hint}"
    )]
    Argument {
        /// Its name.
        name: String,
        /// A did-you-mean.
        hint: String,
    },
    /// An argument that is given twice.
    #[error("`{0}` is given twice behind the `?`.")]
    Twice(String),
    /// A reference git would not take, or would take for something else.
    #[error("`{0}` cannot be the name of a branch, a tag or a commit: {1}.")]
    Reference(String, &'static str),
    /// A depth that is none.
    #[error("`depth={0}` is not a number of commits, such as 1.")]
    Depth(String),
    /// A directory that would lie outside of the repository.
    #[error(
        "`//{0}` is not a directory of the repository: write it without `.`, `..` and empty parts."
    )]
    Directory(String),
    /// What looks like a local directory.
    #[error("`{0}` is not a source. For a directory of this project, write `./{0}`.{1}")]
    Bare(String, String),
    /// A hosting service's shorthand.
    #[error("Shorthands such as `{0}` are not supported. Write `git::https://{0}`.")]
    Shorthand(String),
    /// A repository without `git::`.
    #[error(
        "Files and archives are not fetched over the network, only git repositories. If this is one, write `git::{0}`."
    )]
    Archive(String),
    /// Something else that Terraform has.
    #[error("`{0}` is not a kind of source.")]
    Unknown(String),
    /// No name behind `pipeform//`.
    #[error("`{0}` does not name a module of the library, as in `pipeform//archive-logs`.")]
    Library(String),
}

/// What may be written, for the end of each message.
pub const SUPPORTED: &str = "A source is a directory (`./x`, `../x`), a git repository (`git::https://…`, `git::ssh://…`, `git::file:///…`, `git@host:path`, with `//directory` and `?ref=…`), or a module of the library (`pipeform//NAME`).";

impl Source {
    /// Reads the text of a source.
    ///
    /// Fails for what is no source, or one of a kind that is not supported.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        if text.is_empty() {
            return Err(SourceError::Empty);
        }
        if text.contains(|c: char| c.is_control()) {
            return Err(SourceError::Character("a control character"));
        }
        if text.contains('\\') {
            return Err(SourceError::Character(
                "a backslash. Write `/` between directories",
            ));
        }
        if matches!(text, "." | "..") || text.starts_with("./") || text.starts_with("../") {
            return Ok(Self::Local(text.to_owned()));
        }
        if text.contains(char::is_whitespace) {
            return Err(SourceError::Character("a space"));
        }
        if let Some(name) = text.strip_prefix("pipeform//") {
            return library(name).ok_or_else(|| SourceError::Library(text.to_owned()));
        }
        if let Some(address) = text.strip_prefix("git::") {
            return git(address).map(Self::Git);
        }
        if text.starts_with("git@") {
            return git(text).map(Self::Git);
        }
        Err(other(text))
    }
}

impl GitSource {
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
    pub(super) fn name(&self) -> String {
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
    pub(super) fn redacted(&self, text: &str) -> String {
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

/// What makes a text the source of another tool.
fn other(text: &str) -> SourceError {
    let host = text.split('/').next().unwrap_or("");
    let directory = text.trim_end_matches('/').to_owned();
    if text.starts_with('/') {
        SourceError::Absolute(text.to_owned())
    } else if let Some((kind, _)) = text.split_once("::") {
        SourceError::Unknown(format!("{kind}::"))
    } else if text.starts_with("http://") {
        SourceError::Http
    } else if let Some((scheme, _)) = text.split_once("://") {
        match scheme {
            "https" | "ssh" | "file" => SourceError::Archive(without_user(text)),
            _ => SourceError::Unknown(format!("{scheme}://")),
        }
    } else if text.contains('@') {
        SourceError::Archive(text.to_owned())
    } else if ["github.com", "gitlab.com", "bitbucket.org"].contains(&host) {
        SourceError::Shorthand(text.to_owned())
    } else if text.starts_with("pipeform/") {
        SourceError::Library(text.to_owned())
    } else if directory.split('/').count() >= 3 {
        let registry = " Names of a registry are not supported.".to_owned();
        SourceError::Bare(directory, registry)
    } else {
        SourceError::Bare(directory, String::new())
    }
}

fn library(name: &str) -> Option<Source> {
    let parts = name.split('/');
    let good = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    parts
        .clone()
        .all(good)
        .then(|| Source::Library(name.to_owned()))
}

fn git(address: &str) -> Result<GitSource, SourceError> {
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
    let mut source = GitSource {
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
fn without_user(text: &str) -> String {
    match user_info(text) {
        Some(user) => text.replacen(&format!("{user}@"), "", 1),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_taken_apart() {
        // The URL for git, the one that is shown, reference, depth, directory.
        for (text, expected) in [
            (
                "git::https://h.org/a/b.git",
                "https://h.org/a/b.git https://h.org/a/b.git - - -",
            ),
            (
                "git::https://h.org/b.git//x/y?ref=v1.2&depth=1",
                "https://h.org/b.git https://h.org/b.git v1.2 1 x/y",
            ),
            (
                "git::https://me:secret@h.org:8443/b//x/",
                "https://me:secret@h.org:8443/b https://h.org:8443/b - - x",
            ),
            (
                "git::https://token@h.org/b",
                "https://token@h.org/b https://h.org/b - - -",
            ),
            (
                "git::ssh://git@h.org/b.git?ref=feature%2Fx",
                "ssh://git@h.org/b.git ssh://git@h.org/b.git feature/x - -",
            ),
            (
                "git::ssh://git:pw@h.org:22/b",
                "ssh://git:pw@h.org:22/b ssh://git@h.org:22/b - - -",
            ),
            (
                "git::file:///srv/m//sub?ref=main",
                "file:///srv/m file:///srv/m main - sub",
            ),
            (
                "git@h.org:a/b.git//x?ref=v1",
                "git@h.org:a/b.git git@h.org:a/b.git v1 - x",
            ),
            (
                "git::me@h.org:a/b.git",
                "me@h.org:a/b.git me@h.org:a/b.git - - -",
            ),
            (
                "git::https://h.org/b?ref=refs/heads/x&",
                "https://h.org/b https://h.org/b refs/heads/x - -",
            ),
        ] {
            let Ok(Source::Git(source)) = Source::parse(text) else {
                panic!("{text}")
            };
            let or_none = |text: Option<String>| {
                text.filter(|text| !text.is_empty())
                    .unwrap_or_else(|| "-".to_owned())
            };
            let parts = [
                source.url,
                source.shown,
                or_none(source.reference),
                or_none(source.depth.map(|depth| depth.to_string())),
                or_none(Some(source.directory)),
            ];
            assert_eq!(parts.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn directories_and_the_library_are_sources() {
        for text in [
            "./x",
            "../x/y",
            ".",
            "..",
            "./",
            "./a/../b",
            "./my modules/ä",
        ] {
            assert_eq!(Source::parse(text), Ok(Source::Local(text.to_owned())));
        }
        for name in ["archive-logs", "a/b"] {
            let source = Source::parse(&format!("pipeform//{name}"));
            assert_eq!(source, Ok(Source::Library(name.to_owned())));
        }
    }

    #[test]
    fn what_could_run_a_command_is_refused() {
        for (text, expected) in [
            (
                "git::https://h.org/b?ref=--upload-pack=touch",
                "begins with `-`",
            ),
            (
                "git::https://h.org/b?ref=%2d-upload-pack=x",
                "begins with `-`",
            ),
            (
                "git::https://h.org/b?ref=a%20b",
                "a character that git does not allow",
            ),
            (
                "git::https://h.org/b?ref=a%0Ab",
                "a character that git does not allow",
            ),
            (
                "git::https://h.org/b?ref=a:b",
                "a character that git does not allow",
            ),
            ("git::https://h.org/b?ref=%2Bmain..x", "`..`"),
            ("git::https://h.org/b?ref=", "it is empty"),
            ("git::https://h.org/b?ref=x.lock", ".lock"),
            ("git::--upload-pack=x", "begins with `-`"),
            ("git::-u", "begins with `-`"),
            ("git::ext::sh -c touch", "space"),
            ("git::ext::sh", "`ext` is none of them"),
            ("git::https://h.org/${x}", "a quote, a brace"),
            ("git::fd::17", "`fd` is none of them"),
            ("git::https::https://h.org/b", "`https` is none of them"),
            ("git::ssh://-oProxyCommand=x/b", "would be an option"),
            ("git::ssh://-oProxyCommand=x@h.org/b", "would be an option"),
            ("git@-oProxyCommand=x:b", "git@HOST:PATH"),
            ("git::-x@h.org:b", "begins with `-`"),
            ("git@h.org:-b", "its path begins with `-`"),
        ] {
            let error = Source::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_repository_is_refused() {
        for (text, expected) in [
            ("git::ftp://h.org/b", "`ftp` is none of them"),
            ("git::git://h.org/b", "`git` is none of them"),
            ("git::http://h.org/b", "Use `https` or `ssh`"),
            ("git::file://host/b", "begins with `/`"),
            ("git::file:///", "git@HOST:PATH"),
            ("git::https://h.org", "a host and a path"),
            ("git::https:///b", "a host and a path"),
            ("git::/srv/b", "git@HOST:PATH"),
            ("git::https://h.org/b//../x", "without `.`, `..`"),
            ("git::https://h.org/b//x/../../y", "without `.`, `..`"),
            ("git::https://h.org/b///x", "without `.`, `..`"),
            ("git::https://h.org/b?sshkey=x", "`sshkey` is not known"),
            ("git::https://h.org/b?reff=x", "Did you mean `ref`?"),
            ("git::https://h.org/b?ref=a&ref=b", "given twice"),
            ("git::https://h.org/b?depth=0", "`depth=0`"),
            ("git::https://h.org/b?depth=-1", "`depth=-1`"),
        ] {
            let error = Source::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn what_terraform_has_besides_says_what_to_write() {
        for (text, expected) in [
            ("", "is empty"),
            ("modules/x", "write `./modules/x`"),
            ("hashicorp/consul/aws", "Names of a registry"),
            ("/srv/x", "absolute path"),
            ("github.com/a/b", "`git::https://github.com/a/b`"),
            ("https://h.org/x.zip", "only git repositories"),
            (
                "https://me:secret@h.org/x.git",
                "`git::https://h.org/x.git`",
            ),
            ("http://h.org/x.zip", "Use `https` or `ssh`"),
            (
                "s3::https://s3.amazonaws.com/b/x.zip",
                "`s3::` is not a kind",
            ),
            ("s3://b/x.zip", "`s3://` is not a kind"),
            ("me@h.org:x", "`git::me@h.org:x`"),
            ("pipeform/archive-logs", "`pipeform//archive-logs`"),
            ("pipeform//", "does not name a module"),
            ("pipeform//a/../b", "does not name a module"),
            (".\\x", "a backslash"),
            ("my modules", "a space"),
            ("./a\u{0}b", "a control character"),
        ] {
            let error = Source::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let Ok(Source::Git(source)) = Source::parse("git::https://me:s3cret@h.org/a.git?ref=x")
        else {
            panic!("it is a repository")
        };
        assert_eq!(source.key(), "git::https://h.org/a.git?ref=x");
        let said = "fatal: unable to access 'https://me:s3cret@h.org/a.git/': me:s3cret";
        let shown = source.redacted(said);
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("https://h.org/a.git/"), "{shown}");
    }

    #[test]
    fn repositories_have_names() {
        for (text, expected) in [
            ("git::https://h.org/a/etl-modules.git", "etl-modules"),
            ("git@h.org:b.git", "b"),
            ("git::file:///srv/.git", "module"),
            ("git::https://h.org/%20/", "20"),
            (&format!("git@h.org:{}", "ab".repeat(200)), &"ab".repeat(32)),
        ] {
            let Ok(Source::Git(source)) = Source::parse(text) else {
                panic!("{text}")
            };
            assert_eq!(source.name(), expected);
        }
    }
}
