//! How processes end, and that nothing of them is left.

use std::time::Duration;

use super::Fixture;
use super::alive;
use crate::exec;
use crate::exec::Context;
use crate::exec::Work;
use crate::exec::process::ProcessId;
use crate::exec::process::kill_marked;
use crate::exec::process::kill_orphan;

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
