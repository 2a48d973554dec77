//! Directories as ends: whose files are removed, what the lists say, and what is as it was when a copy fails.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::super::transfer::Transfer;
use super::*;

/// What a directory has, name by name.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

struct Copies {
    f: Fixture,
    runtime: Runtime,
}

impl Copies {
    fn new() -> Self {
        Self {
            f: Fixture::new(),
            runtime: Runtime::new().unwrap(),
        }
    }

    fn directory(&self, name: &str) -> Place {
        Place::File(self.f.path(&format!("{name}/")))
    }

    /// What an activity of a state works with, where only `there` are activities.
    fn by(&self, activity: &str, there: &'static [&'static str]) -> Context {
        Context {
            attempt_id: format!("state:{activity}@2026-11-01T00:00:00Z#1"),
            activities: Activities(Some(Arc::new(|address| there.contains(&address)))),
            ..self.f.ctx.clone()
        }
    }

    /// What it works with in the interval of a day.
    fn on(&self, day: &str) -> Context {
        let activity = "pipeline.p.activity.x";
        Context {
            attempt_id: format!("state:{activity}@2026-11-{day}T00:00:00Z#1"),
            ..self.by(
                activity,
                &["pipeline.p.activity.x", "pipeline.p.activity.y"],
            )
        }
    }

    /// Copies directories byte by byte.
    fn bytes(&self, ctx: &Context, from: &str, to: &str) -> Result<(), String> {
        let transfer = Transfer::new(vec![self.directory(from)], self.directory(to));
        let copied = self.runtime.block_on(transfer::run(&transfer, ctx));
        copied.map(drop).map_err(|error| error.to_string())
    }

    /// Adds the files of a directory to another.
    fn adds(&self, ctx: &Context, from: &str, to: &str) -> Result<(), String> {
        let transfer = Transfer {
            accumulates: true,
            ..Transfer::new(vec![self.directory(from)], self.directory(to))
        };
        let copied = self.runtime.block_on(transfer::run(&transfer, ctx));
        copied.map(drop).map_err(|error| error.to_string())
    }

    /// Copies the csv files of a directory into JSON lines of another.
    fn records(&self, ctx: &Context, from: &str, to: &str) -> Result<(), String> {
        self.records_into(ctx, from, (to, false))
    }

    fn records_into(
        &self,
        ctx: &Context,
        from: &str,
        (to, accumulates): (&str, bool),
    ) -> Result<(), String> {
        let end = |place, format| FilesEnd {
            place,
            format: Some(format),
            compression: None,
            accumulates,
        };
        let columns = vec![Column::parse("a INT").unwrap()];
        let csv = Format::Delimited(csv::csv(columns.clone(), false, None));
        let json = Format::JsonLines(crate::connect::formats::json_lines::JsonLines { columns });
        let copy = Copy {
            inputs: vec![Input::Files(end(self.directory(from), csv))],
            output: Output::Files(end(self.directory(to), json)),
            on_row_error: OnRowError::Fail,
        };
        let ctx = ctx.clone();
        let work = self
            .runtime
            .handle()
            .spawn_blocking(move || run(&copy, &ctx));
        let copied = self.runtime.block_on(work).unwrap();
        copied.map(drop).map_err(|error| error.to_string())
    }

    fn success(&self, name: &str) -> String {
        fs::read_to_string(self.f.path(name).join("_SUCCESS")).unwrap()
    }
}

#[test]
fn two_activities_write_one_directory_and_each_removes_its_own_files_only() {
    let c = Copies::new();
    let both = &["pipeline.p.activity.x", "pipeline.p.activity.y"];
    let (x, y) = (c.by(both[0], both), c.by(both[1], both));
    c.f.given("a/one", b"1");
    c.f.given("a/old", b"2");
    c.f.given("b/two", b"3");
    c.bytes(&x, "a", "out").unwrap();
    c.bytes(&y, "b", "out").unwrap();
    assert_eq!(names(&c.f.path("out")), ["_SUCCESS", "old", "one", "two"]);
    for name in ["one", "old", "two"] {
        assert!(c.success("out").contains(&format!("{name:?}")));
    }
    fs::remove_file(c.f.path("a/old")).unwrap();
    c.bytes(&x, "a", "out").unwrap();
    assert_eq!(names(&c.f.path("out")), ["_SUCCESS", "one", "two"]);
    assert!(c.success("out").contains("\"two\"") && !c.success("out").contains("\"old\""));
    c.f.given("b/one", b"another");
    let error = c.bytes(&y, "b", "out").unwrap_err();
    assert!(
        error.contains("what `pipeline.p.activity.x` has written"),
        "{error}"
    );
    assert_eq!(fs::read(c.f.path("out/one")).unwrap(), b"1");
}

