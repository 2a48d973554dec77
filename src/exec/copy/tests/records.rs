//! Copies record by record: formats, types, rejects, bad input.

use super::*;
use crate::connect::formats::json_lines::JsonLines;
use crate::connect::formats::parquet::Pages;

fn columns(columns: &[&str]) -> Vec<Column> {
    columns.iter().map(|c| Column::parse(c).unwrap()).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "a file's format is optional")]
fn typed_csv(names: &[&str]) -> Option<Format> {
    Some(Format::Delimited(csv::csv(columns(names), false, None)))
}

#[expect(clippy::unnecessary_wraps, reason = "a file's format is optional")]
fn json(names: &[&str]) -> Option<Format> {
    let columns = columns(names);
    Some(Format::JsonLines(JsonLines { columns }))
}

#[expect(clippy::unnecessary_wraps, reason = "a file's format is optional")]
fn parquet(names: &[&str]) -> Option<Format> {
    Some(Format::Parquet(Parquet {
        columns: columns(names),
        untyped: Vec::new(),
        pages: Pages::Zstd,
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "a file's format is optional")]
fn tsv(names: &[&str]) -> Option<Format> {
    let tsv = crate::connect::formats::tsv::tsv(columns(names), false, Some(b'\\'));
    Some(Format::Delimited(tsv))
}

#[expect(clippy::unnecessary_wraps, reason = "a file's format is optional")]
fn custom(names: &[&str]) -> Option<Format> {
    let separator = b"|~".to_vec();
    let custom =
        crate::connect::formats::custom::custom(columns(names), false, separator, Some(b'\\'));
    Some(Format::Delimited(custom))
}

fn skip(f: &Fixture, most: Option<u64>) -> OnRowError {
    OnRowError::Skip(RejectFile {
        place: Place::File(f.path("rejects.csv")),
        most,
    })
}

#[test]
fn a_copy_that_fails_at_a_line_without_end_does_not_read_on() {
    let f = Fixture::new();
    let input = f.input("in.csv", "1,a\n", typed_csv(&["id INT", "name"]));
    // What follows is a hole, which takes no room, and longer than anybody would wait for.
    let file = File::options().write(true).open(f.path("in.csv")).unwrap();
    file.set_len(1 << 40).unwrap();
    let output = Output::File(f.file("out.jsonl", json(&[])));
    let error = f.run(vec![input], output).unwrap_err();
    check(
        &error,
        "in.csv line 2: the line is longer than 16 MiB; check the separators",
    );
    assert_eq!(f.names(), ["in.csv"]);
}

/// What the rejects say, with the directory left out.
fn rejects(f: &Fixture) -> String {
    let text = fs::read_to_string(f.path("rejects.csv")).unwrap();
    text.replace(&format!("{}/", f.dir.path().display()), "")
}

fn check(error: &str, end: &str) {
    assert!(error.ends_with(end), "{error}");
}

const MIXED: &str = "1,2026-11-01 10:00:00,a\n2,soon,b\nthree,2026-11-01 10:00:00,c\n4,2026-11-01 10:00:00\n5,,\"é, \"\"q\"\"\"\n";
const TYPES: [&str; 3] = ["id INT", "at TIMESTAMP", "name"];

#[test]
fn a_copy_of_records_says_how_many_also_where_there_are_none() {
    for (text, rows) in [("a\n", 0), ("a\n1\n2\n", 2)] {
        let f = Fixture::new();
        let input = f.input("in.csv", text, csv_format(true));
        let output = Output::File(f.file("out.json", json(&[])));
        let moved = f.run(vec![input], output).unwrap();
        assert_eq!(moved.rows, Some(rows), "{text}");
    }
}

#[test]
fn records_that_do_not_fit_are_put_aside() {
    let expected = "file,line,column,reason,record\n\
        in.csv,2,at,`soon` is not a timestamp like `2026-11-01 12:30:00`,\"2,soon,b\"\n\
        in.csv,3,id,`three` is not a whole number from -2147483648 to 2147483647,\"three,2026-11-01 10:00:00,c\"\n\
        in.csv,4,,\"the record has 2 fields, and 3 are expected\",\"4,2026-11-01 10:00:00\"\n";
    for to in [json(&[]), parquet(&[]), tsv(&TYPES)] {
        let f = Fixture::new();
        let input = || vec![f.input("in.csv", MIXED, typed_csv(&TYPES))];
        let output = || Output::File(f.file("out", to.clone()));
        let moved = f.copy(input(), output(), skip(&f, Some(3))).unwrap();
        assert_eq!(moved.rows, Some(2));
        assert_eq!(rejects(&f), expected);
        let whole = fs::read(f.path("out")).unwrap();

        // One too many: what was there stays, and what was rejected can be looked at.
        let error = f.copy(input(), output(), skip(&f, Some(2))).unwrap_err();
        assert!(
            error.starts_with("more than 2 records were rejected; they are in `"),
            "{error}"
        );
        check(
            &error,
            "in.csv line 4: the record has 2 fields, and 3 are expected",
        );
        assert_eq!(rejects(&f), expected);
        assert_eq!(fs::read(f.path("out")).unwrap(), whole);

        for (most, wanted) in [
            (0, "a record was rejected, and `max_rejects` is 0: "),
            (1, "more than one record was rejected; they are in `"),
        ] {
            let error = f.copy(input(), output(), skip(&f, Some(most))).unwrap_err();
            assert!(error.starts_with(wanted), "{error}");
        }

        // Without leave the first one is the end.
        let error = f.run(input(), output()).unwrap_err();
        check(
            &error,
            "in.csv line 2 column `at`: `soon` is not a timestamp like `2026-11-01 12:30:00`",
        );
        assert_eq!(fs::read(f.path("out")).unwrap(), whole);
        assert_eq!(f.names(), ["in.csv", "out", "rejects.csv"]);
    }
}

#[test]
fn rows_that_a_table_refuses_are_put_aside() {
    let f = Fixture::new();
    let db = f.database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL); INSERT INTO t VALUES (2, 'there')",
    );
    let input = f.input("in.csv", "1,a\n2,b\n3,\n4,d\n", typed_csv(&["id INT", "v"]));
    let output = Output::Table(f.target("t"));
    f.copy(vec![input.clone()], output.clone(), skip(&f, None))
        .unwrap();
    assert_eq!(
        rows(&db, "SELECT * FROM t"),
        ["1 'a'", "2 'there'", "4 'd'"]
    );
    let said = rejects(&f);
    assert!(
        said.contains("in.csv,2,,UNIQUE constraint failed: t.id,\"2,b\"\n"),
        "{said}"
    );
    assert!(
        said.contains("in.csv,3,,NOT NULL constraint failed: t.v,\"3,\"\n"),
        "{said}"
    );
    let error = f.run(vec![input], output).unwrap_err();
    check(&error, "in.csv line 1: UNIQUE constraint failed: t.id");
    assert_eq!(rows(&db, "SELECT count(*) FROM t"), ["3"]);

    // Rows of a query have no text of their own: they are csv.
    let query = f.query("SELECT id, v FROM t WHERE id <> 2");
    let output = Output::File(f.file("out.json", json(&["id INT", "v BOOLEAN"])));
    f.copy(vec![query], output, skip(&f, None)).unwrap();
    assert_eq!(
        rejects(&f),
        "file,line,column,reason,record\nquery,1,v,`a` is not `true` or `false`,\"1,a\"\nquery,2,v,`d` is not `true` or `false`,\"4,d\"\n"
    );
    assert_eq!(fs::read(f.path("out.json")).unwrap(), b"");
}

