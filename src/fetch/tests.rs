//! Modules from real git repositories: what is installed, what is locked, and what is refused.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::git::Git;
use super::git::GitError;
use super::git::Wanted;
use super::install::Event;
use super::install::Installer;
use super::install::Options;
use super::installed::Installed;
use super::lock::LOCK_FILE;
use super::manifest::MODULES;
use super::source::GitSource;
use super::source::Source;
use super::tree::Checkouts as _;
use crate::diag::Diagnostics;
use crate::diag::Sources;

/// A directory with a repository `origin`, and the root modules that use it.
struct World {
    directory: tempfile::TempDir,
}

impl World {
    /// A repository with a commit that is tagged `v1`.
    fn new() -> Self {
        let world = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(world.origin()).unwrap();
        world.git(&["init", "--quiet", "--initial-branch=main", "."]);
        world.commit("a/main.pipe.hcl", "# one\n");
        world.git(&["tag", "v1"]);
        world
    }

    fn origin(&self) -> PathBuf {
        self.directory.path().join("origin")
    }

    /// Runs `git` in the repository.
    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.origin())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(["AUTHOR", "COMMITTER"].iter().flat_map(|who| {
                [
                    (format!("GIT_{who}_NAME"), "Tester"),
                    (format!("GIT_{who}_EMAIL"), "tester@example.com"),
                ]
            }))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Writes a file and commits everything: the name of the commit.
    fn commit(&self, path: &str, text: &str) -> String {
        write(&self.origin().join(path), text);
        self.commit_all()
    }

    fn commit_all(&self) -> String {
        self.git(&["add", "--all", "."]);
        self.git(&["commit", "--quiet", "--message=x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// The source of the repository with this behind its `?`.
    fn source(&self, arguments: &str) -> GitSource {
        let question = if arguments.is_empty() { "" } else { "?" };
        source(&format!(
            "git::file://{}{question}{arguments}",
            self.origin().display()
        ))
    }

    /// The directory of a root module, which is made if it is new.
    fn root(&self, name: &str) -> PathBuf {
        let root = self.directory.path().join(name);
        std::fs::create_dir_all(&root).unwrap();
        root
    }

    /// Fetches into a new directory: the commit, and the directory.
    fn fetched(&self, arguments: &str) -> Result<(String, tempfile::TempDir), GitError> {
        let into = tempfile::tempdir().unwrap();
        let source = self.source(arguments);
        let commit = Git::new(&source, into.path(), false).check_out(Wanted::Newest)?;
        Ok((commit, into))
    }

    fn refused(&self, arguments: &str) -> String {
        self.fetched(arguments).unwrap_err().to_string()
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn source(text: &str) -> GitSource {
    match Source::parse(text) {
        Ok(Source::Git(source)) => source,
        other => panic!("{text}: {other:?}"),
    }
}

/// What an installation came to: where each source is, or why not; what was said meanwhile.
#[derive(Debug)]
struct Done {
    places: Vec<Result<String, String>>,
    events: Vec<Event>,
}

impl Done {
    /// The only directory that was asked for.
    fn place(&self) -> &str {
        match self.places.as_slice() {
            [Ok(place)] => place,
            other => panic!("{other:?}"),
        }
    }

    fn reason(&self) -> &str {
        match self.places.as_slice() {
            [Err(reason)] => reason,
            other => panic!("{other:?}"),
        }
    }
}

/// Installs these sources as `init` does: the lock file is written if all went well.
fn init(root: &Path, options: Options, wanted: &[GitSource]) -> Done {
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::new());
    let mut events = Vec::new();
    let mut watch = |event| events.push(event);
    let mut installer = Installer::new(root, options, &mut watch, &mut sources, &mut diagnostics);
    let mut places = Vec::new();
    for source in wanted {
        let place = installer.checkout(source, "m", &mut sources, &mut diagnostics);
        places.push(place.map_err(|problem| problem.detail));
    }
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    if places.iter().all(Result::is_ok) {
        installer.finish().unwrap();
    }
    Done { places, events }
}

fn plain() -> Options {
    Options::default()
}

fn upgrade() -> Options {
    Options {
        upgrade: true,
        ..Options::default()
    }
}

/// What `plan` says about a source.
fn installed(root: &Path, source: &GitSource) -> Result<String, String> {
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::new());
    Installed::new(root)
        .checkout(source, "m", &mut sources, &mut diagnostics)
        .map_err(|problem| problem.detail)
}

/// The names in the directory of installed modules.
fn modules(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root.join(MODULES))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".lock")
        .collect();
    names.sort();
    names
}