#[test]
fn what_an_activity_wrote_that_is_no_more_stays_and_is_taken_over_by_name() {
    let c = Copies::new();
    let (was, is) = (
        c.by("pipeline.p.activity.was", &[]),
        c.by("pipeline.p.activity.is", &["pipeline.p.activity.is"]),
    );
    c.f.given("a/old", b"1");
    c.f.given("a/same", b"1");
    c.f.given("b/new", b"2");
    c.f.given("b/same", b"2");
    c.bytes(&was, "a", "out").unwrap();
    for _ in 0..2 {
        c.bytes(&is, "b", "out").unwrap();
        let there = names(&c.f.path("out"));
        assert_eq!(there, ["_SUCCESS", "new", "old", "same"]);
        assert_eq!(fs::read(c.f.path("out/same")).unwrap(), b"2");
        let list = c.success("out");
        assert_eq!(list.matches("activity.was").count(), 1, "{list}");
        assert_eq!(list.matches("\"same\"").count(), 1, "{list}");
    }
    fs::remove_file(c.f.path("b/same")).unwrap();
    c.bytes(&is, "b", "out").unwrap();
    assert_eq!(names(&c.f.path("out")), ["_SUCCESS", "new", "old"]);
}

#[test]
fn where_it_is_not_known_which_activities_there_are_files_are_those_of_another() {
    let c = Copies::new();
    let unknown = |activity: &str| Context {
        activities: Activities::default(),
        ..c.by(activity, &[])
    };
    c.f.given("a/one", b"1");
    c.f.given("b/one", b"2");
    c.bytes(&unknown("pipeline.p.activity.x"), "a", "out")
        .unwrap();
    let y = unknown("pipeline.p.activity.y");
    let error = c.bytes(&y, "b", "out").unwrap_err();
    assert!(
        error.contains("what `pipeline.p.activity.x` has written"),
        "{error}"
    );
    fs::rename(c.f.path("b/one"), c.f.path("b/two")).unwrap();
    c.bytes(&y, "b", "out").unwrap();
    assert_eq!(names(&c.f.path("out")), ["_SUCCESS", "one", "two"]);
}

