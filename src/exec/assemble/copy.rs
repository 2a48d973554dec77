//! What a copy needs: its ends, their paths, formats and tables.

use std::path::PathBuf;

use super::Assembler;
use super::params;
use super::required;
use super::transfer::encryption;
use super::transfer::not_listed;
use crate::connect::formats::Column;
use crate::connect::formats::Format;
use crate::connect::formats::compression::Compression;
use crate::connect::formats::csv;
use crate::connect::formats::custom;
use crate::connect::formats::json_lines::JsonLines;
use crate::connect::formats::parquet::Pages;
use crate::connect::formats::parquet::Parquet;
use crate::connect::formats::regex::RegexFormat;
use crate::connect::formats::tsv;
use crate::connect::place::Place;
use crate::connect::place::S3Place;
use crate::connect::s3::Location;
use crate::connect::sqlite::TableTarget;
use crate::connect::sqlite::WriteMode;
use crate::exec::copy::Copy;
use crate::exec::copy::FileEnd;
use crate::exec::copy::FilesEnd;
use crate::exec::copy::Input;
use crate::exec::copy::OnRowError;
use crate::exec::copy::Output;
use crate::exec::copy::RejectFile;
use crate::lang::Value;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::ResolvedActivity;
use crate::objects::resolve::Try;

impl<'a> Assembler<'a> {
    pub(super) fn copy(&self, resolved: &ResolvedActivity<'a>, of: Try) -> Result<Copy, String> {
        let mut inputs = Vec::new();
        for node in resolved.inputs.values().flatten() {
            inputs.push(match node.object.object_type.name {
                "sql" => Input::Query {
                    connection: self.connection(node, of)?,
                    select_query: match node.text("select_query") {
                        Some(query) => query.to_owned(),
                        None => format!("SELECT * FROM {}", quoted(&required(node, "table")?)),
                    },
                    params: params(node.get("params"))?,
                },
                _ => match self.files(node)? {
                    Ok(many) => Input::Files(many),
                    Err(one) => Input::File(one),
                },
            });
        }
        let mut outputs = resolved.outputs.values().flatten();
        let (Some(output), None) = (outputs.next(), outputs.next()) else {
            return Err("a copy writes one data node for each of its intervals; give it one `output` with its own schedule".to_owned());
        };
        let output = match output.object.object_type.name {
            "sql" => Output::Table(self.table(output, of)?),
            _ => match self.files(output)? {
                Ok(many) => {
                    not_listed(output, &many.place)?;
                    Output::Files(many)
                }
                Err(one) => Output::File(one),
            },
        };
        Ok(Copy {
            inputs,
            output,
            on_row_error: self.on_row_error(resolved)?,
        })
    }

    fn on_row_error(&self, resolved: &ResolvedActivity<'a>) -> Result<OnRowError, String> {
        let activity = &resolved.activity;
        if activity.text("on_row_error") != Some("skip") {
            return Ok(OnRowError::Fail);
        }
        let most = activity.get("max_rejects").and_then(|value| match value {
            Value::Number(number) => number.to_i64(),
            _ => None,
        });
        Ok(OnRowError::Skip(RejectFile {
            place: self.reject_to(resolved)?,
            most: most.and_then(|most| u64::try_from(most).ok()),
        }))
    }

    /// Where rejects go. In S3 they are reached and encrypted as the output is, else as the first input, else as the activity says.
    fn reject_to(&self, resolved: &ResolvedActivity<'a>) -> Result<Place, String> {
        let to = required(&resolved.activity, "reject_to")?;
        let nodes = || {
            let outputs = resolved.outputs.values().flatten();
            outputs.chain(resolved.inputs.values().flatten())
        };
        let in_s3 = |node: &&Resolved<'a>| node.object.object_type.name == "s3";
        let place = if to.starts_with("s3://") {
            let like = nodes().find(in_s3);
            let object = like.map_or(resolved.activity.object, |node| node.object);
            Place::S3(Box::new(S3Place {
                settings: self.aws(object),
                at: Location::parse(&to).map_err(|error| format!("`reject_to`: {error}"))?,
                encryption: like.map(encryption).unwrap_or_default(),
                manifest: None,
            }))
        } else {
            Place::File(self.directory.join(&to))
        };
        if place.is_many() {
            return Err(format!(
                "`reject_to` is `{to}`, and rejects go into one file; let it name one, e.g. `{to}rejects.csv`"
            ));
        }
        for node in resolved.inputs.values().flatten() {
            if self.place(node)?.is_some_and(|read| read.contains(&place)) {
                return Err(format!(
                    "`reject_to` is `{to}`, which lies in `{}`, and the next run would read it; give the rejects a place of their own",
                    node.object.address
                ));
            }
        }
        for node in nodes() {
            let same = match (self.place(node)?, &place) {
                (Some(Place::S3(one)), Place::S3(other)) => one.at == other.at,
                (Some(one), other) => one == *other,
                (None, _) => false,
            };
            if same {
                return Err(format!(
                    "`reject_to` is `{to}`, which is the path of `{}`, too; give the rejects a file of their own",
                    node.object.address
                ));
            }
        }
        Ok(place)
    }

