//! Copies of bytes, and into tables. Those record by record are in [`records`].

mod directories;
mod records;

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::process::Command;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::connect::files;
use crate::connect::files::FileWriter;
use crate::connect::formats::Column;
use crate::connect::formats::compression::Compression;
use crate::connect::formats::regex::RegexFormat;
use crate::connect::place::Place;
use crate::connect::sqlite::Param;
use crate::connect::sqlite::WriteMode;
use crate::exec::Activities;
use crate::exec::Cancel;
use crate::exec::OnProcess;
use crate::exec::Progress;
use crate::exec::Sessions;
use crate::exec::log::Log;
use crate::exec::looking::Looking;

struct Fixture {
    dir: TempDir,
    ctx: Context,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ctx = Context {
            log: Log::at(&dir.path().join("log/attempt.log"), &[]),
            cancel: Cancel::new(),
            progress: Progress::default(),
            aws: Sessions::default(),
            clusters: crate::exec::emr::Clusters::default(),
            looking: Looking::default(),
            webhooks: crate::exec::webhook::Client::default(),
            staging: dir.path().join("staging"),
            archive: None,
            attempt_id: "copy".to_owned(),
            activities: Activities::default(),
            on_process: OnProcess::default(),
        };
        Self { dir, ctx }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn file(&self, name: &str, format: Option<Format>) -> FileEnd {
        let path = self.path(name);
        FileEnd {
            within: None,
            compression: Compression::of_path(&path),
            place: Place::File(path),
            format,
        }
    }

    fn given(&self, name: &str, text: &[u8]) -> FileEnd {
        let file = self.file(name, None);
        let mut writer = FileWriter::create(&file.path(), file.compression).unwrap();
        writer.write_all(text).unwrap();
        writer.commit().unwrap();
        file
    }

    fn input(&self, name: &str, text: &str, format: Option<Format>) -> Input {
        let file = self.given(name, text.as_bytes());
        Input::File(FileEnd { format, ..file })
    }

    fn database(&self, sql: &str) -> Connection {
        let connection = Connection::open(self.path("db")).unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    }

    fn target(&self, table: &str) -> TableTarget {
        TableTarget {
            connection: format!("jdbc:sqlite:{}", self.path("db").display()),
            table: table.to_owned(),
            ..TableTarget::default()
        }
    }

    fn query(&self, sql: &str) -> Input {
        Input::Query {
            connection: self.target("").connection,
            select_query: sql.to_owned(),
            params: Params::default(),
        }
    }

    fn run(&self, inputs: Vec<Input>, output: Output) -> Result<Moved, String> {
        self.copy(inputs, output, OnRowError::Fail)
    }

    fn copy(
        &self,
        inputs: Vec<Input>,
        output: Output,
        on_row_error: OnRowError,
    ) -> Result<Moved, String> {
        let copy = Copy {
            inputs,
            output,
            on_row_error,
        };
        run(&copy, &self.ctx).map_err(|error| error.to_string())
    }

    fn load(&self, inputs: Vec<Input>, target: TableTarget) -> Result<Moved, String> {
        self.run(inputs, Output::Table(target))
    }

    /// Copies into a file `out…` and gives its text.
    fn text(&self, inputs: Vec<Input>, name: &str, format: Option<Format>) -> String {
        self.run(inputs, Output::File(self.file(name, format)))
            .unwrap();
        let mut text = String::new();
        let file = self.file(name, None);
        files::open(&file.path(), file.compression)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "log" && !name.starts_with("db"))
            .collect();
        names.sort();
        names
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a file's format is optional")]
fn csv_format(header: bool) -> Option<Format> {
    Some(Format::Delimited(csv::csv(Vec::new(), header, Some(b'\\'))))
}

#[expect(clippy::unnecessary_wraps, reason = "a file's format is optional")]
fn requests() -> Option<Format> {
    Some(Format::Regex(RegexFormat {
        columns: vec![
            Column::parse("host").unwrap(),
            Column::parse("status INT").unwrap(),
        ],
        input_regex: r"(\S+) .* (\d+)".to_owned(),
        output_format: None,
    }))
}

fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let count = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..count)
            .map(|index| {
                row.get_ref(index).map(|value| match value {
                    rusqlite::types::ValueRef::Null => "NULL".to_owned(),
                    rusqlite::types::ValueRef::Integer(n) => n.to_string(),
                    rusqlite::types::ValueRef::Real(n) => format!("{n:?}"),
                    rusqlite::types::ValueRef::Text(t) | rusqlite::types::ValueRef::Blob(t) => {
                        format!("'{}'", String::from_utf8_lossy(t))
                    }
                })
            })
            .collect::<Result<Vec<_>, _>>()
            .map(|fields| fields.join(" "))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_cancelled_copy_leaves_what_was_there() {
    let f = Fixture::new();
    let input = f.input("in", &"a line\n".repeat(200_000), None);
    let out = f.given("out.gz", b"before");
    let before = fs::read(out.path()).unwrap();
    // Cancelled from within: as soon as the first bytes have been copied.
    let (ctx, cancel) = (f.ctx.clone(), f.ctx.cancel.clone());
    let watcher = std::thread::spawn(move || {
        while ctx.progress.moved().bytes == 0 {
            std::thread::yield_now();
        }
        cancel.cancel();
    });
    let inputs = (0..500).map(|_| input.clone()).collect();
    let error = f.run(inputs, Output::File(out.clone())).unwrap_err();
    watcher.join().unwrap();
    assert_eq!(error, "cancelled");
    assert_eq!(fs::read(out.path()).unwrap(), before);
    assert_eq!(f.names(), ["in", "out.gz"]);
}