#[test]
fn the_last_of_those_who_write_one_directory_completes_it() {
    let c = Copies::new();
    let both = &["pipeline.p.activity.x", "pipeline.p.activity.y"];
    let (x, y) = (c.by(both[0], both), c.by(both[1], both));
    c.f.given("a/one", b"1");
    c.f.given("b/two", b"2");
    // The other has begun, and may have been killed since.
    let begun = r#"{"entries": [{"url": "two", "mandatory": false, "meta": {"content_length": 1, "writer": "state:pipeline.p.activity.y"}}]}"#;
    c.f.given("out/_INCOMPLETE", begun.as_bytes());
    for _ in 0..2 {
        c.bytes(&x, "a", "out").unwrap();
        assert_eq!(names(&c.f.path("out")), ["_INCOMPLETE", "one"]);
        let list = fs::read_to_string(c.f.path("out/_INCOMPLETE")).unwrap();
        assert!(
            list.contains(r#"{"url": "one", "mandatory": true"#),
            "{list}"
        );
        assert!(
            list.contains(r#"{"url": "two", "mandatory": false"#),
            "{list}"
        );
    }
    c.bytes(&y, "b", "out").unwrap();
    assert_eq!(names(&c.f.path("out")), ["_SUCCESS", "one", "two"]);
    for name in ["one", "two"] {
        assert!(c.success("out").contains(&format!("{name:?}")));
    }

    // One that is no more never gets to its end, and is not awaited.
    c.f.given("other/_INCOMPLETE", begun.as_bytes());
    c.bytes(&c.by(both[0], &["pipeline.p.activity.x"]), "a", "other")
        .unwrap();
    let there = names(&c.f.path("other"));
    assert_eq!(there, ["_INCOMPLETE", "_SUCCESS", "one"]);
    let left = fs::read_to_string(c.f.path("other/_INCOMPLETE")).unwrap();
    assert!(left.contains("two") && !left.contains("one"), "{left}");
}

#[test]
fn each_interval_adds_its_files_and_removes_its_own_only() {
    let c = Copies::new();
    for day in ["01", "02", "03"] {
        c.f.given(&format!("{day}/{day}.csv"), day.as_bytes());
    }
    c.f.given("02/more.csv", b"2");
    for day in ["01", "02", "03"] {
        c.adds(&c.on(day), day, "out").unwrap();
    }
    let all = ["01.csv", "02.csv", "03.csv", "_SUCCESS", "more.csv"];
    assert_eq!(names(&c.f.path("out")), all);
    // Again: what the day does not write any more goes.
    fs::remove_file(c.f.path("02/more.csv")).unwrap();
    fs::rename(c.f.path("02/02.csv"), c.f.path("02/2.csv")).unwrap();
    c.adds(&c.on("02"), "02", "out").unwrap();
    let there = names(&c.f.path("out"));
    assert_eq!(there, ["01.csv", "03.csv", "2.csv", "_SUCCESS"]);
    let list = c.success("out");
    assert_eq!(list.matches("\"url\"").count(), 3, "{list}");
    for day in ["01", "02", "03"] {
        assert!(list.contains(&format!("activity.x@2026-11-{day}T00:00:00Z")));
    }
    // What is overwritten is all that the activity has written.
    c.bytes(&c.on("03"), "01", "out").unwrap();
    assert_eq!(names(&c.f.path("out")), ["01.csv", "_SUCCESS"]);
}

#[test]
fn a_file_of_the_same_name_is_that_of_the_last_interval() {
    let c = Copies::new();
    c.f.given("a/one", b"1");
    c.f.given("b/one", b"22");
    // Written before files were added.
    c.bytes(&c.on("01"), "a", "out").unwrap();
    for (day, from) in [("02", "a"), ("03", "b")] {
        c.adds(&c.on(day), from, "out").unwrap();
    }
    assert_eq!(fs::read(c.f.path("out/one")).unwrap(), b"22");
    let list = c.success("out");
    assert_eq!(list.matches("\"one\"").count(), 1, "{list}");
    assert!(list.contains("\"content_length\": 2") && list.contains("@2026-11-03T"));
    // It is not removed by the interval that had it before.
    c.f.given("c/two", b"3");
    c.adds(&c.on("02"), "c", "out").unwrap();
    assert_eq!(names(&c.f.path("out")), ["_SUCCESS", "one", "two"]);
    // Another activity's is not taken over.
    let y = c.by("pipeline.p.activity.y", &["pipeline.p.activity.x"]);
    let error = c.adds(&y, "a", "out").unwrap_err();
    assert!(
        error.contains("what `pipeline.p.activity.x` has written"),
        "{error}"
    );
}

#[test]
fn no_interval_waits_for_another_and_none_is_lost() {
    let c = Copies::new();
    c.f.given("a/one", b"1");
    c.f.given("b/two", b"2");
    c.adds(&c.on("01"), "a", "out").unwrap();
    // The third has begun, and may have been killed since.
    let begun = r#"{"entries": [
        {"url": "one", "mandatory": true, "meta": {"content_length": 1, "writer": "state:pipeline.p.activity.x@2026-11-01T00:00:00Z"}},
        {"url": "three", "mandatory": false, "meta": {"content_length": 1, "writer": "state:pipeline.p.activity.x@2026-11-03T00:00:00Z"}}]}"#;
    c.f.given("out/_INCOMPLETE", begun.as_bytes());
    c.adds(&c.on("02"), "b", "out").unwrap();
    assert_eq!(
        names(&c.f.path("out")),
        ["_INCOMPLETE", "_SUCCESS", "one", "two"]
    );
    let list = c.success("out");
    assert!(list.contains("\"one\"") && list.contains("\"two\"") && !list.contains("three"));
    let left = fs::read_to_string(c.f.path("out/_INCOMPLETE")).unwrap();
    assert!(left.contains("three") && !left.contains("one"), "{left}");
    // Another activity does not wait for it, either.
    c.f.given("d/four", b"4");
    let y = c.by(
        "pipeline.p.activity.y",
        &["pipeline.p.activity.x", "pipeline.p.activity.y"],
    );
    c.bytes(&y, "d", "out").unwrap();
    c.f.given("c/three", b"3");
    c.adds(&c.on("03"), "c", "out").unwrap();
    let all = ["_SUCCESS", "four", "one", "three", "two"];
    assert_eq!(names(&c.f.path("out")), all);
    assert_eq!(c.success("out").matches("\"url\"").count(), 4);
}

