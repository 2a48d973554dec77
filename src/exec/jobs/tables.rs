//! Data nodes as tables: the statements that make them in front of a Hive script, and remove them behind it.
//!
//! Pure text. A table is external: it says where files are and how they are read, so that making and removing it moves no data. A data
//! node of several intervals is one table whose parts are partitions, and what a script sees of an input is a view where the files
//! alone do not say it: columns that are all text, partitions that nobody asked for.

/// The column that tells the intervals of a data node apart, which scripts do not see.
const INSTANCE: &str = "pipeform_instance";

/// What makes JSON readable to Hive. Clusters of EMR have it, and Hive there does not load it by itself.
const JSON_JAR: &str = "ADD JAR /usr/lib/hive-hcatalog/share/hcatalog/hive-hcatalog-core.jar;\n";

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Hive, on a cluster.
    Hive,
    /// Spark, with readers and writers of its own for most formats.
    Spark,
}

/// How files, or a table of `DynamoDB`, are read and written.
#[derive(Clone, Debug, PartialEq)]
pub enum Layout {
    /// Comma separated, with quotes.
    Csv {
        /// Whether the first line names the columns.
        header: bool,
        /// What takes the meaning from a quote.
        escape: Option<char>,
    },
    /// Between separators, without quotes.
    Separated {
        /// Whether the first line names the columns.
        header: bool,
        /// Between columns.
        separator: String,
        /// What takes the meaning from a separator.
        escape: Option<char>,
    },
    /// Lines that an expression takes apart.
    Regex(String),
    /// A JSON object a line.
    JsonLines,
    /// Parquet, compressed so when it is written.
    Parquet(String),
    /// A table of `DynamoDB`, with the settings of its storage handler.
    Dynamo(Vec<(String, String)>),
}

/// A data node that a script may use as a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The data node, for messages.
    pub address: String,
    /// How its records are laid out.
    pub layout: Layout,
    /// Its columns: names and types.
    pub columns: Vec<(String, String)>,
    /// How the files that are written are compressed.
    pub compression: Option<String>,
}

/// A table with its name and where its files are.
#[derive(Clone, Debug)]
pub(super) struct Placed<'t> {
    pub(super) table: &'t Table,
    /// What the script calls it.
    pub(super) name: String,
    /// Its directories, each with the name that it has among them; none where the layout says all.
    pub(super) directories: Vec<(String, String)>,
    /// Whether it is written.
    pub(super) written: bool,
}

/// Statements before and after a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Statements {
    pub(super) before: String,
    pub(super) after: String,
}

impl Statements {
    /// Adds the statements of a table.
    pub(super) fn add(&mut self, placed: &Placed<'_>, dialect: Dialect) -> Result<(), String> {
        let mut one = One {
            placed,
            dialect,
            in_parts: false,
        };
        one.in_parts = placed.directories.len() > 1 && !one.is_inferred();
        one.check()?;
        let view = one.needs_view();
        let table = if view {
            format!("{}_files", placed.name)
        } else {
            placed.name.clone()
        };
        let name = quoted(&table);
        let mut text = format!("DROP TABLE IF EXISTS {name};\n");
        text.push_str(&one.settings());
        text.push_str(&one.create(&name));
        if one.in_parts {
            text.push_str(&one.partitions(&name));
        }
        let mut after = format!("DROP TABLE IF EXISTS {name};\n");
        if view {
            let view = quoted(&placed.name);
            let selected = one.selected();
            text = format!(
                "{text}DROP VIEW IF EXISTS {view};\nCREATE VIEW {view} AS SELECT {selected} FROM {name};\n"
            );
            after = format!("DROP VIEW IF EXISTS {view};\n{after}");
        }
        if one.needs_jar() && !self.before.contains(JSON_JAR) {
            self.before.push_str(JSON_JAR);
        }
        self.before.push_str(&text);
        self.after.push_str(&after);
        Ok(())
    }
}

/// A table in one dialect.
struct One<'p> {
    placed: &'p Placed<'p>,
    dialect: Dialect,
    in_parts: bool,
}