#[test]
fn a_cancelled_load_leaves_the_table() {
    let f = Fixture::new();
    let db = f.database("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    let input = f.input("in", &"2\n".repeat(100_000), None);
    let (ctx, cancel) = (f.ctx.clone(), f.ctx.cancel.clone());
    let watcher = std::thread::spawn(move || {
        while ctx.progress.moved().rows.is_none() {
            std::thread::yield_now();
        }
        cancel.cancel();
    });
    let inputs = (0..500).map(|_| input.clone()).collect();
    let error = f.load(inputs, f.target("t")).unwrap_err();
    watcher.join().unwrap();
    assert_eq!(error, "cancelled");
    assert_eq!(rows(&db, "SELECT * FROM t"), ["1"]);
}

#[test]
fn a_reader_or_a_format_that_fails_leaves_nothing() {
    let f = Fixture::new();
    let whole = f.given("in.gz", "a line that is long\n".repeat(100_000).as_bytes());
    let bytes = fs::read(whole.path()).unwrap();
    File::create(whole.path())
        .unwrap()
        .write_all(&bytes[..bytes.len() / 2])
        .unwrap();
    let out = || Output::File(f.file("out", None));
    let error = f.run(vec![Input::File(whole)], out()).unwrap_err();
    assert!(error.starts_with("cannot read `"), "{error}");
    assert!(error.contains("in.gz"), "{error}");

    let bad = Format::Delimited(crate::connect::formats::tsv::tsv(vec![], false, None));
    let input = f.input("in.csv", "a,b\na\tb,c\n", csv_format(false));
    let out = Output::File(f.file("out", Some(bad)));
    let error = f.run(vec![input], out).unwrap_err();
    assert!(error.contains("`escape_char`"), "{error}");
    assert_eq!(f.names(), ["in.csv", "in.gz"]);
}

/// Runs itself again where no file may grow beyond some kilobytes.
#[test]
fn a_full_disk_leaves_nothing() {
    use rustix::process::Resource;
    use rustix::process::getrlimit;
    if getrlimit(Resource::Fsize).current.is_none() {
        let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact exec::copy::tests::a_full_disk_leaves_nothing";
        let output = Command::new("/bin/sh")
            .args(["-c", script])
            .arg(std::env::current_exe().unwrap())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        assert!(text.contains("1 passed"), "{text}");
        return;
    }
    let f = Fixture::new();
    let input = f.given("in.gz", "a line\n".repeat(100_000).as_bytes());
    for format in [None, csv_format(true)] {
        let inputs = vec![Input::File(FileEnd {
            format: csv_format(false),
            ..input.clone()
        })];
        let out = Output::File(f.file("out", format));
        let error = f.run(inputs, out).unwrap_err();
        assert!(!f.path("out").exists());
        assert_eq!(f.names(), ["in.gz"], "{error}");
    }
    let error = f
        .run(vec![Input::File(input)], Output::File(f.file("out", None)))
        .unwrap_err();
    assert!(error.starts_with("cannot write `"), "{error}");
    assert_eq!(f.names(), ["in.gz"]);
}

#[test]
fn leftovers_of_a_killed_attempt_are_removed_by_the_next() {
    let f = Fixture::new();
    let left = f.path(&format!(".out.{}.pipeform-tmp", "0".repeat(32)));
    File::create(&left).unwrap().write_all(b"half").unwrap();
    let text = f.text(vec![f.input("in", "whole\n", None)], "out", None);
    assert_eq!(text, "whole\n");
    assert_eq!(f.names(), ["in", "out"]);
}

#[test]
fn three_packed_logs_go_into_one_table() {
    let f = Fixture::new();
    let logs = ["a x 1\nb x 2\n", "c x 3\n", "d y z 4"];
    let inputs = logs.iter().zip(["1.gz", "2.gz", "3.gz"]);
    let inputs = inputs.map(|(text, name)| f.input(name, text, requests()));
    let target = TableTarget {
        create_table_sql: Some(
            "CREATE TABLE IF NOT EXISTS t (status INTEGER, host TEXT);".to_owned(),
        ),
        ..f.target("t")
    };
    let moved = f.load(inputs.collect(), target).unwrap();
    assert_eq!(moved.rows, Some(4));
    let db = f.database("");
    assert_eq!(
        rows(&db, "SELECT host, status FROM t ORDER BY 1"),
        ["'a' 1", "'b' 2", "'c' 3", "'d' 4"]
    );
}

#[test]
fn a_line_that_does_not_match_names_its_place_and_changes_nothing() {
    let f = Fixture::new();
    let db = f.database("CREATE TABLE t (host, status); INSERT INTO t VALUES ('old', 0)");
    let good = f.input("1.gz", "a x 1\n", requests());
    let bad = f.input("2.gz", "b x 2\nnonsense\n", requests());
    let replace = TableTarget {
        write: WriteMode::Replace(None),
        ..f.target("t")
    };
    let error = f.load(vec![good, bad], replace).unwrap_err();
    assert!(
        error.ends_with("2.gz line 2: the line does not match `input_regex`: `nonsense`"),
        "{error}"
    );
    assert_eq!(rows(&db, "SELECT * FROM t"), ["'old' 0"]);
}

#[test]
fn how_rows_are_written() {
    let names: BTreeMap<String, Param> = [("day".to_owned(), Param::Integer(1))].into();
    let table: &[(WriteMode, Params, &[&str])] = &[
        (
            WriteMode::Append,
            Params::default(),
            &["1 'new'", "1 'x'", "2 'y'", "3 'new'"],
        ),
        (
            WriteMode::Replace(None),
            Params::default(),
            &["1 'new'", "3 'new'"],
        ),
        (
            WriteMode::Replace(Some("day = :day".to_owned())),
            Params::Map(names),
            &["1 'new'", "2 'y'", "3 'new'"],
        ),
        (
            WriteMode::Replace(Some("day >= ? AND day <> ?".to_owned())),
            Params::List(vec![Param::Integer(1), Param::Integer(1)]),
            &["1 'new'", "1 'x'", "3 'new'"],
        ),
    ];
    for (write, params, expected) in table {
        let f = Fixture::new();
        let db =
            f.database("CREATE TABLE t (day INTEGER, v); INSERT INTO t VALUES (1, 'x'), (2, 'y')");
        let target = TableTarget {
            write: write.clone(),
            params: params.clone(),
            ..f.target("t")
        };
        let input = f.input("in.csv", "v,day\nnew,1\nnew,3\n", csv_format(true));
        f.load(vec![input], target).unwrap();
        assert_eq!(rows(&db, "SELECT * FROM t ORDER BY 1, 2"), *expected);
    }
}

#[test]
fn rows_that_the_next_run_would_not_replace_are_warned_of() {
    let f = Fixture::new();
    let db = f.database("CREATE TABLE t (day INTEGER, v)");
    let load = |name: &str, text: &str| {
        let target = TableTarget {
            write: WriteMode::Replace(Some("day = ?".to_owned())),
            params: Params::List(vec![Param::Integer(1)]),
            ..f.target("t")
        };
        let input = f.input(name, text, csv_format(true));
        f.load(vec![input], target).unwrap();
        fs::read_to_string(f.path("log/attempt.log")).unwrap_or_default()
    };
    let log = load("in.csv", "day,v\n1,a\n1,b\n");
    assert!(!log.contains("replace_where"), "{log}");
    let log = load("late.csv", "day,v\n1,c\n2,d\n,e\n");
    let said = "warning: of 3 rows that are written 2 do not meet `replace_where`: ";
    assert!(log.contains(said), "{log}");
    assert_eq!(rows(&db, "SELECT v FROM t"), ["'c'", "'d'", "'e'"]);
}

#[test]
fn an_upsert_updates_what_is_there() {
    let f = Fixture::new();
    let db = f.database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v, kept DEFAULT 'k'); INSERT INTO t VALUES (1, 'x', 'old')",
    );
    let target = TableTarget {
        write: WriteMode::Upsert(vec!["id".to_owned()]),
        ..f.target("t")
    };
    let input = f.input("in.csv", "id,v\n1,new\n2,\n", csv_format(true));
    f.load(vec![input], target).unwrap();
    assert_eq!(
        rows(&db, "SELECT * FROM t"),
        ["1 'new' 'old'", "2 NULL 'k'"]
    );
}