/// Such a copy reads all before it writes.
#[test]
fn records_beside_a_query_of_the_same_database_are_put_aside_too() {
    let f = Fixture::new();
    let db = f
        .database("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a')");
    let text = "2,b\n3,c,more\n1,\"d\"\n4\n";
    let inputs = || {
        vec![
            f.input("in.csv", text, typed_csv(&["id INT", "v"])),
            f.query("SELECT id + 10 AS id, v FROM t"),
        ]
    };
    let output = || Output::Table(f.target("t"));
    let error = f.run(inputs(), output()).unwrap_err();
    check(
        &error,
        "in.csv line 2: the record has 3 fields, and 2 are expected",
    );
    assert_eq!(rows(&db, "SELECT * FROM t"), ["1 'a'"]);

    let moved = f.copy(inputs(), output(), skip(&f, Some(3))).unwrap();
    assert_eq!(moved.rows, Some(2));
    assert_eq!(rows(&db, "SELECT * FROM t"), ["1 'a'", "2 'b'", "11 'a'"]);
    assert_eq!(
        rejects(&f),
        "file,line,column,reason,record\n\
        in.csv,2,,\"the record has 3 fields, and 2 are expected\",\"3,c,more\"\n\
        in.csv,3,,UNIQUE constraint failed: t.id,\"1,\"\"d\"\"\"\n\
        in.csv,4,,\"the record has 1 fields, and 2 are expected\",4\n"
    );
}

