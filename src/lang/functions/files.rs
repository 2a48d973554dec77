//! Paths, and the files of the module that can be read when a plan is made.
//!
//! Paths are text here: they are taken apart and cleaned without looking at the disk. What is read goes through
//! [`Files`](crate::lang::scope::Files).

use std::io;
use std::path::Path;
use std::path::PathBuf;

use data_encoding::BASE64;
use data_encoding::HEXLOWER;
use globset::GlobBuilder;
use md5::Digest as _;
use md5::Md5;
use sha1::Sha1;
use sha2::Sha256;
use sha2::Sha512;

use super::Accepts;
use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use super::collections::take;
use crate::lang::value::Value;

/// The functions of the family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "abspath",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "The absolute form of a path.",
        purity: Purity::Files,
        body: abspath,
    },
    Function {
        name: "basename",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "The last part of a path.",
        purity: Purity::Pure,
        body: basename,
    },
    Function {
        name: "dirname",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "A path without its last part.",
        purity: Purity::Pure,
        body: dirname,
    },
    Function {
        name: "file",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "The text of a file.",
        purity: Purity::Files,
        body: file,
    },
    Function {
        name: "filebase64",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "The content of a file in Base64.",
        purity: Purity::Files,
        body: filebase64,
    },
    Function {
        name: "filebase64sha256",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "The SHA256 hash of a file in Base64.",
        purity: Purity::Files,
        body: filebase64sha256,
    },
    Function {
        name: "filebase64sha512",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "The SHA512 hash of a file in Base64.",
        purity: Purity::Files,
        body: filebase64sha512,
    },
    Function {
        name: "fileexists",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "Whether there is a file of that path.",
        purity: Purity::Files,
        body: fileexists,
    },
    Function {
        name: "filemd5",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "The MD5 hash of a file in hexadecimal.",
        purity: Purity::Files,
        body: filemd5,
    },
    Function {
        name: "fileset",
        parameters: &[
            Parameter::new("directory", Accepts::String),
            Parameter::new("pattern", Accepts::String),
        ],
        variadic: None,
        doc: "The files below a directory whose paths match a pattern.",
        purity: Purity::Files,
        body: fileset,
    },
    Function {
        name: "filesha1",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "The SHA1 hash of a file in hexadecimal.",
        purity: Purity::Files,
        body: filesha1,
    },
    Function {
        name: "filesha256",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "The SHA256 hash of a file in hexadecimal.",
        purity: Purity::Files,
        body: filesha256,
    },
    Function {
        name: "filesha512",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "The SHA512 hash of a file in hexadecimal.",
        purity: Purity::Files,
        body: filesha512,
    },
    Function {
        name: "pathexpand",
        parameters: &[Parameter::new("path", Accepts::String)],
        variadic: None,
        doc: "A path with the home directory for a leading `~`.",
        purity: Purity::Files,
        body: pathexpand,
    },
];

/// The one path a function takes.
fn path(arguments: &[Value]) -> Result<&str, CallError> {
    let [path] = take(arguments)?;
    text(path, 0)
}

fn text(value: &Value, argument: usize) -> Result<&str, CallError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(CallError::at(argument, "it must be a string")),
    }
}

/// The shortest form of a path: without empty parts, `.`, and `..` where there is a part before it.
fn cleaned(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => (),
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if rooted => (),
            part => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, joined) => format!("/{joined}"),
        (false, joined) if joined.is_empty() => ".".to_owned(),
        (false, joined) => joined,
    }
}

/// A path from the file system as text.
fn shown(path: &Path) -> Result<&str, CallError> {
    let message = || format!("the path `{}` is not UTF-8", path.display());
    path.to_str().ok_or_else(|| CallError::at(0, message()))
}

fn abspath(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let absolute = call.files.absolute(Path::new(path(arguments)?));
    Ok(Value::string(cleaned(shown(&absolute)?)))
}

fn basename(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let path = path(arguments)?;
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    Ok(Value::string(match (path, last) {
        ("", _) => ".",
        (_, "") => "/",
        (_, last) => last,
    }))
}

