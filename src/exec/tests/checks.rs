//! Checks: what holds, for how long it is looked, and how many commands look at once.

use std::time::Duration;

use super::Fixture;
use super::LIMIT;
use super::alive;
use crate::exec;
use crate::exec::Check;
use crate::exec::Context;
use crate::exec::Held;
use crate::exec::exists;

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