#[test]
fn many_intervals_at_once_are_all_listed() {
    const DAYS: usize = 12;
    let c = Copies::new();
    let mut under_way = Vec::new();
    for number in 1..=DAYS {
        let day = format!("{number:02}");
        c.f.given(&format!("{day}/{day}.csv"), day.as_bytes());
        c.f.given(&format!("{day}/same.csv"), "x".repeat(number).as_bytes());
        let transfer = Transfer {
            accumulates: true,
            ..Transfer::new(vec![c.directory(&day)], c.directory("out"))
        };
        let ctx = c.on(&day);
        let copy = async move { transfer::run(&transfer, &ctx).await.map(drop) };
        under_way.push(c.runtime.spawn(copy));
    }
    for copy in under_way {
        c.runtime.block_on(copy).unwrap().unwrap();
    }
    let all = names(&c.f.path("out"));
    assert_eq!(all.len(), DAYS + 2, "{all:?}");
    let list = c.success("out");
    assert_eq!(list.matches("\"url\"").count(), DAYS + 1, "{list}");
    let size = fs::metadata(c.f.path("out/same.csv")).unwrap().len();
    let listed =
        format!("\"same.csv\", \"mandatory\": true, \"meta\": {{\"content_length\": {size},");
    assert!(list.contains(&listed), "{size}: {list}");
    // It can be read.
    c.bytes(&c.by("pipeline.p.activity.y", &[]), "out", "all")
        .unwrap();
}

#[test]
fn records_of_each_interval_have_a_file_of_their_own() {
    let c = Copies::new();
    c.f.given("d/x.csv", b"1\n");
    for day in ["01", "02", "02"] {
        c.records_into(&c.on(day), "d", ("out", true)).unwrap();
    }
    let part = |day: &str| format!("part-2026-11-{day}T00-00-00Z.jsonl");
    let all = ["_SUCCESS".to_owned(), part("01"), part("02")];
    assert_eq!(names(&c.f.path("out")), all);
    assert_eq!(c.success("out").matches("\"url\"").count(), 2);
}

