use rusqlite::types::ToSqlOutput;

use super::insert::convert;
use super::*;

fn open() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let connection = format!("sqlite:{}", dir.path().join("db").display());
    let database = Database::open(&connection, true, &Cancel::new()).unwrap();
    (dir, database)
}

fn texts(database: &Database, sql: &str) -> Vec<String> {
    let (mut rows, mut batch) = (Vec::new(), Batch::default());
    let take = |found: Found<'_, '_>| {
        if let Found::Row(row) = found {
            batch.clear();
            row.read(&mut batch)?;
            let fields = batch
                .records()
                .flat_map(crate::connect::formats::Record::fields);
            let fields: Vec<_> = fields
                .map(|(bytes, kind)| match kind {
                    FieldKind::Null => "NULL".into(),
                    _ => String::from_utf8_lossy(bytes),
                })
                .collect();
            rows.push(fields.join(" "));
        }
        Ok(())
    };
    database.query(sql, &Params::default(), take).unwrap();
    rows
}

fn script(sql: &str, params: &Params) -> Result<Vec<String>, String> {
    let (_dir, database) = open();
    database
        .script("CREATE TABLE t (a, b)", &Params::default())
        .unwrap();
    let result = database.script(sql, params);
    let rows = texts(&database, "SELECT a, b FROM t ORDER BY a");
    match result {
        Ok(_) => Ok(rows),
        Err(error) => {
            assert_eq!(rows, Vec::<String>::new(), "all or nothing");
            Err(error.to_string())
        }
    }
}

fn list(values: &[i64]) -> Params {
    Params::List(values.iter().map(|n| Param::Integer(*n)).collect())
}

#[test]
fn scripts_take_params_by_position_number_and_name() {
    let map = Params::Map(
        [
            ("x".to_owned(), Param::Text("é".to_owned())),
            ("y".to_owned(), Param::Null),
        ]
        .into(),
    );
    let table: &[(&str, Params, &[&str])] = &[
        (
            "INSERT INTO t VALUES (?, ?); INSERT INTO t VALUES (?, 0)",
            list(&[1, 2, 3]),
            &["1 2", "3 0"],
        ),
        (
            "INSERT INTO t VALUES (?2, 0); INSERT INTO t VALUES (?2, ?1);",
            list(&[1, 2]),
            &["2 0", "2 1"],
        ),
        (
            "INSERT INTO t VALUES (:x, @y); INSERT INTO t VALUES ($x, 1)",
            map,
            &["é NULL", "é 1"],
        ),
    ];
    for (sql, params, expected) in table {
        assert_eq!(script(sql, params).unwrap(), *expected, "{sql}");
    }
}

#[test]
fn params_that_do_not_fit_are_named() {
    let table = [
        (
            "INSERT INTO t VALUES (?, ?)",
            list(&[1]),
            "no value for `?` number 2",
        ),
        (
            "INSERT INTO t VALUES (1, 1); SELECT ?3",
            list(&[1]),
            "no value for",
        ),
        (
            "INSERT INTO t VALUES (:x, 1)",
            list(&[1]),
            "no value for `:x`",
        ),
        (
            "INSERT INTO t VALUES (?, 1)",
            Params::Map(BTreeMap::new()),
            "no value for `?`",
        ),
        (
            "INSERT INTO t VALUES (?, 1)",
            list(&[1, 2]),
            "`params` has 2 values and the script uses 1",
        ),
    ];
    for (sql, params, expected) in table {
        let error = script(sql, &params).unwrap_err();
        assert!(error.contains(expected), "{sql}: {error}");
    }
}

#[test]
fn a_script_is_split_where_its_statements_end() {
    let sql = "-- a; comment\nINSERT INTO t VALUES ('a;''b', /* ; */ 1);;
        CREATE TRIGGER u AFTER INSERT ON t WHEN new.b = 2 BEGIN
            UPDATE t SET b = 3 WHERE a = new.a; UPDATE t SET b = b + 1 WHERE b = 3; END;
        INSERT INTO t VALUES ('z', 2) -- the last";
    assert_eq!(script(sql, &Params::default()).unwrap(), ["a;'b 1", "z 4"]);
}

#[test]
fn an_error_names_the_statement_and_its_line_and_nothing_stays() {
    let table = [
        (
            "INSERT INTO t VALUES (1, 1);\n\n-- why\nINSERT INTO none VALUES (1);",
            "statement 2 at line 4 of the script: no such table: none",
        ),
        (
            "INSERT INTO t VALUES (1, 1);\nCREATE UNIQUE INDEX i ON t (a);\nINSERT INTO t VALUES (1, 2);",
            "statement 3 at line 3 of the script: UNIQUE constraint failed: t.a",
        ),
        (
            "INSERT INTO t VALUES (1, 1);\nCOMMIT;",
            "statement 2 at line 2 of the script: the script runs in one transaction of its own",
        ),
        (
            "INSERT INTO t VALUES (1, 'x",
            "statement 1 at line 1 of the script",
        ),
    ];
    for (sql, expected) in table {
        let error = script(sql, &Params::default()).unwrap_err();
        assert!(error.contains(expected), "{sql}: {error}");
    }
}

#[test]
fn a_cancelled_script_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let connection = format!("sqlite:{}", dir.path().join("db").display());
    let cancel = Cancel::new();
    let database = Database::open(&connection, true, &cancel).unwrap();
    database
        .script("CREATE TABLE t (a)", &Params::default())
        .unwrap();
    cancel.cancel();
    let endless = "INSERT INTO t WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let error = database.script(endless, &Params::default()).unwrap_err();
    assert!(matches!(error, ConnectError::Cancelled), "{error}");
    let again = Database::open(&connection, false, &Cancel::new()).unwrap();
    assert_eq!(texts(&again, "SELECT * FROM t"), Vec::<String>::new());
}

#[test]
fn declared_types_are_checked_and_converted() {
    let table: &[(&str, &str, Result<Value, &str>)] = &[
        ("c TINYINT", "127", Ok(Value::Integer(127))),
        (
            "c TINYINT",
            "128",
            Err("`128` is not a whole number from -128 to 127"),
        ),
        ("c INT", "", Ok(Value::Null)),
        ("c STRING", "", Ok(Value::Text(String::new()))),
        ("c DOUBLE", " 1.5 ", Ok(Value::Real(1.5))),
        ("c DOUBLE", "x", Err("`x` is not a number")),
        (
            "c DOUBLE",
            "NaN",
            Err("`NaN` is no value in SQLite, which would keep it as NULL"),
        ),
        ("c BOOLEAN", "TRUE", Ok(Value::Integer(1))),
        (
            "c BOOLEAN",
            "maybe",
            Err("`maybe` is not `true` or `false`"),
        ),
        (
            "c TIMESTAMP",
            "2026-11-01 12:30:00",
            Ok(Value::Text("2026-11-01 12:30:00".to_owned())),
        ),
        (
            "c TIMESTAMP",
            "soon",
            Err("`soon` is not a timestamp like `2026-11-01 12:30:00`"),
        ),
    ];
    for (column, text, expected) in table {
        let kind = Column::parse(column).unwrap().kind;
        let found = convert(text.as_bytes(), FieldKind::Text, Some(kind));
        let found = found.map(|value| match value {
            ToSqlOutput::Borrowed(value) => value.try_into().unwrap(),
            ToSqlOutput::Owned(value) => value,
            _ => panic!("not a value"),
        });
        assert_eq!(
            found,
            expected.clone().map_err(str::to_owned),
            "{column} {text}"
        );
    }
}
