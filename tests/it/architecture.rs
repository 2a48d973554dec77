//! The walls between the modules: who uses whom, who does I/O, who reads the clock, who names which crate.
//!
//! Read from the sources, not from types: a wall holds for what is written, comments, strings and unit tests apart.
//! The book's page on the architecture says what the walls are for.

use crate::support::{files, repository};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each module and those it may use besides itself, from bottom to top.
const MAY_USE: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("diag", &[]),
    ("lang", &["diag"]),
    ("fetch", &["diag", "lang"]),
    ("time", &["diag"]),
    ("objects", &["diag", "lang", "time"]),
    ("graph", &["diag", "lang", "objects", "time"]),
    ("engine", &["diag", "lang", "objects", "time"]),
    (
        "plan",
        &["diag", "engine", "graph", "lang", "objects", "time"],
    ),
    ("policy", &["diag"]),
    ("rehearsal", &["diag", "engine", "lang", "objects", "time"]),
    ("import", &["diag", "lang", "objects"]),
    ("export", &["diag", "import", "lang", "objects", "time"]),
    ("connect", &["clock", "diag"]),
    (
        "store",
        &["clock", "diag", "engine", "lang", "objects", "time"],
    ),
    (
        "exec",
        &[
            "clock", "connect", "diag", "engine", "graph", "lang", "objects", "time",
        ],
    ),
    (
        "runtime",
        &[
            "clock", "diag", "engine", "exec", "graph", "lang", "objects", "store", "time",
        ],
    ),
    (
        "cli",
        &[
            "clock",
            "connect",
            "diag",
            "engine",
            "export",
            "fetch",
            "graph",
            "import",
            "lang",
            "objects",
            "plan",
            "policy",
            "rehearsal",
            "runtime",
            "store",
            "time",
        ],
    ),
    (
        "lib",
        &[
            "clock",
            "cli",
            "connect",
            "diag",
            "engine",
            "exec",
            "export",
            "fetch",
            "graph",
            "import",
            "lang",
            "objects",
            "plan",
            "policy",
            "rehearsal",
            "runtime",
            "store",
            "time",
        ],
    ),
    ("main", &[]),
];

/// These do no I/O, read no clock and spawn nothing.
const PURE: &[&str] = &[
    "lang",
    "objects",
    "time",
    "graph",
    "plan",
    "policy",
    "engine",
    "rehearsal",
    "import",
    "export",
];

/// Paths a pure module must not name.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::process",
    "std::env",
    "std::net",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "Timestamp::now",
    "Zoned::now",
    "tokio::",
    "tokio_util::",
    "rusqlite::",
    "tempfile::",
    "rustix::",
    "indicatif::",
    "anstream::",
];

/// Files, paths they may name all the same, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[(
    "lang/parse/mod.rs",
    "std::thread",
    "a scoped thread gives the recursive parser the stack it needs; it does nothing besides",
)];

/// Paths, and the only modules or files that may name them.
const ONLY: &[(&str, &[&str])] = &[
    ("clap::", &["cli"]),
    ("indicatif::", &["cli"]),
    ("anstream::", &["cli"]),
    ("println!", &["cli"]),
    ("eprintln!", &["cli"]),
    ("print!", &["cli"]),
    ("eprint!", &["cli"]),
    ("stdout()", &["cli"]),
    ("stderr()", &["cli"]),
    ("std::env::", &["cli"]),
    ("petgraph::", &["graph"]),
    ("regorus::", &["policy"]),
    ("rusqlite::", &["store", "connect/sqlite"]),
    ("hcl_edit::", &["lang"]),
    ("aws_config::", &["connect/aws"]),
    ("aws_credential_types::", &["connect/aws"]),
    ("aws_sdk_datapipeline::", &["connect/aws"]),
    ("aws_sdk_s3::", &["connect/aws"]),
    ("aws_smithy_http_client::", &["connect/aws"]),
    ("Timestamp::now", &["clock"]),
    ("Zoned::now", &["clock"]),
    ("SystemTime::now", &["clock"]),
    ("Instant::now", &["clock"]),
];

/// Lines of code a file may have, blank lines, comments and unit tests not counted.
const MAX_LINES: usize = 600;

/// A source file: its path below `src`, its module, its code without comments, strings and unit tests.
struct Source {
    path: String,
    module: String,
    text: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = repository().join("src");
    let all: Vec<_> = files(&root, "rs");
    let tests: Vec<_> = all.iter().flat_map(|file| test_modules(file)).collect();
    let all = all
        .into_iter()
        .filter(|file| !tests.iter().any(|test| file.starts_with(test)));
    let read = all.map(|file| {
        let path = file
            .strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let module = path.split(['/', '.']).next().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let code = code(&text);
        Source {
            path,
            module,
            text,
            code,
        }
    });
    read.collect()
}

/// What a file declares as `#[cfg(test)] mod name;`: the file and the directory of that name.
fn test_modules(file: &Path) -> Vec<PathBuf> {
    let inside = if ["mod.rs", "lib.rs", "main.rs"]
        .iter()
        .any(|name| file.ends_with(name))
    {
        file.with_file_name("")
    } else {
        file.with_extension("")
    };
    let text = std::fs::read_to_string(file).unwrap();
    let mut found = Vec::new();
    for (line, next) in text.lines().zip(text.lines().skip(1)) {
        let declared = next.trim_start_matches("pub(crate) ").strip_prefix("mod ");
        if let ("#[cfg(test)]", Some(name)) =
            (line, declared.and_then(|name| name.strip_suffix(';')))
        {
            found.push(inside.join(name));
            found.push(inside.join(format!("{name}.rs")));
        }
    }
    found
}