#[test]
fn a_copy_without_rejects_says_so() {
    let f = Fixture::new();
    f.given("rejects.csv", b"of an earlier attempt");
    let input = f.input("in.csv", "1,a\n", typed_csv(&["id INT", "v"]));
    let output = Output::File(f.file("out.csv", typed_csv(&["id INT", "v"])));
    f.copy(vec![input], output, skip(&f, Some(0))).unwrap();
    assert_eq!(rejects(&f), "file,line,column,reason,record\n");
}

#[test]
fn every_format_goes_into_every_other_and_back() {
    let f = Fixture::new();
    let text = "{\"id\":1,\"v\":\"a,\\\"b\\\"\\nc\\t\"}\n{\"id\":null,\"v\":\"\"}\n{\"id\":-3,\"v\":null}\n{\"id\":4,\"v\":\"é日\"}\n";
    let names = ["id INT", "v"];
    let formats = [
        ("csv", typed_csv(&names)),
        ("tsv", tsv(&names)),
        ("custom", custom(&names)),
        ("parquet", parquet(&names)),
        ("json", json(&names)),
    ];
    for packed in ["", ".gz", ".zst"] {
        for (from, from_format) in &formats {
            for (to, to_format) in &formats {
                let end = |name: &str, format: &Option<Format>| {
                    let packed = if name.ends_with("parquet") {
                        ""
                    } else {
                        packed
                    };
                    f.file(&format!("{name}{packed}"), format.clone())
                };
                let first = end(&format!("first.{from}"), from_format);
                let second = end(&format!("second.{to}"), to_format);
                let start = f.input("start.json", text, json(&[]));
                f.run(vec![start], Output::File(first.clone())).unwrap();
                f.run(vec![Input::File(first)], Output::File(second.clone()))
                    .unwrap();
                let back = f.text(
                    vec![Input::File(second)],
                    "back.json",
                    json(&["id INT", "v STRING"]),
                );
                assert_eq!(back, text, "{from} {to} {packed}");
            }
        }
    }
    // And through a table.
    drop(f.database("CREATE TABLE t (id INTEGER, v TEXT)"));
    let start = f.input("start.json", text, json(&[]));
    f.load(vec![start], f.target("t")).unwrap();
    let file = f.file("t.parquet", parquet(&[]));
    let query = f.query("SELECT * FROM t");
    f.run(vec![query], Output::File(file.clone())).unwrap();
    assert_eq!(f.text(vec![Input::File(file)], "t.json", json(&[])), text);
}