#[test]
fn an_insert_query_takes_the_columns_in_order() {
    let f = Fixture::new();
    let db = f.database("CREATE TABLE t (a, b)");
    let target = |sql: &str| TableTarget {
        insert_query: Some(sql.to_owned()),
        ..f.target("t")
    };
    let input = || f.input("in.csv", "1,2\n", None);
    let good = target("INSERT INTO t (b, a) SELECT ?, ? || '!'");
    f.load(vec![input()], good).unwrap();
    assert_eq!(rows(&db, "SELECT * FROM t"), ["'2!' '1'"]);
    let error = f
        .load(vec![input()], target("INSERT INTO t (a) VALUES (?)"))
        .unwrap_err();
    assert_eq!(
        error,
        "`insert_query` has 1 placeholders and the input has 2 columns"
    );
}

#[test]
fn rows_of_a_query_get_a_header() {
    let f = Fixture::new();
    drop(f.database(
        "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x,\"y\"'), (NULL, ''), (1.5, 'z')",
    ));
    let text = f.text(
        vec![f.query("SELECT a AS n, b FROM t")],
        "out.csv",
        csv_format(true),
    );
    assert_eq!(text, "n,b\n1,\"x,\"\"y\"\"\"\n,\"\"\n1.5,z\n");
    let none = f.query("SELECT a, b FROM t WHERE 0");
    assert_eq!(f.text(vec![none], "out.csv", csv_format(true)), "a,b\n");
}

