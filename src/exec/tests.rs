//! Real processes: what they see, how they end, and that nothing of them is left.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

use super::process;
use super::process::Ended;
use super::process::Invocation;
use super::process::Printed;
use super::process::ProcessId;
use super::process::kill_marked;
use super::process::kill_orphan;
use super::shell_command::Program;
use super::shell_command::ShellCommand;
use super::staging::Left;
use crate::connect::files;
use crate::connect::formats::compression::Compression;
use crate::connect::place::Place;
use crate::exec;
use crate::exec::Activities;
use crate::exec::Cancel;
use crate::exec::Check;
use crate::exec::Context;
use crate::exec::Held;
use crate::exec::OnProcess;
use crate::exec::Progress;
use crate::exec::Sessions;
use crate::exec::Work;
use crate::exec::exists;
use crate::exec::log;
use crate::exec::log::Log;
use crate::exec::looking::Looking;

/// How long checks may take here.
const LIMIT: Duration = Duration::from_mins(1);

struct Fixture {
    dir: TempDir,
    ctx: Context,
    started: Arc<Mutex<Option<ProcessId>>>,
}

impl Fixture {
    fn new(secrets: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let secrets: Vec<String> = secrets.iter().map(|s| (*s).to_owned()).collect();
        let started = Arc::new(Mutex::new(None));
        let record = Arc::clone(&started);
        let ctx = Context {
            log: Log::at(&dir.path().join("log"), &secrets),
            cancel: Cancel::new(),
            progress: Progress::default(),
            aws: Sessions::default(),
            clusters: super::emr::Clusters::default(),
            looking: Looking::default(),
            webhooks: exec::webhook::Client::default(),
            staging: dir.path().join("staging"),
            archive: None,
            attempt_id: uuid::Uuid::new_v4().to_string(),
            activities: Activities::default(),
            on_process: OnProcess(Some(Arc::new(move |id: &ProcessId| {
                *record.lock().unwrap() = Some(id.clone());
            }))),
        };
        Self { dir, ctx, started }
    }

    fn command(&self, command: &str) -> Box<ShellCommand> {
        let path = ("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        Box::new(ShellCommand {
            program: Program::Command(command.to_owned()),
            inherited: [path].into(),
            working_dir: self.dir.path().to_owned(),
            ..ShellCommand::default()
        })
    }

    async fn run(&self, command: &str) -> Result<(), String> {
        let work = Work::Shell(self.command(command));
        let result = exec::run(work, self.ctx.clone()).await;
        result.map(drop).map_err(|error| error.to_string())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The pid that a command wrote into a file, as soon as it is there.
    async fn pid(&self, name: &str) -> u32 {
        loop {
            let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
            if let Some(pid) = text.strip_suffix('\n') {
                return pid.parse().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Runs a command, and cancels it when `files` hold the pids of its processes; gives the pids.
    async fn cancelled(&self, command: &str, files: &[&str]) -> Vec<u32> {
        let cancel = async {
            let mut pids = Vec::new();
            for file in files {
                pids.push(self.pid(file).await);
            }
            self.ctx.cancel.cancel();
            pids
        };
        let (result, pids) = tokio::join!(self.run(command), cancel);
        assert_eq!(result.unwrap_err(), "cancelled");
        pids
    }
}

fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        let state = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned());
        !state.is_some_and(|rest| rest.starts_with(['Z', 'X']))
    })
}

#[tokio::test]
async fn what_a_command_leaves_is_packed_as_its_data_node_says() {
    let f = Fixture::new(&[]);
    let packed = |name: &str| {
        Some(Left {
            place: Place::File(f.path(name)),
            compression: Some(Compression::Gzip),
        })
    };
    let mut command = f.command(
        "echo a >\"$OUTPUT1_STAGING_DIR/a.csv\"; cd \"$OUTPUT2_STAGING_DIR\"; echo b >b.csv; echo c | gzip >c.csv.gz",
    );
    command.staging.outputs = vec![packed("one"), packed("all/")];
    exec::run(Work::Shell(command), f.ctx.clone())
        .await
        .unwrap();
    for (name, wanted) in [
        ("one", "a\n"),
        ("all/b.csv.gz", "b\n"),
        ("all/c.csv.gz", "c\n"),
    ] {
        let mut found = String::new();
        let mut file = files::open(&f.path(name), Compression::Gzip).unwrap();
        file.read_to_string(&mut found).unwrap();
        assert_eq!(found, wanted, "{name}");
    }
}