fn dirname(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let path = path(arguments)?;
    let directory = path.rfind('/').and_then(|slash| path.get(..=slash));
    Ok(Value::string(cleaned(directory.unwrap_or(""))))
}

fn pathexpand(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let expanded = expanded(call, path(arguments)?)?;
    Ok(Value::string(shown(&expanded)?))
}

/// The path with the user's home directory for a leading `~`.
fn expanded(call: &Call<'_>, path: &str) -> Result<PathBuf, CallError> {
    let Some(rest) = path.strip_prefix('~') else {
        return Ok(PathBuf::from(path));
    };
    if !rest.is_empty() && !rest.starts_with('/') {
        let message = format!(
            "`{path}` starts with the home directory of a named user, which is not supported"
        );
        return Err(CallError::at(0, message));
    }
    let home = call.files.home();
    let home = home.ok_or_else(|| {
        CallError::at(
            0,
            format!("`{path}` needs the home directory, which is not known"),
        )
    })?;
    let joined = format!("{}/{rest}", shown(&home)?);
    Ok(PathBuf::from(cleaned(&joined)))
}

/// The content of the file whose path is the only argument.
fn content(call: &Call<'_>, arguments: &[Value]) -> Result<Vec<u8>, CallError> {
    let name = path(arguments)?;
    let path = expanded(call, name)?;
    if !call.files.is_file(&path) {
        return Err(no_file(name, &what_else(call, &path)));
    }
    call.files
        .read(&path)
        .map_err(|error| no_file(name, &error))
}

/// Why a path is no file. Reading the `.` below it opens only directories, never a pipe or device.
fn what_else(call: &Call<'_>, path: &Path) -> io::Error {
    match call.files.read(&path.join(".")) {
        Ok(_) => io::ErrorKind::IsADirectory.into(),
        Err(error) => error,
    }
}

fn no_file(name: &str, error: &io::Error) -> CallError {
    let message = match error.kind() {
        io::ErrorKind::NotFound => format!(
            "there is no file `{name}`; files are read when the plan is made, so it must exist by then"
        ),
        io::ErrorKind::IsADirectory => format!("`{name}` is a directory, not a file"),
        io::ErrorKind::NotADirectory => format!("`{name}` is not a regular file"),
        _ => format!("`{name}` cannot be read: {error}"),
    };
    CallError::at(0, message)
}

fn file(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let content = String::from_utf8(content(call, arguments)?).map_err(|_| {
        let name = path(arguments).unwrap_or("");
        let message =
            format!("the content of `{name}` is not UTF-8 text; `filebase64` reads any file");
        CallError::at(0, message)
    })?;
    Ok(Value::string(content))
}

fn fileexists(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let name = path(arguments)?;
    let path = expanded(call, name)?;
    if call.files.is_file(&path) {
        return Ok(Value::Bool(true));
    }
    let error = what_else(call, &path);
    match error.kind() {
        io::ErrorKind::NotFound => Ok(Value::Bool(false)),
        _ => Err(no_file(name, &error)),
    }
}

fn filebase64(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    Ok(Value::string(BASE64.encode(&content(call, arguments)?)))
}

fn filebase64sha256(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let hash = Sha256::digest(content(call, arguments)?);
    Ok(Value::string(BASE64.encode(&hash)))
}

fn filebase64sha512(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let hash = Sha512::digest(content(call, arguments)?);
    Ok(Value::string(BASE64.encode(&hash)))
}

fn filemd5(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let hash = Md5::digest(content(call, arguments)?);
    Ok(Value::string(HEXLOWER.encode(&hash)))
}

fn filesha1(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let hash = Sha1::digest(content(call, arguments)?);
    Ok(Value::string(HEXLOWER.encode(&hash)))
}

fn filesha256(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let hash = Sha256::digest(content(call, arguments)?);
    Ok(Value::string(HEXLOWER.encode(&hash)))
}

fn filesha512(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let hash = Sha512::digest(content(call, arguments)?);
    Ok(Value::string(HEXLOWER.encode(&hash)))
}