#[test]
fn references_are_branches_tags_and_commits() {
    let world = World::new();
    let first = world.git(&["rev-parse", "HEAD"]);
    world.git(&["tag", "--annotate", "--message=x", "annotated"]);
    world.git(&["branch", "feature/x"]);
    let second = world.commit("a/main.pipe.hcl", "# two\n");
    for (arguments, expected) in [
        ("", &second),
        ("ref=main", &second),
        ("ref=HEAD", &second),
        ("ref=v1", &first),
        ("ref=annotated", &first),
        ("ref=feature/x", &first),
        ("ref=refs/heads/feature/x", &first),
        ("ref=refs/tags/v1&depth=3", &first),
        (&format!("ref={first}"), &first),
        (&format!("ref={}", super::installed::short(&first)), &first),
    ] {
        let (commit, into) = world.fetched(arguments).unwrap();
        assert_eq!(commit, *expected, "{arguments}");
        let text = if *expected == first {
            "# one\n"
        } else {
            "# two\n"
        };
        assert_eq!(
            read(&into.path().join("a/main.pipe.hcl")),
            text,
            "{arguments}"
        );
    }
}

#[test]
fn references_that_are_not_there_are_named() {
    let world = World::new();
    world.git(&["tag", "main"]);
    for (arguments, expected) in [
        (
            "ref=v2",
            "has no branch, tag or commit `v2`. Did you mean `v1`?",
        ),
        (
            "ref=refs/heads/v1",
            "has no branch, tag or commit `refs/heads/v1`",
        ),
        (
            "ref=main",
            "`?ref=refs/heads/main` or `?ref=refs/tags/main`",
        ),
        ("ref=0123abcd", "has no branch, tag or commit `0123abcd`"),
        (
            "ref=0123456789012345678901234567890123456789",
            "has no branch, tag or commit `0123456789012345678901234567890123456789`",
        ),
    ] {
        let reason = world.refused(arguments);
        assert!(reason.contains(expected), "{arguments}: {reason}");
    }
    let gone = source("git::file:///nonexistent/repository");
    let into = tempfile::tempdir().unwrap();
    let error = Git::new(&gone, into.path(), false)
        .check_out(Wanted::Newest)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("could not fetch `file:///nonexistent/repository`")
    );
}

#[test]
fn nothing_of_a_repository_is_run() {
    let world = World::new();
    // Hooks and settings of the repository, and what its files ask for.
    write(
        &world.origin().join(".git/hooks/post-checkout"),
        "#!/bin/sh\ntouch \"$0.ran\"\n",
    );
    world.git(&["config", "uploadpack.packObjectsHook", "touch ran; false"]);
    world.git(&["config", "filter.evil.smudge", "touch ran; cat"]);
    world.commit(".gitattributes", "* filter=evil\n");
    world.commit(
        ".gitmodules",
        "[submodule \"s\"]\n  path = s\n  url = ext::sh -c touch% ran\n  update = !touch ran\n",
    );
    let head = world.git(&["rev-parse", "HEAD"]);
    world.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{head},s"),
    ]);
    world.git(&["commit", "--quiet", "--message=x"]);
    let (_, into) = world.fetched("").unwrap();
    assert_eq!(read(&into.path().join("a/main.pipe.hcl")), "# one\n");
    assert!(
        std::fs::read_dir(into.path().join("s"))
            .unwrap()
            .next()
            .is_none()
    );
    for place in [into.path(), &world.origin(), &into.path().join("s")] {
        assert!(!place.join("ran").exists(), "{}", place.display());
    }
    assert!(!world.origin().join(".git/hooks/post-checkout.ran").exists());
}

#[test]
fn what_hangs_is_given_up() {
    let world = World::new();
    let into = tempfile::tempdir().unwrap();
    let source = world.source("");
    let mut git = Git::new(&source, into.path(), false);
    git.patience = Duration::ZERO;
    let error = git.check_out(Wanted::Newest).unwrap_err();
    assert!(matches!(error, GitError::Late { .. }), "{error}");
}

#[test]
fn a_commit_that_unfolds_to_too_much_is_refused() {
    let world = World::new();
    // Seven levels of directories that all hold the same ten: ten million files in eight objects.
    let mut object = world.git(&["hash-object", "-w", "a/main.pipe.hcl"]);
    let mut kind = "100644 blob";
    for _ in 0..7 {
        let lines: Vec<String> = (0..10)
            .map(|name| format!("{kind} {object}\t{name}\n"))
            .collect();
        write(&world.origin().join(".git/list"), &lines.concat());
        object = world.git(&["-c", "alias.mk=!git mktree <.git/list", "mk"]);
        kind = "040000 tree";
    }
    let commit = world.git(&["commit-tree", "-m", "x", &object]);
    world.git(&["tag", "bomb", &commit]);
    let reason = world.refused("ref=bomb");
    assert!(reason.contains("more than 500000 files"), "{reason}");
}