#[tokio::test]
async fn a_command_sees_its_environment_and_nothing_else() {
    let f = Fixture::new(&[]);
    let mut command = f.command("env; echo \"args=$1,$2,$#\"; pwd");
    command.environment = BTreeMap::from([("GIVEN".to_owned(), "a b".to_owned())]);
    command.script_argument = vec!["one; two".to_owned(), "$HOME".to_owned()];
    exec::run(Work::Shell(command), f.ctx.clone())
        .await
        .unwrap();
    let log = f.log();
    let mut lines: Vec<&str> = log
        .lines()
        // What shells set for themselves.
        .filter(|line| {
            !["PWD=", "_=", "SHLVL=", "OLDPWD="]
                .iter()
                .any(|own| line.starts_with(own))
        })
        .collect();
    lines.sort_unstable();
    let marker = format!("PIPEFORM_ATTEMPT={}", f.ctx.attempt_id);
    let here = f.dir.path().canonicalize().unwrap().display().to_string();
    let mut expected = vec![
        "GIVEN=a b",
        "PATH=/usr/bin:/bin",
        &marker,
        "args=one; two,$HOME,2",
        &here,
    ];
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn the_error_has_the_exit_code_and_the_last_lines() {
    let f = Fixture::new(&[]);
    let error = f
        .run("echo out; for i in $(seq 20); do echo line $i >&2; done; exit 3")
        .await
        .unwrap_err();
    let tail: Vec<String> = (11..=20).map(|n| format!("line {n}")).collect();
    assert_eq!(
        error,
        format!(
            "the command exited with code 3; its last lines were:\n{}",
            tail.join("\n")
        )
    );
    assert!(f.log().contains("out\n") && f.log().contains("error: the command exited"));
    let f = Fixture::new(&[]);
    assert_eq!(
        f.run("kill -9 $$").await.unwrap_err(),
        "the command was ended by signal 9"
    );
    let mut command = f.command("true");
    command.working_dir = f.path("none");
    let error = exec::run(Work::Shell(command), f.ctx.clone()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("cannot start `/bin/sh` in `"), "{error}");
}

#[tokio::test]
async fn a_check_holds_or_not_yet() {
    let f = Fixture::new(&[]);
    let check = |command: &str| exec::check(Check::Shell(f.command(command)), f.ctx.clone(), LIMIT);
    assert_eq!(check("echo said").await, Held::Held);
    let not_yet = Held::NotYet("the command exited with code 1".to_owned());
    assert_eq!(check("false").await, not_yet);
    let why = Held::NotYet("the command exited with code 4: no such host".to_owned());
    assert_eq!(
        check("echo trying >&2; echo no such host >&2; exit 4").await,
        why
    );
    let exists = |name: &str| {
        let exists = exists::Exists::File(f.path(name));
        exec::check(Check::Exists(exists), f.ctx.clone(), LIMIT)
    };
    assert_eq!(exists("log").await, Held::Held);
    assert!(matches!(exists("none").await, Held::NotYet(_)));
    assert!(matches!(exists("log/none").await, Held::NotYet(_)));
}

#[tokio::test]
async fn a_check_that_takes_too_long_is_stopped() {
    let f = Fixture::new(&[]);
    let command = f.command("echo $$ > leader; exec sleep 600");
    let limit = Duration::from_secs(1);
    let held = exec::check(Check::Shell(command), f.ctx.clone(), limit).await;
    let reason = "the command took longer than 1 seconds, and was stopped".to_owned();
    assert_eq!(held, Held::Error(reason));
    assert!(!alive(f.pid("leader").await));
    let command = f.command("echo $$ > second; exec sleep 600");
    let ctx = f.ctx.clone();
    let check = exec::check(Check::Shell(command), ctx, LIMIT);
    let cancel = async {
        let second = f.pid("second").await;
        f.ctx.cancel.cancel();
        second
    };
    let (held, second) = tokio::join!(check, cancel);
    assert_eq!(held, Held::Error("cancelled".to_owned()));
    assert!(!alive(second));
}

#[tokio::test]
async fn checks_by_commands_run_some_at_a_time() {
    let f = Fixture::new(&[]);
    let command = "mkdir running-$$; ls -d running-* | wc -l >> seen; sleep 0.05; rmdir running-$$";
    let mut checks = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let check = Check::Shell(f.command(command));
        // What has the same mark goes together.
        let ctx = Context {
            attempt_id: uuid::Uuid::new_v4().to_string(),
            ..f.ctx.clone()
        };
        checks.spawn(exec::check(check, ctx, LIMIT));
    }
    while let Some(held) = checks.join_next().await {
        assert_eq!(held.unwrap(), Held::Held);
    }
    let seen = std::fs::read_to_string(f.path("seen")).unwrap();
    let seen: Vec<u32> = seen.lines().map(|n| n.trim().parse().unwrap()).collect();
    assert_eq!(seen.len(), 60);
    assert!(seen.iter().all(|at_once| *at_once <= 16), "{seen:?}");
}

