//! Commands and scripts: what they see, what becomes of what they leave, and what is said when they fail.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use super::Fixture;
use super::LIMIT;
use crate::connect::files;
use crate::connect::formats::compression::Compression;
use crate::connect::place::Place;
use crate::exec;
use crate::exec::Check;
use crate::exec::Context;
use crate::exec::Held;
use crate::exec::Work;
use crate::exec::process;
use crate::exec::process::Ended;
use crate::exec::process::Invocation;
use crate::exec::process::Printed;
use crate::exec::shell_command::Program;
use crate::exec::staging::Left;

#[tokio::test]
async fn what_a_command_leaves_is_packed_as_its_data_node_says() {
    let f = Fixture::new(&[]);
    let packed = |name: &str| {
        Some(Left {
            place: Place::File(f.path(name)),
            compression: Some(Compression::Gzip),
            accumulates: false,
        })
    };
    let mut command = f.command(
        "echo a >\"$OUTPUT1_STAGING_DIR/a.csv\"; cd \"$OUTPUT2_STAGING_DIR\"; echo b >b.csv; echo c | gzip >c.csv.gz; echo d | gzip >\"$OUTPUT3_STAGING_DIR/d\"",
    );
    // What is packed already stays so, also where its name does not say it.
    command.staging.outputs = vec![packed("one"), packed("all/"), packed("d.gz")];
    exec::run(Work::Shell(command), f.ctx.clone())
        .await
        .unwrap();
    for (name, wanted) in [
        ("one", "a\n"),
        ("all/b.csv.gz", "b\n"),
        ("all/c.csv.gz", "c\n"),
        ("d.gz", "d\n"),
    ] {
        let mut found = String::new();
        let mut file = files::open(&f.path(name), Compression::Gzip).unwrap();
        file.read_to_string(&mut found).unwrap();
        assert_eq!(found, wanted, "{name}");
    }
}

#[tokio::test]
async fn what_a_command_leaves_that_is_no_file_is_named_in_the_log() {
    let f = Fixture::new(&[]);
    let mut command = f.command(
        "cd \"$OUTPUT1_STAGING_DIR\" && mkdir d && echo a >d/a && mkfifo d/pipe && ln -s d link && echo b >_SUCCESS",
    );
    command.staging.outputs = vec![Some(Left::from(Place::File(f.path("all/"))))];
    exec::run(Work::Shell(command), f.ctx.clone())
        .await
        .unwrap();
    let there = ["d/a", "d/pipe", "link"].map(|name| f.path("all").join(name).exists());
    assert_eq!(there, [true, false, false]);
    let log = f.log();
    for said in [
        "warning: `d/pipe` in `$OUTPUT1_STAGING_DIR` is a device, pipe or socket, and is not put away: only files are\n",
        "warning: `link` in `$OUTPUT1_STAGING_DIR` is a link to a directory, and is not put away: only files are\n",
        "`_SUCCESS` in `$OUTPUT1_STAGING_DIR` is not put away: in its place comes one that lists the files of the output\n",
    ] {
        assert!(log.contains(said), "{log}");
    }
}

#[tokio::test]
async fn what_commands_leave_in_each_interval_stays_where_it_accumulates() {
    let f = Fixture::new(&[]);
    for (day, name) in [("01", "a"), ("02", "b"), ("03", "c"), ("02", "d")] {
        let mut command = f.command(&format!("echo {day} >\"$OUTPUT1_STAGING_DIR/{name}\""));
        command.staging.outputs = vec![Some(Left {
            place: Place::File(f.path("all/")),
            compression: None,
            accumulates: true,
        })];
        let lineage = &f.ctx.attempt_id;
        let ctx = Context {
            attempt_id: format!("{lineage}:pipeline.p.activity.a@2026-11-{day}T00:00:00Z#1"),
            ..f.ctx.clone()
        };
        exec::run(Work::Shell(command), ctx).await.unwrap();
    }
    let left = ["_SUCCESS", "a", "b", "c", "d"].map(|name| f.path("all").join(name).is_file());
    assert_eq!(left, [true, true, false, true, true]);
    assert!(!f.path("log").exists(), "there is nothing to say");
}

#[tokio::test]
async fn what_a_command_does_with_its_inputs_leaves_the_data_as_it_was() {
    let f = Fixture::new(&[]);
    std::fs::create_dir(f.path("in")).unwrap();
    let write = |name: &str, mode: u32| {
        let mut file = std::fs::File::create(f.path(name)).unwrap();
        file.write_all(b"echo ran\n").unwrap();
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(f.path(name), mode).unwrap();
    };
    write("in/a", 0o755);
    write("in/b", 0o444);
    write("in.txt", 0o644);
    let mut command = f.command(
        "cd \"$INPUT1_STAGING_DIR\" && test -x a && sh ./a && echo more >>a && echo more >b && rm ../input2/in.txt",
    );
    let one = |path: PathBuf| Some(vec![(String::new(), Place::File(path))]);
    command.staging.inputs = vec![one(f.path("in/")), one(f.path("in.txt"))];
    exec::run(Work::Shell(command), f.ctx.clone())
        .await
        .unwrap();
    for name in ["in/a", "in/b"] {
        let found = std::fs::read_to_string(f.path(name)).unwrap();
        assert_eq!(found, "echo ran\n");
    }
    assert!(f.path("in.txt").is_file() && f.log().contains("ran"));
}

#[tokio::test]
async fn what_a_terminal_would_obey_is_written_out_in_errors() {
    let f = Fixture::new(&[]);
    let said = r"printf '\033[2Jgone\a\n\there' >&2; exit 3";
    let error = f.run(said).await.unwrap_err();
    assert!(error.ends_with("\\u{1b}[2Jgone\\u{7}\n\there"), "{error}");
    let check = Check::Shell(f.command(r"printf '\033[2Jgone' >&2; false"));
    let Held::NotYet(reason) = exec::check(check, f.ctx.clone(), LIMIT).await else {
        panic!("it is taken for something else");
    };
    assert!(reason.ends_with("\\u{1b}[2Jgone"), "{reason}");
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
async fn a_script_whose_program_is_not_found_says_why() {
    let f = Fixture::new(&[]);
    let run = async |text: &str| {
        let mut file = std::fs::File::create(f.path("script")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let mut command = f.command("");
        command.program = Program::Script(Place::File(f.path("script")));
        let result = exec::run(Work::Shell(command), f.ctx.clone()).await;
        result.map(drop).map_err(|error| error.to_string())
    };
    for (text, wanted) in [
        ("#!/bin/sh\r\ntrue\r\n", "end in CR LF"),
        ("#!/no/such/program -x\n", "`/no/such/program` runs it"),
    ] {
        let error = run(text).await.unwrap_err();
        assert!(
            error.contains(wanted) && error.contains("script`"),
            "{error}"
        );
    }
    assert_eq!(run("#!/bin/sh\ntrue\n").await, Ok(()));
    assert_eq!(run("true\n").await, Ok(()));
}