/// The files below a directory that match: `*` and `?` within a name, `**` over directories, `[…]` and `{…}`.
fn fileset(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [directory, pattern] = take(arguments)?;
    let (directory, pattern) = (text(directory, 0)?, text(pattern, 1)?);
    let cleaned = cleaned(pattern.trim_start_matches('/'));
    // A pattern may leave the directory; what is found is named from the directory all the same.
    let below = cleaned.trim_start_matches("../");
    let above = cleaned.strip_suffix(below).unwrap_or("");
    let glob = GlobBuilder::new(below)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build();
    let glob = glob.map_err(|error| {
        CallError::at(1, format!("`{pattern}` is not a pattern: {}", error.kind()))
    })?;
    let matcher = glob.compile_matcher();
    let root = Path::new(directory).join(above);
    let found = match call.files.list(&root) {
        Ok(found) => found,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Vec::new()
        }
        Err(error) => {
            let message = format!("the directory `{}` cannot be read: {error}", root.display());
            return Err(CallError::at(0, message));
        }
    };
    let matching = found.iter().filter(|path| matcher.is_match(path));
    let names = matching.map(|path| Ok(Value::string(format!("{above}{}", shown(path)?))));
    Ok(Value::set(names.collect::<Result<_, CallError>>()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lang::scope::Files;

    /// A module with a text, a binary file and a directory.
    struct Module;

    impl Module {
        fn content() -> BTreeMap<&'static str, &'static [u8]> {
            BTreeMap::from([
                ("hello.txt", &b"hello!"[..]),
                ("binary", &[0xff]),
                ("sub/a.txt", b""),
                ("sub/b.md", b""),
                (".hidden", b""),
                ("/home/me/mine", b"mine"),
            ])
        }
    }

    impl Files for Module {
        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            if path == Path::new("sub/.") {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            let path = path.to_str().unwrap_or("");
            let content = Self::content().get(path).map(|content| content.to_vec());
            content.ok_or_else(|| io::ErrorKind::NotFound.into())
        }
        fn is_file(&self, path: &Path) -> bool {
            Self::content().contains_key(path.to_str().unwrap_or(""))
        }
        fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
            let prefix = match directory.to_str().map(|path| path.trim_end_matches('/')) {
                Some("." | "sub/..") => "",
                Some("sub") => "sub/",
                _ => return Err(io::ErrorKind::NotFound.into()),
            };
            let content = Self::content();
            let names = content.keys().filter(|name| !name.starts_with('/'));
            let below = names.filter_map(|name| name.strip_prefix(prefix));
            Ok(below.map(PathBuf::from).collect())
        }
        fn absolute(&self, path: &Path) -> PathBuf {
            Path::new("/module").join(path)
        }
        fn home(&self) -> Option<PathBuf> {
            Some(PathBuf::from("/home/me"))
        }
    }

    /// The result of a call with strings as HCL, or the message of its error.
    fn called(name: &str, arguments: &[&str]) -> String {
        let call = Call {
            files: &Module,
            now: jiff::Timestamp::UNIX_EPOCH,
            random: || [0; 16],
            secrets: None,
        };
        let function = FUNCTIONS
            .iter()
            .find(|function| function.name == name)
            .unwrap_or_else(|| panic!("there is a function `{name}`"));
        let arguments: Vec<Value> = arguments.iter().map(|text| Value::string(*text)).collect();
        match (function.body)(&call, &arguments) {
            Ok(Value::String(text)) => text.to_string(),
            Ok(value) => crate::lang::print::value(&value),
            Err(error) => error.message,
        }
    }

    #[test]
    fn paths_are_taken_apart_as_text() {
        for (name, path, expected) in [
            ("basename", "testdata/hello.txt", "hello.txt"),
            ("basename", "a//b//", "b"),
            ("basename", "/", "/"),
            ("basename", "", "."),
            ("dirname", "testdata/hello.txt", "testdata"),
            ("dirname", "hello.txt", "."),
            ("dirname", "a/b/", "a/b"),
            ("dirname", "a/../b/c", "b"),
            ("dirname", "a//b", "a"),
            ("dirname", "/a", "/"),
            ("dirname", "/", "/"),
            ("dirname", "", "."),
            ("abspath", "a/../b", "/module/b"),
            ("abspath", "/a//b/.", "/a/b"),
            ("abspath", "/../a", "/a"),
            ("pathexpand", "~", "/home/me"),
            ("pathexpand", "~/x", "/home/me/x"),
            ("pathexpand", "a/~", "a/~"),
            (
                "pathexpand",
                "~you/x",
                "`~you/x` starts with the home directory of a named user, which is not supported",
            ),
        ] {
            assert_eq!(called(name, &[path]), expected, "{name}(\"{path}\")");
        }
    }

    #[test]
    fn files_are_read_and_hashed() {
        for (name, path, expected) in [
            ("file", "hello.txt", "hello!"),
            ("file", "~/mine", "mine"),
            ("filebase64", "binary", "/w=="),
            ("filemd5", "hello.txt", "5a8dd3ad0756a93ded72b823b19dd877"),
            (
                "filesha1",
                "hello.txt",
                "8f7d88e901a5ad3a05d8cc0de93313fd76028f8c",
            ),
            (
                "filesha256",
                "hello.txt",
                "ce06092fb948d9ffac7d1a376e404b26b7575bcc11ee05a4615fef4fec3a308b",
            ),
            (
                "filebase64sha256",
                "hello.txt",
                "zgYJL7lI2f+sfRo3bkBLJrdXW8wR7gWkYV/vT+w6MIs=",
            ),
            ("fileexists", "hello.txt", "true"),
            ("fileexists", "none", "false"),
            ("fileexists", "sub", "`sub` is a directory, not a file"),
            ("filesha512", "sub", "`sub` is a directory, not a file"),
            (
                "file",
                "none",
                "there is no file `none`; files are read when the plan is made, so it must exist by then",
            ),
            (
                "file",
                "binary",
                "the content of `binary` is not UTF-8 text; `filebase64` reads any file",
            ),
        ] {
            assert_eq!(called(name, &[path]), expected, "{name}(\"{path}\")");
        }
    }

    #[test]
    fn filesets_are_matched() {
        for (directory, pattern, expected) in [
            (".", "*.txt", r#"toset(["hello.txt"])"#),
            (".", "**/*.txt", r#"toset(["hello.txt", "sub/a.txt"])"#),
            (
                ".",
                "**",
                r#"toset([".hidden", "binary", "hello.txt", "sub/a.txt", "sub/b.md"])"#,
            ),
            (".", "sub/{a,b}.*", r#"toset(["sub/a.txt", "sub/b.md"])"#),
            (".", "sub/../*.txt", r#"toset(["hello.txt"])"#),
            ("sub", "[ab].txt", r#"toset(["a.txt"])"#),
            ("sub", "../*.txt", r#"toset(["../hello.txt"])"#),
            ("none", "*", "toset([])"),
            (".", "none*", "toset([])"),
            (".", "", "toset([])"),
            (".", "sub", "toset([])"),
            (".", "/hello.txt", r#"toset(["hello.txt"])"#),
            (".", "./hello.txt", r#"toset(["hello.txt"])"#),
            (".", ".*", r#"toset([".hidden"])"#),
            (".", "h?llo.txt", r#"toset(["hello.txt"])"#),
            (".", "*/a.txt", r#"toset(["sub/a.txt"])"#),
            (".", "**.txt", r#"toset(["hello.txt"])"#),
            (".", "sub/**/a.txt", r#"toset(["sub/a.txt"])"#),
            (".", "{,x}hello.txt", r#"toset(["hello.txt"])"#),
            (".", "[^x]*.txt", r#"toset(["hello.txt"])"#),
            (".", "HELLO.TXT", "toset([])"),
            (".", "hell\\o.txt", r#"toset(["hello.txt"])"#),
        ] {
            assert_eq!(
                called("fileset", &[directory, pattern]),
                expected,
                "{pattern}"
            );
        }
        let message = called("fileset", &[".", "["]);
        assert!(message.starts_with("`[` is not a pattern: "), "{message}");
    }
}