    fn table(&self, node: &Resolved<'a>, of: Try) -> Result<TableTarget, String> {
        let optional = |name: &str| node.text(name).map(str::to_owned);
        Ok(TableTarget {
            connection: self.connection(node, of)?,
            table: required(node, "table")?,
            create_table_sql: optional("create_table_sql"),
            insert_query: optional("insert_query"),
            write: match node.text("write") {
                Some("replace") => WriteMode::Replace(optional("replace_where")),
                Some("upsert") => WriteMode::Upsert(node.texts("primary_keys")),
                _ => WriteMode::Append,
            },
            params: params(node.get("params"))?,
        })
    }

    /// The files of a data node: all below a directory or a prefix, or else one.
    fn files(&self, node: &Resolved<'a>) -> Result<Result<FilesEnd, FileEnd>, String> {
        let place = self.place(node)?.ok_or_else(|| {
            format!(
                "this version of pipeform cannot copy `{}`, a data node of type `{}`",
                node.object.address, node.object.object_type.name
            )
        })?;
        let format = self.format(node)?;
        let compression = node.text("compression").and_then(Compression::of_name);
        if place.is_many() {
            return Ok(Ok(FilesEnd {
                place,
                format,
                compression,
                accumulates: node.boolean("accumulate"),
            }));
        }
        Ok(Err(FileEnd {
            within: None,
            compression: compression.unwrap_or_else(|| place.compression()),
            place,
            format,
        }))
    }

    pub(super) fn path(&self, node: &Resolved<'a>) -> Result<PathBuf, String> {
        Ok(self.directory.join(required(node, "path")?))
    }

    pub(super) fn format(&self, node: &Resolved<'a>) -> Result<Option<Format>, String> {
        let Some(address) = node.object.reference("format") else {
            return Ok(None);
        };
        let Some(object) = self.resolver.objects.get(&address) else {
            return Err(format!("the definition has no `{address}`"));
        };
        let format = Resolved {
            object,
            interval: node.interval,
            attributes: object.attributes.clone(),
            run: Value::NULL,
        };
        let columns = format
            .texts("column")
            .iter()
            .map(|text| Column::parse(text))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("{address}: {error}"))?;
        let header = format.boolean("header");
        let escape = format
            .text("escape_char")
            .and_then(|text| text.bytes().next());
        let separator = |name: &str| format.text(name).map(|text| text.as_bytes().to_vec());
        let mut delimited = match object.object_type.name {
            "json_lines" => return Ok(Some(Format::JsonLines(JsonLines { columns }))),
            "parquet" => {
                let pages = format.text("compression").and_then(Pages::of_name);
                let pages = pages.unwrap_or_default();
                let untyped = format.texts("column").into_iter();
                return Ok(Some(Format::Parquet(Parquet {
                    columns,
                    // A name without a type is one word.
                    untyped: untyped
                        .map(|text| text.trim().to_owned())
                        .filter(|text| !text.contains(char::is_whitespace))
                        .collect(),
                    pages,
                })));
            }
            "regex" => {
                return Ok(Some(Format::Regex(RegexFormat {
                    columns,
                    input_regex: required(&format, "input_regex")?,
                    output_format: format.text("output_format").map(str::to_owned),
                })));
            }
            "csv" => csv::csv(columns, header, escape),
            "tsv" => tsv::tsv(columns, header, escape),
            _ => custom::custom(columns, header, Vec::new(), escape),
        };
        if let Some(separator) = separator("column_separator") {
            delimited.separator = separator;
        }
        if let Some(separator) = separator("record_separator") {
            delimited.record_separator = separator;
        }
        Ok(Some(Format::Delimited(delimited)))
    }
}

/// A table's name as SQL takes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