#[test]
fn declared_columns_are_picked_by_name_or_are_new_names() {
    let f = Fixture::new();
    let input = || vec![f.input("in.csv", "a,b,c\n1,2,3\n", csv_format(true))];
    let picked = f.text(input(), "1", json(&["c INT", "a"]));
    assert_eq!(picked, "{\"c\":3,\"a\":\"1\"}\n");
    let renamed = f.text(input(), "2", json(&["x", "y", "z"]));
    assert_eq!(renamed, "{\"x\":\"1\",\"y\":\"2\",\"z\":\"3\"}\n");
    let output = Output::File(f.file("3", json(&["x", "y"])));
    let error = f.run(input(), output).unwrap_err();
    check(
        &error,
        "in.csv: it has 3 columns, and the output has 2: `x`, `y`",
    );
    // Names of which it has some would stand for other columns.
    for declared in [["b INT", "x", "y"].as_slice(), &["x", "a"]] {
        let output = Output::File(f.file("4", json(declared)));
        let error = f.run(input(), output).unwrap_err();
        assert!(error.contains("in.csv: it has no column `x"), "{error}");
        assert!(error.contains("its columns are `a`, `b`, `c`"), "{error}");
    }
    assert_eq!(f.names(), ["1", "2", "in.csv"]);
}

#[test]
fn columns_that_are_picked_of_parquet_keep_their_types() {
    let f = Fixture::new();
    let all = f.file("all.parquet", parquet(&["a INT", "b DATE", "c"]));
    let lines = f.input("in.csv", "1,2026-11-24,x\n", csv_format(false));
    f.run(vec![lines], Output::File(all.clone())).unwrap();
    let picking = |declared: &[&str], untyped: &[&str]| {
        let format = Parquet {
            columns: columns(declared),
            untyped: untyped.iter().map(|name| (*name).to_owned()).collect(),
            pages: Pages::Zstd,
        };
        let format = Some(Format::Parquet(format));
        vec![Input::File(FileEnd {
            format,
            ..all.clone()
        })]
    };
    let picked = f.text(picking(&["b", "a"], &["b", "a"]), "1", json(&[]));
    assert_eq!(picked, "{\"b\":\"2026-11-24\",\"a\":1}\n");
    let declared = f.text(picking(&["a STRING"], &[]), "2", json(&[]));
    assert_eq!(declared, "{\"a\":\"1\"}\n");
    // Also where the output leaves its format out, and so has that of the input.
    let same = f.file("same.parquet", None);
    f.copy(picking(&["a"], &["a"]), Output::File(same), skip(&f, None))
        .unwrap();
    let same = Input::File(f.file("same.parquet", parquet(&[])));
    assert_eq!(f.text(vec![same], "3", json(&[])), "{\"a\":1}\n");
}

#[test]
fn numbers_of_json_keep_their_digits() {
    let f = Fixture::new();
    let text = "{\"n\":123456789012345678901234567890.10,\"m\":1e2,\"o\":{\"a\": [1, 2.50]}}\n";
    let input = || vec![f.input("in.json", text, json(&[]))];
    assert_eq!(
        f.text(input(), "out.csv", csv_format(true)),
        "n,m,o\n123456789012345678901234567890.10,1e2,\"{\"\"a\"\": [1, 2.50]}\"\n"
    );
    let picked = f.text(input(), "out.json", json(&["n DOUBLE", "m DOUBLE"]));
    assert_eq!(
        picked,
        "{\"n\":123456789012345678901234567890.10,\"m\":1e2}\n"
    );
}

