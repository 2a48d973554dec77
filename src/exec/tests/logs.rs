//! Logs: what is in them, what is masked, and when there is none.

use std::collections::BTreeMap;

use super::Fixture;
use crate::exec;
use crate::exec::Work;
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
