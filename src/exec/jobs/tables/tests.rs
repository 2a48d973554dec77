//! Statements of each layout in both dialects, and what cannot be a table.

use super::*;

fn table(layout: Layout) -> Table {
    let columns = [("day", "STRING"), ("hits", "INT")];
    Table {
        address: "data_node.clicks".to_owned(),
        layout,
        columns: columns
            .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
            .to_vec(),
        compression: None,
    }
}

fn statements(table: &Table, directories: &[&str], written: bool, dialect: Dialect) -> String {
    let directories = directories.iter().enumerate();
    let placed = Placed {
        table,
        name: "t1".to_owned(),
        directories: directories
            .map(|(number, directory)| (number.to_string(), (*directory).to_owned()))
            .collect(),
        written,
    };
    let mut statements = Statements::default();
    match statements.add(&placed, dialect) {
        Ok(()) => format!("{}--\n{}", statements.before, statements.after),
        Err(error) => error,
    }
}

const CSV: Layout = Layout::Csv {
    header: false,
    escape: Some('\\'),
};

fn separated(separator: &str, header: bool) -> Layout {
    Layout::Separated {
        header,
        separator: separator.to_owned(),
        escape: Some('\\'),
    }
}

#[test]
fn hive_reads_csv_as_text_and_a_view_says_what_it_is() {
    assert_eq!(
        statements(&table(CSV), &["s3://acme/in/"], false, Dialect::Hive),
        r#"DROP TABLE IF EXISTS `t1_files`;
CREATE EXTERNAL TABLE `t1_files` (
  `day` STRING,
  `hits` STRING
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"', 'escapeChar' = '\\')
STORED AS TEXTFILE
LOCATION 's3://acme/in/';
DROP VIEW IF EXISTS `t1`;
CREATE VIEW `t1` AS SELECT `day`, CASE WHEN `hits` = '' THEN NULL ELSE CAST(`hits` AS INT) END AS `hits` FROM `t1_files`;
--
DROP VIEW IF EXISTS `t1`;
DROP TABLE IF EXISTS `t1_files`;
"#
    );
}

#[test]
fn several_intervals_are_partitions_that_nobody_sees() {
    let many = ["s3://acme/a/", "s3://acme/b/"];
    let text = statements(&table(separated("\t", false)), &many, false, Dialect::Hive);
    assert!(
        text.contains("PARTITIONED BY (pipeform_instance STRING)\nROW FORMAT DELIMITED FIELDS TERMINATED BY '\\011' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'"),
        "{text}"
    );
    assert!(
        text.contains("ALTER TABLE `t1_files` ADD\n  PARTITION (pipeform_instance = '0') LOCATION 's3://acme/a/'\n  PARTITION (pipeform_instance = '1') LOCATION 's3://acme/b/';"),
        "{text}"
    );
    assert!(
        text.contains("CREATE VIEW `t1` AS SELECT `day`, `hits` FROM `t1_files`;"),
        "{text}"
    );
}

#[test]
fn an_output_is_a_table_and_no_view() {
    for dialect in [Dialect::Hive, Dialect::Spark] {
        let text = statements(&table(CSV), &["s3://acme/out/"], true, dialect);
        assert!(!text.contains("VIEW"), "{text}");
        assert!(text.contains("LOCATION 's3://acme/out/';"), "{text}");
    }
    let mut zipped = table(CSV);
    zipped.compression = Some("gzip".to_owned());
    let text = statements(&zipped, &["s3://acme/out/"], true, Dialect::Hive);
    assert!(
        text.contains("SET hive.exec.compress.output=true;"),
        "{text}"
    );
    let text = statements(&zipped, &["/out/"], true, Dialect::Spark);
    assert!(text.contains("'compression' 'gzip'"), "{text}");
}

#[test]
fn spark_reads_and_writes_its_own_way() {
    let with_header = separated(";", true);
    for (layout, expected) in [
        (
            CSV,
            r#"USING csv OPTIONS ('quote' '"', 'escape' '\\', 'header' 'false')"#,
        ),
        (
            with_header,
            r"USING csv OPTIONS ('sep' '\073', 'quote' '', 'escape' '\\', 'nullValue' '\\N', 'header' 'true')",
        ),
        (Layout::JsonLines, "USING json\nLOCATION"),
        (
            Layout::Parquet("zstd".to_owned()),
            "USING parquet OPTIONS ('compression' 'zstd')",
        ),
        (
            Layout::Regex("^(.)(.)".to_owned()),
            "RegexSerDe'\nWITH SERDEPROPERTIES ('input.regex' = '^(.)(.)')",
        ),
    ] {
        let text = statements(&table(layout), &["/data/"], false, Dialect::Spark);
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn spark_finds_the_columns_of_several_intervals_in_their_files() {
    let mut lines = table(Layout::JsonLines);
    lines.columns.clear();
    let many = ["/staging/1/input1/a/", "/staging/1/input1/b/"];
    let text = statements(&lines, &many, false, Dialect::Spark);
    assert!(
        text.contains("CREATE TABLE `t1`\nUSING json OPTIONS ('recursiveFileLookup' 'true')\nLOCATION '/staging/1/input1';"),
        "{text}"
    );
    assert!(
        !text.contains("PARTITION") && !text.contains("VIEW"),
        "{text}"
    );
    let text = statements(&lines, &many[..1], false, Dialect::Spark);
    assert!(
        text.contains("USING json\nLOCATION '/staging/1/input1/a/'"),
        "{text}"
    );
    let error = statements(&lines, &many, false, Dialect::Hive);
    assert!(error.contains("list the columns"), "{error}");
}

#[test]
fn hive_loads_once_what_reads_json() {
    let lines = table(Layout::JsonLines);
    let mut statements = Statements::default();
    for name in ["t1", "t2"] {
        let placed = Placed {
            table: &lines,
            name: name.to_owned(),
            directories: vec![("a".to_owned(), "s3://acme/in/".to_owned())],
            written: false,
        };
        statements.add(&placed, Dialect::Hive).unwrap();
    }
    assert!(statements.before.starts_with(JSON_JAR));
    assert_eq!(statements.before.matches("ADD JAR").count(), 1);
    let text = self::statements(&lines, &["/data/"], false, Dialect::Spark);
    assert!(!text.contains("ADD JAR"), "{text}");
}

#[test]
fn what_cannot_be_a_table_says_why() {
    let mut bare = table(CSV);
    bare.columns.clear();
    let regex = || table(Layout::Regex("x".to_owned()));
    let dynamo = table(Layout::Dynamo(Vec::new()));
    for (table, written, dialect, expected) in [
        (bare, false, Dialect::Hive, "list the columns"),
        (regex(), true, Dialect::Hive, "cannot be written"),
        (dynamo, false, Dialect::Spark, "DynamoDB"),
        (
            table(separated("||", false)),
            false,
            Dialect::Hive,
            "one character",
        ),
    ] {
        let text = statements(&table, &["/x/"], written, dialect);
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn texts_hold_nothing_that_ends_a_statement_or_begins_a_variable() {
    assert_eq!(literal(r"a;'b\${c}"), r"'a\073\'b\\\044{c}'");
    assert_eq!(quoted("a`b"), "`a``b`");
}
