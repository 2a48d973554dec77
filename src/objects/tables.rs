//! Whether data nodes can be tables of a Hive script, as far as their definitions say it. So a plan knows it before a run does.

use super::object::Object;
use super::settings;
use super::settings::Objects;
use crate::lang::Value;

/// What a table is for, and who works with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Whether the script writes it.
    pub written: bool,
    /// Whether it is Hive on a cluster, and not Spark on this machine.
    pub on_cluster: bool,
    /// Whether it is `hive_copy`, which makes its script itself.
    pub copied: bool,
}

/// Why a data node cannot be a table, as a sentence without its stop. `None`: nothing is known against it.
pub fn why_not(objects: &Objects, node: &Object, of: Use) -> Option<String> {
    let address = &node.address;
    let node_type = node.object_type.name;
    if !["s3", "file", "dynamodb"].contains(&node_type) {
        return Some(format!(
            "`{address}` is a data node of type `{node_type}`; those of types `s3`, `file` and `dynamodb` can be"
        ));
    }
    let Some(format) = node
        .reference("format")
        .and_then(|format| objects.get(&format))
    else {
        return Some(format!(
            "`{address}` has no `format`, which says what its columns are"
        ));
    };
    let format_type = format.object_type.name;
    match (node_type, format_type) {
        ("dynamodb", "dynamodb") if of.on_cluster => {}
        ("dynamodb", "dynamodb_export") if of.copied => return None,
        ("s3", "dynamodb_export") if of.copied => {
            let why = of_files(node, format_type, of)?;
            return Some(format!("{why} (`{address}`)"));
        }
        ("s3", "dynamodb") if of.copied => {
            return Some(format!(
                "`{address}` has the format `dynamodb`, which tables have; files have `dynamodb_export`, `tsv` and the like"
            ));
        }
        ("dynamodb", "dynamodb") => {
            return Some(format!(
                "`{address}` is a table of DynamoDB, which Spark cannot read or write; Hive on a cluster can"
            ));
        }
        ("dynamodb", _) => {
            return Some(format!(
                "`{address}` has the format `{format_type}`, and a table of DynamoDB has the format `dynamodb`"
            ));
        }
        ("file", _) if of.on_cluster => {
            return Some(format!(
                "`{address}` is on this machine, where no cluster reads"
            ));
        }
        (_, "dynamodb" | "dynamodb_export") => {
            return Some(format!(
                "files of the format `{format_type}`, as `{address}` has it, are read and written by `hive_copy` only"
            ));
        }
        _ => {}
    }
    let why = of_format(objects, format, of).or_else(|| of_files(node, format_type, of))?;
    Some(format!("{why} (`{address}`)"))
}

/// What a format has against it.
fn of_format(objects: &Objects, format: &Object, of: Use) -> Option<String> {
    let name = format.object_type.name;
    let has_columns = match format.get("column") {
        Some(Value::List(columns) | Value::Tuple(columns)) => !columns.is_empty(),
        Some(_) => true,
        None => false,
    };
    let inferred = !of.on_cluster && !of.written && ["json_lines", "parquet"].contains(&name);
    if !has_columns && !inferred {
        return Some("its format must list the columns, in `column`".to_owned());
    }
    if name == "regex" && of.written {
        return Some("a table of format `regex` cannot be written".to_owned());
    }
    let text = |name: &str| settings::text(objects, format, name);
    if text("record_separator").is_some_and(|separator| separator != "\n") {
        return Some("the records of a table end with a line".to_owned());
    }
    let header = settings::boolean(objects, format, "header") == Some(true);
    match text("column_separator") {
        Some(separator)
            if separator.chars().count() != 1
                && ["tsv", "custom"].contains(&name)
                && (of.on_cluster || !header) =>
        {
            Some(format!(
                "the columns of a table are separated by one character, and not by {separator:?}"
            ))
        }
        _ => None,
    }
}

/// What the files have against it.
fn of_files(node: &Object, format_type: &str, of: Use) -> Option<String> {
    let compression = node.get("compression");
    if of.written && compression == Some(&Value::string("zstd")) && format_type != "parquet" {
        return Some(
            "Hive does not write text that is compressed with zstd; `gzip` it can".to_owned(),
        );
    }
    let in_s3 = node.object_type.name == "s3" && of.on_cluster;
    if in_s3 && node.get("manifest_file_path").is_some() {
        return Some("a table is all files below a prefix, and not those of a manifest".to_owned());
    }
    let one_file = match node.get("path") {
        Some(Value::String(path)) => !path.ends_with('/'),
        _ => false,
    };
    (in_s3 && one_file)
        .then(|| "a table is all files below a prefix: let its `path` end in `/`".to_owned())
}