#[test]
fn the_lock_file_is_kept_to() {
    let world = World::new();
    let (root, branch) = (world.root("p"), world.source("ref=main"));
    let done = init(&root, plain(), std::slice::from_ref(&branch));
    let file = root.join(done.place()).join("a/main.pipe.hcl");
    assert_eq!(read(&file), "# one\n");
    assert_eq!(done.events.len(), 1);
    let locked = read(&root.join(LOCK_FILE));
    assert_eq!(installed(&root, &branch).unwrap(), done.place());

    // Nothing happens again, also when the branch moves on.
    world.commit("a/main.pipe.hcl", "# two\n");
    let done = init(&root, plain(), std::slice::from_ref(&branch));
    assert_eq!(done.events, []);
    // The same bytes come back on another machine.
    std::fs::remove_dir_all(root.join(".pipeform")).unwrap();
    assert!(
        installed(&root, &branch)
            .unwrap_err()
            .contains("has not been fetched for this directory")
    );
    init(&root, plain(), std::slice::from_ref(&branch));
    assert_eq!(read(&file), "# one\n");
    assert_eq!(read(&root.join(LOCK_FILE)), locked);
    // What was changed by hand is fetched again.
    write(&file, "# mine\n");
    let done = init(&root, plain(), std::slice::from_ref(&branch));
    assert!(matches!(
        done.events.as_slice(),
        [Event::Changed { .. }, Event::Downloading { .. }]
    ));
    assert_eq!(read(&file), "# one\n");

    let done = init(&root, upgrade(), std::slice::from_ref(&branch));
    assert!(matches!(
        done.events.as_slice(),
        [Event::Downloading { .. }, Event::Moved { .. }]
    ));
    assert_eq!(read(&file), "# two\n");
    assert_ne!(read(&root.join(LOCK_FILE)), locked);
}

#[test]
fn a_tag_that_was_moved_changes_nothing_until_an_upgrade() {
    let world = World::new();
    let (root, tag) = (world.root("p"), world.source("ref=v1"));
    init(&root, plain(), std::slice::from_ref(&tag));
    let locked = read(&root.join(LOCK_FILE));
    world.commit("a/main.pipe.hcl", "# moved\n");
    world.git(&["tag", "--force", "v1"]);
    std::fs::remove_dir_all(root.join(".pipeform")).unwrap();
    let done = init(&root, plain(), std::slice::from_ref(&tag));
    assert_eq!(
        read(&root.join(done.place()).join("a/main.pipe.hcl")),
        "# one\n"
    );
    assert_eq!(read(&root.join(LOCK_FILE)), locked);
}

#[test]
fn a_commit_that_is_gone_is_an_error() {
    let world = World::new();
    let (root, branch) = (world.root("p"), world.source("ref=main"));
    world.commit("a/main.pipe.hcl", "# two\n");
    init(&root, plain(), std::slice::from_ref(&branch));
    std::fs::remove_dir_all(root.join(".pipeform")).unwrap();
    world.git(&["reset", "--quiet", "--hard", "v1"]);
    world.git(&["reflog", "expire", "--expire=now", "--all"]);
    world.git(&["gc", "--quiet", "--prune=now"]);
    let done = init(&root, plain(), std::slice::from_ref(&branch));
    assert!(
        done.reason().contains("`pipeform init --upgrade`"),
        "{done:?}"
    );
    init(&root, upgrade(), std::slice::from_ref(&branch)).place();
}

#[test]
fn a_hash_that_does_not_match_is_refused() {
    let world = World::new();
    let (root, tag) = (world.root("p"), world.source("ref=v1"));
    init(&root, plain(), std::slice::from_ref(&tag));
    let lock = root.join(LOCK_FILE);
    let locked = read(&lock);
    let wrong = locked.replace("h1:", "h1:x");
    write(&lock, &wrong);
    let reason = installed(&root, &tag).unwrap_err();
    assert!(reason.contains("names another hash"), "{reason}");
    let done = init(&root, plain(), std::slice::from_ref(&tag));
    assert!(
        done.reason().contains("`pipeform init --upgrade`"),
        "{done:?}"
    );
    assert_eq!(read(&lock), wrong);
    let done = init(&root, upgrade(), std::slice::from_ref(&tag));
    assert!(
        matches!(done.events.as_slice(), [_, Event::Rehashed { .. }]),
        "{done:?}"
    );
    assert_eq!(read(&lock), locked);
}

