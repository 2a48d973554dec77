//! Data nodes as tables: the statements that make them in front of a Hive script, and remove them behind it.
//!
//! Pure text. A table is external: it says where files are and how they are read, so that making and removing it moves no data. A data
//! node of several intervals is one table whose parts are partitions, and what a script sees of an input is a view where the files
//! alone do not say it: columns that are all text, partitions that nobody asked for.

mod formats;
mod quoting;
#[cfg(test)]
mod tests;

use formats::pairs;
use quoting::literal;
use quoting::quoted;

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