#[test]
fn true_and_false_are_numbers_in_columns_of_whole_numbers() {
    let f = Fixture::new();
    let text = "{\"id\":true,\"ok\":true,\"note\":true}\n{\"id\":false,\"ok\":false,\"note\":\"x\"}\n{\"id\":7,\"ok\":true,\"note\":\"\\u0079\"}\n";
    let names = ["id BIGINT", "ok BOOLEAN", "note"];
    let cases = [
        ("out.csv", typed_csv(&names), ","),
        ("out.tsv", tsv(&names), "\t"),
        ("out.txt", custom(&names), "|~"),
    ];
    for (name, format, separator) in cases {
        let input = f.input("in.jsonl", text, json(&names));
        let expected = "1,true,true\n0,false,x\n7,true,y\n".replace(',', separator);
        assert_eq!(f.text(vec![input], name, format), expected, "{name}");
    }
    let table = f.database("CREATE TABLE t (id, ok, note)");
    let input = f.input("in.jsonl", text, json(&names));
    f.load(vec![input], f.target("t")).unwrap();
    assert_eq!(rows(&table, "SELECT id FROM t"), ["1", "0", "7"]);
}

/// What a reader cannot read leaves nothing behind, and says which file and where.
#[test]
fn what_is_cut_off_is_an_error() {
    let f = Fixture::new();
    let names = ["a INT", "b"];
    let lines = (0..20_000).map(|n| format!("{n},some text {}\n", n * 7919 % 1000));
    let lines: String = lines.collect();
    for (name, format) in [
        ("in.gz", typed_csv(&names)),
        ("in.zst", typed_csv(&names)),
        ("in.parquet", parquet(&names)),
    ] {
        let file = f.file(name, format.clone());
        let whole = f.input("whole.tsv", &lines.replace(',', "\t"), tsv(&names));
        f.run(vec![whole], Output::File(file.clone())).unwrap();
        let bytes = fs::read(file.path()).unwrap();
        for cut in [1, bytes.len() / 2, bytes.len() - 1] {
            let part = bytes.get(..cut).unwrap();
            File::create(file.path()).unwrap().write_all(part).unwrap();
            for to in [json(&names), tsv(&names)] {
                let out = Output::File(f.file("out", to));
                let error = f.run(vec![Input::File(file.clone())], out).unwrap_err();
                let said = ["breaks off at byte", "cannot be read as parquet"];
                let said = said.iter().any(|said| error.contains(said));
                assert!(said && error.contains(name), "{error}");
            }
        }
        fs::remove_file(file.path()).unwrap();
    }
    assert_eq!(f.names(), ["whole.tsv"]);
}

#[test]
fn nothing_is_copied_as_nothing() {
    let f = Fixture::new();
    for format in [csv_format(false), csv_format(true), json(&[]), requests()] {
        let empty = || vec![f.input("empty", "", format.clone())];
        assert_eq!(f.text(empty(), "out.json", json(&["a INT"])), "");
        assert_eq!(f.text(empty(), "out.tsv", tsv(&["a INT"])), "");
        let columns = f.file("out.parquet", parquet(&["a INT"]));
        f.run(empty(), Output::File(columns.clone())).unwrap();
        let back = f.text(vec![Input::File(columns)], "back.csv", csv_format(true));
        assert_eq!(back, "a\n");
    }
    // No bytes are no parquet and no gzip.
    let out = || Output::File(f.file("out", json(&["a"])));
    let none = f.input("none", "", parquet(&[]));
    let error = f.run(vec![none], out()).unwrap_err();
    assert!(
        error.contains("none: it cannot be read as parquet"),
        "{error}"
    );
    let none = FileEnd {
        compression: Compression::Gzip,
        ..f.file("none", csv_format(false))
    };
    let error = f.run(vec![Input::File(none)], out()).unwrap_err();
    assert!(error.contains("breaks off at byte 0"), "{error}");
}

/// Others cannot read a file without columns.
#[test]
fn columns_of_which_nobody_knows_anything_are_not_written() {
    let f = Fixture::new();
    for format in [csv_format(false), csv_format(true), json(&[])] {
        let empty = f.input("empty", "", format);
        let output = Output::File(f.file("out.parquet", parquet(&[])));
        let error = f.run(vec![empty], output).unwrap_err();
        check(&error, "nor names of columns; list them in `column`");
        assert_eq!(f.names(), ["empty"]);
    }
    // A header alone names them.
    let header = f.input("header.csv", "a,b\n", csv_format(true));
    let file = f.file("out.parquet", parquet(&[]));
    f.run(vec![header], Output::File(file.clone())).unwrap();
    let back = f.text(vec![Input::File(file)], "back.csv", csv_format(true));
    assert_eq!(back, "a,b\n");
}