#[test]
fn a_read_only_lock_file_is_not_changed() {
    let world = World::new();
    let (root, tag) = (world.root("p"), world.source("ref=v1"));
    let read_only = Options {
        read_only: true,
        ..Options::default()
    };
    let done = init(&root, read_only, std::slice::from_ref(&tag));
    assert!(done.reason().contains("`--lockfile=readonly`"), "{done:?}");
    assert!(!root.join(LOCK_FILE).exists());
    init(&root, plain(), std::slice::from_ref(&tag));
    std::fs::remove_dir_all(root.join(".pipeform")).unwrap();
    init(&root, read_only, std::slice::from_ref(&tag)).place();
}

#[test]
fn two_references_of_one_repository_are_two_checkouts() {
    let world = World::new();
    let root = world.root("p");
    world.commit("a/main.pipe.hcl", "# two\n");
    let both = [
        world.source("ref=v1"),
        world.source("ref=main"),
        world.source("ref=v1"),
    ];
    let done = init(&root, plain(), &both);
    let text = |place: &Result<String, String>| {
        read(&root.join(place.as_ref().unwrap()).join("a/main.pipe.hcl"))
    };
    let texts: Vec<String> = done.places.iter().map(text).collect();
    assert_eq!(texts, ["# one\n", "# two\n", "# one\n"]);
    assert_eq!(modules(&root).len(), 3);
    assert_eq!(read(&root.join(LOCK_FILE)).matches("\nmodule ").count(), 2);
    // One that is not used any more goes, from the lock file, too.
    init(&root, plain(), &both[..1]);
    assert_eq!(modules(&root).len(), 2);
    assert_eq!(read(&root.join(LOCK_FILE)).matches("\nmodule ").count(), 1);
}

#[test]
fn what_fails_leaves_nothing_half() {
    let world = World::new();
    let root = world.root("p");
    symlink("/etc", world.origin().join("out")).unwrap();
    world.commit_all();
    // What a killed `init` left behind.
    std::fs::create_dir_all(root.join(MODULES).join(".fetching-1/x")).unwrap();
    let done = init(&root, plain(), &[world.source("")]);
    assert!(
        done.reason()
            .contains("leads out of the repository, to `/etc`"),
        "{done:?}"
    );
    assert!(modules(&root).is_empty(), "{:?}", modules(&root));
    assert!(!root.join(LOCK_FILE).exists());
    // A checkout that the list does not name is rubbish.
    let done = init(&root, plain(), &[world.source("ref=v1")]);
    let file = root.join(done.place()).join("a/main.pipe.hcl");
    std::fs::remove_file(root.join(MODULES).join("modules.json")).unwrap();
    write(&file, "# half\n");
    assert!(installed(&root, &world.source("ref=v1")).is_err());
    init(&root, plain(), &[world.source("ref=v1")]);
    assert_eq!(read(&file), "# one\n");
}

#[test]
fn only_one_installs_at_a_time() {
    let world = World::new();
    let root = world.root("p");
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::new());
    let mut watch = |_| ();
    let mut first = Installer::new(&root, plain(), &mut watch, &mut sources, &mut diagnostics);
    let source = world.source("ref=v1");
    first
        .checkout(&source, "m", &mut sources, &mut diagnostics)
        .unwrap();
    let second = init(&root, plain(), std::slice::from_ref(&source));
    assert!(
        second.reason().contains("Another `pipeform init`"),
        "{second:?}"
    );
    first.finish().unwrap();
    init(&root, plain(), std::slice::from_ref(&source)).place();
}

#[test]
fn odd_names_of_files_do_no_harm() {
    let world = World::new();
    write(&world.origin().join("a/line\nbreak \u{1b}[31m"), "x");
    write(&world.origin().join("a/--option"), "x");
    let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"a/\xff");
    write(&world.origin().join(name), "x");
    world.commit_all();
    let root = world.root("p");
    let done = init(&root, plain(), &[world.source("")]);
    let directory = root.join(done.place());
    assert!(directory.join(name).exists());
    let hash = super::content::hash(&directory).unwrap();
    std::fs::rename(directory.join("a/--option"), directory.join("a/--optio")).unwrap();
    assert_ne!(super::content::hash(&directory).unwrap(), hash);
}