#[test]
fn a_query_only_reads() {
    let f = Fixture::new();
    let db = f.database("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    let query = f.query("DELETE FROM t RETURNING a");
    let error = f
        .run(vec![query], Output::File(f.file("out", None)))
        .unwrap_err();
    assert!(error.contains("may only read"), "{error}");
    assert_eq!(rows(&db, "SELECT a FROM t"), ["1"]);
}

#[test]
fn one_database_may_be_read_and_written_at_once() {
    for journal in ["DELETE", "WAL"] {
        let f = Fixture::new();
        let db = f.database(&format!(
            "PRAGMA journal_mode = {journal}; CREATE TABLE t (a, b);
             WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
             INSERT INTO t SELECT i, hex(randomblob(500)) FROM n"
        ));
        let replace = TableTarget {
            write: WriteMode::Replace(None),
            ..f.target("t")
        };
        let before = rows(&db, "SELECT count(*), sum(a), min(b) FROM t");
        let all = f.query("SELECT a, b FROM t");
        assert_eq!(
            f.load(vec![all.clone()], replace).unwrap().rows,
            Some(50_000)
        );
        assert_eq!(rows(&db, "SELECT count(*), sum(a), min(b) FROM t"), before);
        f.load(vec![all], f.target("t")).unwrap();
        assert_eq!(rows(&db, "SELECT count(*) FROM t"), ["100000"]);
    }
}

#[test]
fn a_database_that_others_use_is_waited_for() {
    let f = Fixture::new();
    let other = f.database("CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    let input = f.input("in.csv", "2\n", None);
    std::thread::scope(|scope| {
        let load = scope.spawn(|| f.load(vec![input.clone()], f.target("t")));
        other.execute_batch("COMMIT").unwrap();
        load.join().unwrap().unwrap();
    });
    assert_eq!(rows(&other, "SELECT a FROM t"), ["1", "'2'"]);
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    std::thread::scope(|scope| {
        let load = scope.spawn(|| f.load(vec![input.clone()], f.target("t")));
        let read = scope.spawn(|| f.text(vec![f.query("SELECT 1")], "never", None));
        f.ctx.cancel.cancel();
        assert_eq!(load.join().unwrap().unwrap_err(), "cancelled");
        assert!(read.join().is_err());
    });
}

#[test]
fn empty_inputs_are_fine() {
    let f = Fixture::new();
    let db = f.database("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2)");
    let empty = |format| f.input("in.csv", "", format);
    assert_eq!(f.text(vec![empty(None)], "out", None), "");
    assert_eq!(f.text(vec![empty(csv_format(true))], "out.gz", None), "");
    let named = f.input("named.csv", "a,b\n3,4\n", csv_format(true));
    let both = vec![empty(csv_format(true)), named];
    assert_eq!(f.text(both.clone(), "out", csv_format(true)), "a,b\n3,4\n");
    f.load(both, f.target("t")).unwrap();
    assert_eq!(rows(&db, "SELECT * FROM t"), ["1 2", "'3' '4'"]);
    let replace = TableTarget {
        write: WriteMode::Replace(None),
        ..f.target("t")
    };
    f.load(vec![empty(csv_format(true))], replace).unwrap();
    assert_eq!(rows(&db, "SELECT * FROM t"), Vec::<String>::new());
}

#[test]
fn an_input_that_is_not_there_is_named() {
    let f = Fixture::new();
    let input = || vec![Input::File(f.file("none.csv", csv_format(true)))];
    let path = f.path("none.csv");
    let expected = format!(
        "cannot read `{}`: No such file or directory (os error 2)",
        path.display()
    );
    let out = Output::File(f.file("out", csv_format(false)));
    assert_eq!(f.run(input(), out).unwrap_err(), expected);
    assert_eq!(f.load(input(), f.target("t")).unwrap_err(), expected);
    assert!(!f.path("db").exists());
    fs::create_dir(&path).unwrap();
    let error = f.load(input(), f.target("t")).unwrap_err();
    assert!(error.contains("none.csv`: is a directory"), "{error}");
}

#[test]
fn where_one_end_has_a_format_bytes_stay_as_they_are() {
    let odd = "a;\"b\r\nnot, csv \\";
    for (input, output) in [(csv_format(true), None), (None, csv_format(true))] {
        let f = Fixture::new();
        let text = f.text(vec![f.input("in", odd, input)], "out.gz", output);
        assert_eq!(text, odd);
    }
}

#[test]
fn joined_files_keep_their_records_apart() {
    let f = Fixture::new();
    let all = |format: fn() -> Option<Format>| {
        vec![
            f.input("1", "a\nb", format()),
            f.input("2", "", format()),
            f.input("3", "c\n", format()),
            f.input("4", "d", format()),
        ]
    };
    assert_eq!(f.text(all(requests), "out", None), "a\nb\nc\nd");
    assert_eq!(f.text(all(|| None), "out", None), "a\nbc\nd");
    let headed = || {
        vec![
            f.input("1", "x,y\n1,2", csv_format(true)),
            f.input("2", "x,y\n3,4\n", csv_format(true)),
        ]
    };
    assert_eq!(f.text(headed(), "out", None), "x,y\n1,2\n3,4\n");
    let mut mixed = headed();
    mixed.push(f.input("3", "y,x\n5,6\n", csv_format(true)));
    let out = Output::File(f.file("out", csv_format(true)));
    let error = f.run(mixed, out).unwrap_err();
    assert!(error.contains("3: its columns are `y, x`"), "{error}");
}

#[test]
fn a_header_needs_names() {
    let f = Fixture::new();
    let tsv = Format::Delimited(crate::connect::formats::tsv::tsv(vec![], false, None));
    let input = f.input("in", "1\t2\n", Some(tsv));
    let out = Output::File(f.file("out", csv_format(true)));
    let error = f.run(vec![input], out).unwrap_err();
    assert!(error.contains("list them in `column`"), "{error}");
}

#[test]
fn csv_goes_through_a_table_and_back() {
    let f = Fixture::new();
    drop(f.database("CREATE TABLE t (a TEXT, b TEXT)"));
    let text = "a,b\n\"x,\"\"y\"\"\nz\",\n\"\",\"back\\\\slash\"\nplain,é\n";
    let input = f.input("in.csv", text, csv_format(true));
    f.load(vec![input], f.target("t")).unwrap();
    let query = f.query("SELECT a, b FROM t");
    assert_eq!(f.text(vec![query], "out.csv", csv_format(true)), text);
}

#[test]
fn devices_are_not_replaced_and_links_are_followed() {
    let f = Fixture::new();
    let device = FileEnd {
        place: Place::File(PathBuf::from("/dev/null")),
        ..f.file("", None)
    };
    let input = || f.input("in", "new", None);
    let error = f.run(vec![input()], Output::File(device)).unwrap_err();
    assert!(error.contains("it is not a file"), "{error}");
    f.given("real", b"old");
    std::os::unix::fs::symlink(f.path("real"), f.path("link")).unwrap();
    f.text(vec![input()], "link", None);
    assert_eq!(fs::read(f.path("real")).unwrap(), b"new");
    assert!(f.path("link").is_symlink());
}