/// The text without comments, the contents of strings, and the unit tests at its end.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if first == '"' {
            string(rest)
        } else if let Some(length) = char_literal(rest) {
            length
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        code.extend(rest[..skip].chars().filter(|c| *c == '\n'));
        rest = &rest[skip..];
    }
    let tests = code.find("#[cfg(test)]\nmod tests {").unwrap_or(code.len());
    code.truncate(tests);
    code
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let body = text.strip_prefix('r')?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    body[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 2;
    Some(
        text[start..]
            .find(&end)
            .map_or(text.len(), |at| start + at + end.len()),
    )
}

fn char_literal(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    let length = match body.strip_prefix('\\') {
        Some(escape) => {
            let escaped = escape.chars().next()?.len_utf8();
            1 + escaped + escape[escaped..].find('\'')?
        }
        None => body.chars().next()?.len_utf8(),
    };
    body[length..].starts_with('\'').then_some(length + 2)
}

/// The modules named by `crate::`, also in `use crate::{a, b::c}`.
fn used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if at > 0 && code[..at].ends_with('$') {
            continue;
        }
        let path = &code[at + "crate::".len()..];
        if let Some(group) = path.strip_prefix('{') {
            let mut depth = 0;
            let mut start = true;
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && depth == 0 && !c.is_whitespace() => {
                        used.insert(word(&group[at..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            used.insert(word(path));
        }
    }
    used
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// Whether the code names a path: not as the end of a longer word.
fn names(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + path.len()..].chars().next();
        let cut = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !cut(before) && (!cut(after) || path.ends_with(':'))
    })
}

/// `use std::{fs, io}` reads as `std::fs` and `std::io`.
fn expanded(code: &str) -> String {
    let mut lines = code.to_owned();
    for (at, _) in code.match_indices("std::{") {
        let group = &code[at + "std::{".len()..];
        let end = group.find("};").unwrap_or(group.len());
        for part in group[..end].split([',', '{']) {
            lines.extend(["\nstd::", part.trim(), ";"]);
        }
    }
    lines
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(may) = allowed.get(source.module.as_str()) else {
            wrong.push(format!(
                "src/{}: `{}` has no place in MAY_USE",
                source.path, source.module
            ));
            continue;
        };
        for other in used(&source.code) {
            let is_module = allowed.contains_key(other.as_str());
            if is_module && other != source.module && !may.contains(&other.as_str()) {
                wrong.push(format!(
                    "src/{}: `{}` must not use `{other}`",
                    source.path, source.module
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_of_walls_has_no_cycle() {
    for (place, (module, may)) in MAY_USE.iter().enumerate() {
        for other in *may {
            let below = MAY_USE[..place].iter().any(|(name, _)| name == other);
            assert!(below, "`{module}` may use `{other}`, which is not below it");
        }
    }
}

#[test]
fn the_book_draws_the_same_walls() {
    let page = std::fs::read_to_string(repository().join("docs/src/architecture.md")).unwrap();
    for (module, may) in MAY_USE
        .iter()
        .filter(|(module, _)| !["lib", "main"].contains(module))
    {
        let headings = [format!("### `{module}`"), format!("### `{module}.rs`")];
        let line = page
            .lines()
            .find(|line| {
                headings
                    .iter()
                    .any(|heading| line.starts_with(heading.as_str()))
            })
            .unwrap_or_default();
        let named: Vec<&str> = line.split('`').skip(3).step_by(2).collect();
        assert_eq!(named, *may, "docs/src/architecture.md: {module}");
    }
}

#[test]
fn pure_modules_do_no_io_and_read_no_clock() {
    let mut wrong = Vec::new();
    for source in sources()
        .iter()
        .filter(|s| PURE.contains(&s.module.as_str()))
    {
        let code = expanded(&source.code);
        let excepted = |path: &str| {
            EXCEPTIONS
                .iter()
                .any(|(file, name, _)| *file == source.path && *name == path)
        };
        for path in IMPURE
            .iter()
            .filter(|path| names(&code, path) && !excepted(path))
        {
            wrong.push(format!(
                "src/{}: `{path}` in the pure module `{}`",
                source.path, source.module
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_and_streams_have_one_owner() {
    let mut wrong = Vec::new();
    for source in sources() {
        let code = expanded(&source.code);
        for (path, owners) in ONLY {
            let owns = owners
                .iter()
                .any(|owner| source.module == *owner || source.path.starts_with(owner));
            if !owns && names(&code, path) {
                wrong.push(format!(
                    "src/{}: `{path}` belongs to {owners:?}",
                    source.path
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_own() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source
            .code
            .lines()
            .filter(|line| !line.trim().is_empty())
            .count();
        if lines > MAX_LINES {
            wrong.push(format!(
                "src/{}: {lines} lines of code, more than {MAX_LINES}; split it",
                source.path
            ));
        }
        if !source.text.starts_with("//! ") {
            wrong.push(format!(
                "src/{}: does not open with `//!` and what it owns",
                source.path
            ));
        }
        if source.path.ends_with("utils.rs") || source.path.ends_with("helpers.rs") {
            wrong.push(format!("src/{}: name it for what it owns", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_sources_sees_code_only() {
    let text = "// crate::a\nuse crate::{b, c::{d, e}, f};\nlet s = \"crate::g\"; let r = r#\"crate::\"h\"#;\n\
        let q = ['\"', '\\''];  crate::i::j();\nfn f<'a>(x: &'a str) {}\n#[cfg(test)]\nmod tests {\n use crate::k;\n}\n";
    let found: Vec<String> = used(&code(text)).into_iter().collect();
    assert_eq!(found, ["b", "c", "f", "i"]);
    assert!(names(&expanded("use std::{io, fs::File};"), "std::fs"));
    assert!(names("use tokio::process;", "tokio::"));
    assert!(!names("eprintln!(x)", "println!"));
}