#[tokio::test]
async fn cancelling_ends_the_whole_tree() {
    let f = Fixture::new(&[]);
    let command = "(sh -c 'echo $$ > grandchild; sleep 600' &); \
        setsid sh -c 'echo $$ > escaped; sleep 600' & \
        env -i sh -c 'echo $$ > unmarked; sleep 600' & \
        echo $$ > leader; wait";
    let files = ["leader", "grandchild", "escaped", "unmarked"];
    for pid in f.cancelled(command, &files).await {
        assert!(!alive(pid));
    }
}

#[tokio::test]
async fn term_comes_first_and_kill_after_the_grace() {
    let f = Fixture::new(&[]);
    // The shell ends at TERM at once; what it started still gets the time to clean up.
    let command = "sh -c 'trap \"sleep 0.3; echo cleaned; exit\" TERM; echo $$ > polite; \
        while :; do sleep 0.05; done' & wait";
    f.cancelled(command, &["polite"]).await;
    assert!(f.log().contains("cleaned"), "{}", f.log());
    let f = Fixture::new(&[]);
    let command = "trap '' TERM; echo $$ > stubborn; while :; do sleep 0.05; done";
    let pids = f.cancelled(command, &["stubborn"]).await;
    assert!(!alive(pids[0]));
}

#[tokio::test]
async fn what_a_command_leaves_behind_ends_with_it() {
    let f = Fixture::new(&[]);
    let command = "(echo $BASHPID; exec sleep 600) >/dev/null & echo $! > left; \
        env -i setsid --fork sleep 0 & exec 3>&1; env -i sleep 600 & echo $! > unmarked";
    f.run(command).await.unwrap();
    assert!(!alive(f.pid("left").await));
    assert!(!alive(f.pid("unmarked").await));
}

#[tokio::test]
async fn orphans_of_a_killed_runner_are_found() {
    let f = Fixture::new(&[]);
    let command = "setsid sh -c 'echo $$ > escaped; sleep 600' & echo $$ > leader; wait";
    let ctx = f.ctx.clone();
    let work = Work::Shell(f.command(command));
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { exec::run(work, ctx).await });
    let (leader, escaped) = (f.pid("leader").await, f.pid("escaped").await);
    let id = f.started.lock().unwrap().clone().unwrap();
    assert_eq!(id.pid, leader);
    let other = ProcessId {
        attempt_id: "another".to_owned(),
        start_time: id.start_time.map(|start| start + 1),
        ..id.clone()
    };
    let unknown = ProcessId {
        pid: 0,
        start_time: None,
        attempt_id: "another".to_owned(),
    };
    assert_eq!(
        kill_orphan(&other) + kill_orphan(&unknown),
        0,
        "a reused pid is left alone"
    );
    assert!(alive(leader) && alive(escaped));
    assert!(kill_orphan(&id) >= 2);
    tasks.join_next().await.unwrap().unwrap().unwrap_err();
    while alive(escaped) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn orphans_are_found_by_their_mark_alone() {
    let f = Fixture::new(&[]);
    let ctx = f.ctx.clone();
    let work = Work::Shell(f.command("echo $$ > leader; exec sleep 600"));
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { exec::run(work, ctx).await });
    f.pid("leader").await;
    let unrecorded = ProcessId {
        pid: 0,
        start_time: None,
        attempt_id: f.ctx.attempt_id.clone(),
    };
    assert_eq!(kill_orphan(&unrecorded), 1);
    tasks.join_next().await.unwrap().unwrap().unwrap_err();
}

#[tokio::test]
async fn orphans_are_found_by_marks_like_this() {
    let f = Fixture::new(&[]);
    let mut tasks = tokio::task::JoinSet::new();
    for (name, end) in [
        ("check", "#0"),
        ("action", "#0:action.x"),
        ("attempt", "#1"),
    ] {
        let command = f.command(&format!("echo $$ > {name}; exec sleep 600"));
        let attempt_id = format!("{}{end}", f.ctx.attempt_id);
        let ctx = Context {
            attempt_id,
            ..f.ctx.clone()
        };
        tasks.spawn(async move { exec::run(Work::Shell(command), ctx).await });
    }
    let (check, action) = (f.pid("check").await, f.pid("action").await);
    let attempt = f.pid("attempt").await;
    let own = format!("{}#0", f.ctx.attempt_id);
    assert_eq!(kill_marked(|mark| mark.starts_with(&own)), 2);
    while alive(check) || alive(action) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(alive(attempt));
    f.ctx.cancel.cancel();
    while tasks.join_next().await.is_some() {}
}