#[test]
fn files_that_others_have_listed_stay() {
    let c = Copies::new();
    c.f.given("a/new", b"1");
    c.f.given("out/theirs", b"2");
    c.f.given("out/_SUCCESS", br#"{"entries": [{"url": "theirs"}]}"#);
    c.bytes(&c.by("pipeline.p.activity.x", &[]), "a", "out")
        .unwrap();
    assert_eq!(names(&c.f.path("out")), ["_SUCCESS", "new", "theirs"]);
    assert!(!c.success("out").contains("theirs"));
}

#[test]
fn what_is_read_is_not_written() {
    let c = Copies::new();
    let ctx = c.by("pipeline.p.activity.x", &[]);
    c.f.given("d/x.csv", b"1\n");
    c.f.given("d/_SUCCESS", br#"{"entries": [{"url": "x.csv"}]}"#);
    for (from, to) in [("d", "d"), ("d", "d/below"), ("d", "d/../d")] {
        for error in [c.records(&ctx, from, to), c.bytes(&ctx, from, to)] {
            let error = error.unwrap_err();
            assert!(error.contains("a place of its own"), "{error}");
        }
    }
    assert_eq!(names(&c.f.path("d")), ["_SUCCESS", "x.csv"]);
}

#[test]
fn a_list_that_is_cut_off_or_leads_elsewhere_is_an_error() {
    let c = Copies::new();
    let ctx = c.by("pipeline.p.activity.x", &[]);
    c.f.given("d/x.csv", b"1\n");
    for (list, why) in [
        (r#"{"entries": [{"url": "x.csv"},"#, "cut off or damaged"),
        (
            r#"{"entries": [{"url": "/etc/hostname"}]}"#,
            "does not lie below it",
        ),
        (
            r#"{"entries": [{"url": "../log/attempt.log"}]}"#,
            "does not lie below it",
        ),
    ] {
        c.f.given("d/_SUCCESS", list.as_bytes());
        let error = c.records(&ctx, "d", "out").unwrap_err();
        assert!(error.contains(why), "{error}");
        assert!(!c.f.path("out").exists() || names(&c.f.path("out")).is_empty());
    }
}

#[test]
fn what_is_no_data_by_its_name_is_not_read_as_records() {
    let c = Copies::new();
    let ctx = c.by("pipeline.p.activity.x", &[]);
    c.f.given("d/x.csv", b"1\n");
    c.f.given("d/_temporary/y.csv", b"2\n");
    c.f.given("d/.x.csv.crc", b"crc");
    c.records(&ctx, "d", "out").unwrap();
    let text = fs::read_to_string(c.f.path("out/part-00000.jsonl")).unwrap();
    assert_eq!(text, "{\"a\":1}\n");
    // As bytes, all are copied.
    c.bytes(&ctx, "d", "all").unwrap();
    assert!(c.f.path("all/_temporary/y.csv").is_file());
}

#[test]
fn records_that_fail_leave_the_directory_complete_as_it_was() {
    let c = Copies::new();
    let ctx = c.by("pipeline.p.activity.x", &[]);
    c.f.given("d/x.csv", b"1\n");
    c.records(&ctx, "d", "out").unwrap();
    let was = c.success("out");
    assert_eq!(names(&c.f.path("out")), ["_SUCCESS", "part-00000.jsonl"]);
    c.f.given("d/x.csv", b"1\nno number\n");
    c.records(&ctx, "d", "out").unwrap_err();
    assert_eq!(c.success("out"), was);
    assert_eq!(names(&c.f.path("out")), ["_SUCCESS", "part-00000.jsonl"]);
    let text = fs::read_to_string(c.f.path("out/part-00000.jsonl")).unwrap();
    assert_eq!(text, "{\"a\":1}\n");
}

#[test]
fn what_an_earlier_run_has_written_is_not_in_the_way() {
    let c = Copies::new();
    let ctx = c.by("pipeline.p.activity.x", &[]);
    let anew = |files: &[&str]| {
        drop(fs::remove_dir_all(c.f.path("in")));
        for file in files {
            c.f.given(&format!("in/{file}"), file.as_bytes());
        }
    };
    anew(&["a", "b/c/d", "b/e"]);
    c.bytes(&ctx, "in", "out").unwrap();
    anew(&["a/b", "b"]);
    c.bytes(&ctx, "in", "out").unwrap();
    assert_eq!(names(&c.f.path("out")), ["_SUCCESS", "a", "b"]);
    assert_eq!(fs::read(c.f.path("out/a/b")).unwrap(), b"a/b");
    assert_eq!(fs::read(c.f.path("out/b")).unwrap(), b"b");

    // What others have put there is, and is said before anything is changed.
    let was = c.success("out");
    c.f.given("out/a/theirs", b"1");
    anew(&["a"]);
    let error = c.bytes(&ctx, "in", "out").unwrap_err();
    assert!(
        error.contains("there is a directory of that name with `a/theirs`"),
        "{error}"
    );
    c.f.given("out/t", b"1");
    anew(&["t/x"]);
    let error = c.bytes(&ctx, "in", "out").unwrap_err();
    assert!(
        error.contains("out/t` is a file that this activity has not written"),
        "{error}"
    );
    fs::create_dir(c.f.path("out/empty")).unwrap();
    assert_eq!(
        (c.success("out"), names(&c.f.path("out/a"))),
        (was, vec!["b".into(), "theirs".into()])
    );
    anew(&["empty"]);
    let error = c.bytes(&ctx, "in", "out").unwrap_err();
    assert!(
        error.contains("there is a directory of that name; remove it"),
        "{error}"
    );
    anew(&["x"]);
    let error = c.bytes(&ctx, "in", "out/t").unwrap_err();
    assert!(error.contains("cannot be a directory"), "{error}");
}

#[test]
fn the_files_of_an_input_are_gone_through_as_often_as_is_asked() {
    let c = Copies::new();
    for name in ["in/b", "in/a", "in/c/d", "one"] {
        c.f.given(name, name.as_bytes());
    }
    let below = FilesEnd {
        place: c.directory("in"),
        format: None,
        compression: None,
        accumulates: false,
    };
    let copy = Copy {
        inputs: vec![Input::Files(below), Input::File(c.f.file("one", None))],
        output: Output::File(c.f.file("out", None)),
        on_row_error: OnRowError::Fail,
    };
    let _inside = c.runtime.enter();
    let expanded = expanded(&copy, &c.f.ctx).unwrap();
    assert_eq!((expanded.count(), expanded.count_of(0)), (4, 3));
    for _ in 0..2 {
        let files: Vec<FileEnd> = expanded.all_files().map(Result::unwrap).collect();
        let names: Vec<&str> = files.iter().map(|file| file.place.name()).collect();
        assert_eq!(names, ["a", "b", "d", "one"]);
    }
    run_files(&expanded, &c.f.ctx).unwrap();
    let out = fs::read_to_string(c.f.path("out")).unwrap();
    assert_eq!(out, "in/ain/bin/c/done");
}

#[test]
fn a_file_of_the_system_that_says_it_has_no_bytes_is_read_to_its_end() {
    let c = Copies::new();
    let ctx = c.by("pipeline.p.activity.x", &[]);
    let version = fs::read("/proc/version").unwrap();
    let transfer = Transfer::new(
        vec![Place::File("/proc/version".into())],
        c.directory("out"),
    );
    c.runtime.block_on(transfer::run(&transfer, &ctx)).unwrap();
    assert_eq!(fs::read(c.f.path("out/version")).unwrap(), version);
    let size = format!("\"content_length\": {}", version.len());
    assert!(c.success("out").contains(&size), "{}", c.success("out"));
}
