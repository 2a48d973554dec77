//! Logs: what is in them, what is masked, and when there is none.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::Fixture;
use crate::connect::place::Place;
use crate::exec;
use crate::exec::Moved;
use crate::exec::Work;
use crate::exec::copy::transfer::Transfer;
use crate::exec::log;
use crate::exec::log::Log;

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

#[tokio::test]
async fn why_an_attempt_was_stopped_is_in_its_log() {
    let reason = "stopped after its `attempt_timeout` of 2s";
    let f = Fixture::new(&[]);
    let stop = async {
        f.pid("leader").await;
        f.ctx.cancel.time_out(reason);
    };
    let (result, ()) = tokio::join!(f.run("echo $$ > leader; sleep 600"), stop);
    assert_eq!(result.unwrap_err(), "cancelled");
    assert_eq!(f.log(), format!("error: {reason}\n"));
}

#[tokio::test]
async fn how_much_a_copy_has_moved_is_in_its_log() {
    let f = Fixture::new(&[]);
    std::fs::File::create(f.path("in"))
        .and_then(|mut file| file.write_all(b"a,b\n1,2\n"))
        .unwrap();
    let place = |name: &str| Place::File(f.path(name));
    let transfer = Transfer::new(vec![place("in")], place("out"));
    let work = Work::Transfer(transfer);
    let moved = exec::run(work, f.ctx.clone()).await.unwrap();
    let rows = None;
    assert_eq!(moved, Some(Moved { rows, bytes: 8 }));
    assert_eq!(f.log(), "copied 8 B\n");
}

#[test]
fn what_was_moved_is_told_in_rows_and_bytes() {
    for (rows, bytes, text) in [
        (None, 0, "0 B"),
        (Some(0), 0, "0 rows, 0 B"),
        (Some(1), 999, "1 row, 999 B"),
        (Some(1_500_000), 74_212_345, "1500000 rows, 74.2 MB"),
        (None, 1_000, "1.0 kB"),
        (None, 12_340_000_000, "12.34 GB"),
    ] {
        assert_eq!(Moved { rows, bytes }.to_string(), text);
    }
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