#[tokio::test]
async fn secrets_are_masked_in_log_and_error() {
    let f = Fixture::new(&["s3cret", "three\nlines"]);
    let error = f
        .run("echo 's3cret out'; printf 'three\\nlines\\n'; echo 'bad s3cret' >&2; exit 1")
        .await
        .unwrap_err();
    assert!(error.ends_with("bad (sensitive)"), "{error}");
    let log = f.log();
    assert!(!log.contains("s3cret") && !log.contains("three"), "{log}");
    // A line without an end is cut: not within a secret, wherever it stands.
    let f = Fixture::new(&["s3cret", "a-longer-one"]);
    f.run("for i in $(seq 30000); do printf 's3cret.'; printf 'a-longer-one'; done")
        .await
        .unwrap();
    let log = f.log().replace("(sensitive)", "");
    assert_eq!(log, ".".repeat(30_000));
}

#[test]
fn of_a_secret_of_several_lines_short_ones_are_no_secrets() {
    let f = Fixture::new(&["{\n  \"a\": \"hush\"\n}\n"]);
    let masked = |text: &str| f.ctx.log.mask(text);
    assert_eq!(masked("{ \"b\": {} }"), "{ \"b\": {} }");
    assert_eq!(masked("  \"a\": \"hush\""), "(sensitive)");
    assert_eq!(masked("x{\n  \"a\": \"hush\"\n}\n"), "x(sensitive)");
    // One line that is short is the secret itself.
    let f = Fixture::new(&["ab\n"]);
    assert_eq!(f.ctx.log.mask("ab"), "(sensitive)");
}

#[tokio::test]
async fn secrets_are_masked_as_other_programs_write_them() {
    let f = Fixture::new(&["it's s3cret\u{e9}"]);
    let mut command = f.command(
        r#"printf %s "$S" | base64
           printf 'u:%s' "$S" | base64
           printf 'me:%s:you' "$S" | base64
           echo "it'\''s s3creté it%27s%20s3cret%C3%A9""#,
    );
    command.environment = BTreeMap::from([("S".to_owned(), "it's s3cret\u{e9}".to_owned())]);
    exec::run(Work::Shell(command), f.ctx.clone())
        .await
        .unwrap();
    let log = f.log();
    assert_eq!(log.matches("(sensitive)").count(), 5, "{log}");
    assert!(
        log.lines()
            .all(|line| line.replace("(sensitive)", "").len() < 12),
        "{log}"
    );
    // A short secret is masked as it is; its base64 would be found in other text.
    let f = Fixture::new(&["ab"]);
    f.run("echo ab; printf ab | base64").await.unwrap();
    assert_eq!(f.log(), "(sensitive)\nYWI=\n");
}

#[tokio::test]
async fn a_script_that_is_still_open_elsewhere_is_started_when_it_is_not() {
    let f = Fixture::new(&[]);
    let mut file = std::fs::File::create(f.path("script")).unwrap();
    file.write_all(b"#!/bin/sh\necho ran\n").unwrap();
    let mode = std::fs::Permissions::from_mode(0o700);
    file.set_permissions(mode).unwrap();
    let invocation = Invocation {
        words: vec![f.path("script").display().to_string()],
        working_dir: f.dir.path().to_owned(),
        ..Invocation::default()
    };
    let closed = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(file);
    };
    let run = process::run(&invocation, Printed::default(), &f.ctx);
    let (ended, ()) = tokio::join!(run, closed);
    assert_eq!(ended.unwrap(), Ended::Success);
    assert_eq!(f.log(), "ran\n");
}

#[tokio::test]
async fn a_command_that_says_nothing_has_no_log() {
    let f = Fixture::new(&[]);
    assert_eq!(f.run("true").await, Ok(()));
    assert!(!f.path("log").exists());
    assert_eq!(f.run("echo said").await, Ok(()));
    assert_eq!(f.log(), "said\n");
}

#[test]
fn a_log_that_cannot_be_made_fails_nothing_and_says_so() {
    let f = Fixture::new(&[]);
    let file = Log::at(&f.path("log"), &[]);
    file.line("said");
    assert_eq!(file.problem(), None);
    let log = Log::at(&f.path("log/below-a-file"), &[]);
    assert_eq!(log.problem(), None);
    log.line("lost");
    let problem = log.problem().unwrap();
    assert!(
        problem.contains("below-a-file` cannot be opened"),
        "{problem}"
    );
}

#[test]
fn a_log_has_a_cap() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(log::CAP - 20).unwrap();
    let log = Log::at(&path, &[]);
    log.line("fits");
    for _ in 0..3 {
        log.line("this line does not fit any more");
    }
    let text = std::fs::read(&path).unwrap();
    let end =
        String::from_utf8_lossy(&text[usize::try_from(log::CAP).unwrap() - 20..]).into_owned();
    assert_eq!(
        end,
        "fits\n[the log is full; the rest of the output is left out]\n"
    );
}
