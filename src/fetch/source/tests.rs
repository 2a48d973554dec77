//! What sources say, in tables.

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
    let Ok(Source::Git(source)) = Source::parse("git::https://me:s3cret@h.org/a.git?ref=x") else {
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