impl One<'_> {
    fn table(&self) -> &Table {
        self.placed.table
    }

    fn check(&self) -> Result<(), String> {
        let Table {
            layout,
            compression,
            ..
        } = self.table();
        if self.table().columns.is_empty() && (self.placed.written || !self.is_inferred()) {
            return Err("its format must list the columns, in `column`".to_owned());
        }
        match layout {
            Layout::Regex(_) if self.placed.written => {
                Err("a table of format `regex` cannot be written".to_owned())
            }
            Layout::Dynamo(_) if self.dialect == Dialect::Spark => Err(
                "Spark cannot read or write tables of DynamoDB; Hive on a cluster can".to_owned(),
            ),
            Layout::Separated { separator, .. }
                if separator.chars().count() != 1 && !self.by_spark() =>
            {
                Err(format!(
                    "the columns of a table are separated by one character, and not by {separator:?}"
                ))
            }
            _ if self.placed.written
                && compression.as_deref() == Some("zstd")
                && !matches!(layout, Layout::Parquet(_)) =>
            {
                Err(
                    "Hive does not write text that is compressed with zstd; `gzip` it can"
                        .to_owned(),
                )
            }
            _ => Ok(()),
        }
    }

    /// Whether Spark finds the columns in the files. Then they cannot be parts of a table, and are all that is below one directory.
    fn is_inferred(&self) -> bool {
        let Table {
            layout, columns, ..
        } = self.table();
        let says = matches!(layout, Layout::JsonLines | Layout::Parquet(_));
        self.dialect == Dialect::Spark && says && columns.is_empty()
    }

    /// Whether Spark's own reader and writer is used.
    fn by_spark(&self) -> bool {
        self.dialect == Dialect::Spark
            && match self.table().layout {
                Layout::Csv { .. } | Layout::JsonLines | Layout::Parquet(_) => true,
                Layout::Separated { header, .. } => header,
                Layout::Regex(_) | Layout::Dynamo(_) => false,
            }
    }

    fn needs_jar(&self) -> bool {
        !self.by_spark() && matches!(self.table().layout, Layout::JsonLines)
    }

    /// Whether all columns of the files are text, whatever the table says.
    fn all_text(&self) -> bool {
        !self.by_spark() && matches!(self.table().layout, Layout::Csv { .. })
    }

    fn needs_view(&self) -> bool {
        let typed = self
            .table()
            .columns
            .iter()
            .any(|(_, kind)| kind != "STRING");
        !self.placed.written && (self.in_parts || (self.all_text() && typed))
    }

    /// Hive compresses all that a script writes, or nothing.
    fn settings(&self) -> String {
        let gzip = self.table().compression.as_deref() == Some("gzip");
        let text = !matches!(self.table().layout, Layout::Parquet(_) | Layout::Dynamo(_));
        if !self.placed.written || !gzip || !text || self.by_spark() {
            return String::new();
        }
        "SET hive.exec.compress.output=true;\n\
         SET mapreduce.output.fileoutputformat.compress=true;\n\
         SET mapreduce.output.fileoutputformat.compress.codec=org.apache.hadoop.io.compress.GzipCodec;\n"
            .to_owned()
    }

    fn create(&self, name: &str) -> String {
        let location = match self.placed.directories.as_slice() {
            [] => String::new(),
            [(_, only)] => format!("\nLOCATION {}", literal(only)),
            [(_, first), ..] if self.is_inferred() => {
                format!("\nLOCATION {}", literal(above(first)))
            }
            // Its parts say where they are.
            [(_, first), ..] => format!("\nLOCATION {}", literal(first)),
        };
        let columns = self.columns();
        if self.by_spark() {
            let partitioned = if self.in_parts {
                format!("\nPARTITIONED BY ({INSTANCE})")
            } else {
                String::new()
            };
            return format!(
                "CREATE TABLE {name}{columns}\n{}{partitioned}{location};\n",
                self.spark_format()
            );
        }
        let partitioned = if self.in_parts {
            format!("\nPARTITIONED BY ({INSTANCE} STRING)")
        } else {
            String::new()
        };
        let (format, properties) = self.hive_format();
        let properties = if properties.is_empty() {
            String::new()
        } else {
            format!("\nTBLPROPERTIES ({})", pairs(&properties))
        };
        format!(
            "CREATE EXTERNAL TABLE {name}{columns}{partitioned}\n{format}{location}{properties};\n"
        )
    }

    /// The columns in parentheses; nothing where files say it themselves.
    fn columns(&self) -> String {
        let mut columns: Vec<String> = Vec::new();
        for (name, kind) in &self.table().columns {
            let kind = if self.all_text() { "STRING" } else { kind };
            columns.push(format!("{} {kind}", quoted(name)));
        }
        if columns.is_empty() {
            return String::new();
        }
        if self.by_spark() && self.in_parts {
            columns.push(format!("{INSTANCE} STRING"));
        }
        format!(" (\n  {}\n)", columns.join(",\n  "))
    }

    fn spark_format(&self) -> String {
        let mut options: Vec<(&str, String)> = Vec::new();
        let (format, header) = match &self.table().layout {
            Layout::JsonLines => ("json", None),
            Layout::Parquet(pages) => {
                options.push(("compression", pages.clone()));
                ("parquet", None)
            }
            Layout::Csv { header, escape } => {
                options.push(("quote", "\"".to_owned()));
                options.push(("escape", character(*escape)));
                ("csv", Some(*header))
            }
            Layout::Separated {
                header,
                separator,
                escape,
            } => {
                options.push(("sep", separator.clone()));
                options.push(("quote", String::new()));
                options.push(("escape", character(*escape)));
                options.push(("nullValue", "\\N".to_owned()));
                ("csv", Some(*header))
            }
            Layout::Regex(_) | Layout::Dynamo(_) => ("text", None),
        };
        if let Some(header) = header {
            options.push(("header", header.to_string()));
        }
        if self.placed.written
            && format != "parquet"
            && let Some(compression) = &self.table().compression
        {
            options.push(("compression", compression.clone()));
        }
        if self.is_inferred() && self.placed.directories.len() > 1 {
            options.push(("recursiveFileLookup", "true".to_owned()));
        }
        if options.is_empty() {
            return format!("USING {format}");
        }
        let options: Vec<String> = options
            .iter()
            .map(|(name, value)| format!("'{name}' {}", literal(value)))
            .collect();
        format!("USING {format} OPTIONS ({})", options.join(", "))
    }

    /// How Hive reads and writes it, and the properties of the table.
    fn hive_format(&self) -> (String, Vec<(String, String)>) {
        let mut properties = Vec::new();
        let format = match &self.table().layout {
            Layout::Csv { header, escape } => {
                properties.extend(skipped(*header));
                let settings = [
                    ("separatorChar", ",".to_owned()),
                    ("quoteChar", "\"".to_owned()),
                    ("escapeChar", character(*escape)),
                ]
                .map(|(name, value)| (name.to_owned(), value));
                format!(
                    "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'\nWITH SERDEPROPERTIES ({})\nSTORED AS TEXTFILE",
                    pairs(&settings)
                )
            }
            Layout::Separated {
                header,
                separator,
                escape,
            } => {
                properties.extend(skipped(*header));
                let escaped = escape.map_or_else(String::new, |escape| {
                    format!(" ESCAPED BY {}", literal(&escape.to_string()))
                });
                format!(
                    "ROW FORMAT DELIMITED FIELDS TERMINATED BY {}{escaped} LINES TERMINATED BY '\\n'\nSTORED AS TEXTFILE",
                    literal(separator)
                )
            }
            Layout::Regex(expression) => {
                let settings = [("input.regex".to_owned(), expression.clone())];
                format!(
                    "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'\nWITH SERDEPROPERTIES ({})\nSTORED AS TEXTFILE",
                    pairs(&settings)
                )
            }
            Layout::JsonLines => {
                "ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'\nSTORED AS TEXTFILE"
                    .to_owned()
            }
            Layout::Parquet(pages) => {
                let pages = match pages.as_str() {
                    "none" => "UNCOMPRESSED".to_owned(),
                    pages => pages.to_uppercase(),
                };
                properties.push(("parquet.compression".to_owned(), pages));
                "STORED AS PARQUET".to_owned()
            }
            Layout::Dynamo(settings) => {
                properties.extend(settings.iter().cloned());
                "STORED BY 'org.apache.hadoop.hive.dynamodb.DynamoDBStorageHandler'".to_owned()
            }
        };
        (format, properties)
    }

    fn partitions(&self, name: &str) -> String {
        let parts = self.placed.directories.iter().map(|(instance, directory)| {
            format!(
                "\n  PARTITION ({INSTANCE} = {}) LOCATION {}",
                literal(instance),
                literal(directory)
            )
        });
        format!("ALTER TABLE {name} ADD{};\n", parts.collect::<String>())
    }

    /// What a script sees of the columns.
    fn selected(&self) -> String {
        let columns = self.table().columns.iter();
        let columns: Vec<String> = columns
            .map(|(name, kind)| {
                let name = quoted(name);
                if !self.all_text() || kind == "STRING" {
                    return name;
                }
                format!("CASE WHEN {name} = '' THEN NULL ELSE CAST({name} AS {kind}) END AS {name}")
            })
            .collect();
        if columns.is_empty() {
            return "*".to_owned();
        }
        columns.join(", ")
    }
}

/// The directory that a directory is in.
fn above(directory: &str) -> &str {
    let directory = directory.trim_end_matches('/');
    directory
        .rsplit_once('/')
        .map_or(directory, |(above, _)| above)
}

/// Hive leaves out the line that names the columns.
fn skipped(header: bool) -> Option<(String, String)> {
    header.then(|| ("skip.header.line.count".to_owned(), "1".to_owned()))
}

fn character(character: Option<char>) -> String {
    // A character that is in no text takes the meaning from nothing.
    character.unwrap_or('\u{1}').to_string()
}

fn pairs(settings: &[(String, String)]) -> String {
    let pairs = settings
        .iter()
        .map(|(name, value)| format!("{} = {}", literal(name), literal(value)));
    pairs.collect::<Vec<_>>().join(", ")
}

/// A name of a table or a column.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in quotes. What ends a statement or begins a variable is written by its number, for those who look for it in texts, too.
pub(super) fn literal(text: &str) -> String {
    let mut quoted = String::from("'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => quoted.extend(['\\', character]),
            ';' | '$' | '\0'..='\u{1f}' => {
                quoted.extend(format!("\\{:03o}", u32::from(character)).chars());
            }
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
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
}
