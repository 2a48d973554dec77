//! How Hive and Spark are told to read and write the files of a table: for each layout, the clauses of the statement that makes it.

use super::Layout;
use super::One;
use super::quoting::literal;

impl One<'_> {
    /// Spark's own reader and writer, with its options.
    pub(super) fn spark_format(&self) -> String {
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
    pub(super) fn hive_format(&self) -> (String, Vec<(String, String)>) {
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
}

/// Hive leaves out the line that names the columns.
fn skipped(header: bool) -> Option<(String, String)> {
    header.then(|| ("skip.header.line.count".to_owned(), "1".to_owned()))
}

fn character(character: Option<char>) -> String {
    // A character that is in no text takes the meaning from nothing.
    character.unwrap_or('\u{1}').to_string()
}

/// Settings as Hive lists them.
pub(super) fn pairs(settings: &[(String, String)]) -> String {
    let pairs = settings
        .iter()
        .map(|(name, value)| format!("{} = {}", literal(name), literal(value)));
    pairs.collect::<Vec<_>>().join(", ")
}