#[test]
fn odd_bytes_are_values_or_errors() {
    let f = Fixture::new();
    // A mark, both kinds of line ends, a zero byte.
    f.given("in.csv", b"\xef\xbb\xbfa,b\r\n1,x\0y\n2,z\r\n");
    let input = || vec![Input::File(f.file("in.csv", csv_format(true)))];
    assert_eq!(
        f.text(input(), "out.json", json(&[])),
        "{\"a\":\"1\",\"b\":\"x\\u0000y\"}\n{\"a\":\"2\",\"b\":\"z\"}\n"
    );
    let plain = "a,b\n1,x\0y\n2,z\n";
    let columns = f.file("out.parquet", parquet(&[]));
    f.run(input(), Output::File(columns.clone())).unwrap();
    let back = f.text(vec![Input::File(columns)], "back.csv", csv_format(true));
    assert_eq!(back, plain);
    drop(f.database("CREATE TABLE t (a, b)"));
    f.load(input(), f.target("t")).unwrap();
    let query = f.query("SELECT a, b FROM t");
    assert_eq!(f.text(vec![query], "t.csv", csv_format(true)), plain);

    // Bytes that are no text pass through lines, and nothing else.
    f.given("in.csv", b"a,b\n1,\xff\n");
    f.run(input(), Output::File(f.file("out.tsv", tsv(&[]))))
        .unwrap();
    assert_eq!(fs::read(f.path("out.tsv")).unwrap(), b"1\t\xff\n");
    let expected = "in.csv line 2 column `b`: `\u{fffd}` is not UTF-8 text";
    for to in [json(&[]), parquet(&[])] {
        let output = Output::File(f.file("out", to));
        check(&f.run(input(), output).unwrap_err(), expected);
    }
    check(&f.load(input(), f.target("t")).unwrap_err(), expected);
}

#[test]
fn a_file_that_grows_while_it_is_read_fails_the_copy() {
    let f = Fixture::new();
    let input = f.input("in.csv", &"1,2\n".repeat(1_000_000), csv_format(false));
    let (ctx, path) = (f.ctx.clone(), f.path("in.csv"));
    let writer = std::thread::spawn(move || {
        while ctx.progress.moved().bytes == 0 {
            std::thread::yield_now();
        }
        let mut file = File::options().append(true).open(path).unwrap();
        file.write_all(b"3,4\n").unwrap();
    });
    let result = f.run(vec![input], Output::File(f.file("out", json(&["a", "b"]))));
    writer.join().unwrap();
    let error = result.unwrap_err();
    assert!(error.contains("in.csv"), "{error}");
    assert!(error.contains("somebody writes to it"), "{error}");
    assert_eq!(f.names(), ["in.csv"]);
}

#[test]
fn columns_are_not_packed_as_a_whole() {
    let f = Fixture::new();
    let input = f.input("in.csv", "a\n1\n", csv_format(true));
    let output = Output::File(f.file("out.gz", parquet(&[])));
    let error = f.run(vec![input], output).unwrap_err();
    assert!(error.contains("parquet packs its pages itself"), "{error}");
    assert_eq!(f.names(), ["in.csv"]);
    // Nor where bytes would pass through.
    let columns = f.file("columns", parquet(&["a"]));
    let input = f.input("in.csv", "a\n1\n", csv_format(true));
    f.run(vec![input], Output::File(columns.clone())).unwrap();
    let output = Output::File(f.file("out.gz", parquet(&["a"])));
    let error = f.run(vec![Input::File(columns)], output).unwrap_err();
    assert!(error.contains("parquet packs its pages itself"), "{error}");
}
