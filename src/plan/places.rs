//! Where data lies, and where commands, checks and actions go, as the next run will see it: what an attempt would refuse is found
//! before there is one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::copies::finding;
use super::copies::s3_place;
use crate::diag::Diagnostic;
use crate::diag::Severity;
use crate::lang::Value;
use crate::objects::Kind;
use crate::objects::Object;

/// The attributes of an object, as far as they are known.
pub(super) type Attributes = BTreeMap<Arc<str>, Value>;

/// What is wrong with the places that an object names.
pub(super) fn check(object: &Object, attributes: &Attributes) -> Vec<Diagnostic> {
    if object.kind() == Kind::DataNode {
        let found = [
            wrong_path(object, attributes),
            wrong_manifest(object, attributes),
            wrong_accumulate(object, attributes),
        ];
        return found.into_iter().flatten().collect();
    }
    let wrong = |(name, rule): &(&'static str, Rule)| {
        let wrong = rule(text(attributes, name)?)?;
        let about = (&object.address, *name);
        Some(finding(wrong.summary, wrong.detail, about, wrong.help))
    };
    let endpoints = endpoints(attributes).into_iter().map(|(name, wrong)| {
        let about = (&object.address, name.as_str());
        finding(wrong.summary, wrong.detail, about, wrong.help)
    });
    let of_rules = rules(object).iter().filter_map(wrong);
    let directory = key_of_directory(object, attributes);
    of_rules.chain(endpoints).chain(directory).collect()
}

/// A key that is waited for and ends as prefixes do. In AWS there is such an object only where somebody has made a folder.
fn key_of_directory(object: &Object, attributes: &Attributes) -> Option<Diagnostic> {
    if object.object_type.name != "s3_key_exists" {
        return None;
    }
    let wanted = text(attributes, "s3_key")?;
    if key(wanted).is_some() || !wanted.ends_with('/') {
        return None;
    }
    let finding = finding(
        "Key that ends in a slash",
        format!(
            "The object is `{wanted}`. In Amazon S3 there is one of this key only where somebody has made a folder, whatever lies below it; other servers say at once that it is there."
        ),
        (&object.address, "s3_key"),
        "Wait for what lies below it with `precondition \"s3_prefix_not_empty\"`, or name the object.",
    );
    Some(Diagnostic {
        severity: Severity::Warning,
        ..finding
    })
}

/// An attribute that is a text, and no secret.
fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    match attributes.get(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// What is wrong with the value of an attribute.
struct Wrong {
    summary: &'static str,
    detail: String,
    help: &'static str,
}

/// What a value has to be; `None`: it is.
type Rule = fn(&str) -> Option<Wrong>;

/// Attributes with what they have to be.
type Rules = &'static [(&'static str, Rule)];

const COMMAND: Rules = &[
    ("script_uri", script),
    ("stdout", printed),
    ("stderr", printed),
    ("log_uri", logs),
];
const SCRIPT: Rules = &[("script_uri", script), ("log_uri", logs)];
const LOGS: Rules = &[("log_uri", logs)];
const KEY: Rules = &[("s3_key", key)];
const PREFIX: Rules = &[("s3_prefix", prefix)];
const TOPIC: Rules = &[("topic", topic)];
const RECEIVER: Rules = &[("url", receiver)];
const PROVIDER: Rules = &[("endpoint_url", endpoint), ("region", region)];
const REGION: Rules = &[("region", region)];

fn rules(object: &Object) -> Rules {
    match (object.kind(), object.object_type.name) {
        (Kind::Activity | Kind::Precondition | Kind::Action, "shell_command") => COMMAND,
        (Kind::Activity, "sql") => SCRIPT,
        (Kind::Activity | Kind::Pipeline, _) => LOGS,
        (Kind::Precondition, "s3_key_exists") => KEY,
        (Kind::Precondition, "s3_prefix_not_empty") => PREFIX,
        (Kind::Action, "sns") => TOPIC,
        (Kind::Action, "webhook") => RECEIVER,
        (Kind::Provider, _) => PROVIDER,
        (Kind::Resource | Kind::Database, _) | (Kind::DataNode, "dynamodb") => REGION,
        _ => &[],
    }
}

/// Whether a text is meant to be a place in S3, and no path on this machine.
fn is_uri(text: &str) -> bool {
    text.contains("://") || text.starts_with("s3:")
}

fn not_in_s3(what: &str, text: &str, why: &str, help: &'static str) -> Wrong {
    Wrong {
        summary: "Not a place in S3",
        detail: format!("{what} `{text}`: {why}."),
        help,
    }
}

fn script(text: &str) -> Option<Wrong> {
    let is_prefix = if is_uri(text) {
        match s3_place(text) {
            Ok(is_prefix) => is_prefix,
            Err(why) => {
                let help = "Write `s3://BUCKET/KEY`, or the path of a file.";
                return Some(not_in_s3("The script is", text, why, help));
            }
        }
    } else {
        text.ends_with('/')
    };
    is_prefix.then(|| Wrong {
        summary: "Not one file",
        detail: format!("The script is `{text}`, and a script is one file."),
        help: "Name the file.",
    })
}

fn printed(text: &str) -> Option<Wrong> {
    let why = is_uri(text).then(|| s3_place(text).err())??;
    let help = "Write `s3://BUCKET/KEY`, `s3://BUCKET/PREFIX/`, or the path of a file.";
    Some(not_in_s3("What is printed goes to", text, why, help))
}

fn logs(text: &str) -> Option<Wrong> {
    // Templates of AWS Data Pipeline have it so, to be filled in: what reads only the definition is to work with them.
    if text == "s3://" {
        return None;
    }
    let why = is_uri(text).then(|| s3_place(text).err())??;
    let help = "Write `s3://BUCKET/PREFIX/`, or the path of a directory.";
    Some(not_in_s3("Logs go to", text, why, help))
}

fn key(text: &str) -> Option<Wrong> {
    let rest = text.strip_prefix("s3://").unwrap_or(text);
    let key = rest.split_once('/').map_or("", |(_, key)| key);
    let why = match s3_place(text).err() {
        None if key.is_empty() => "a key is missing behind the bucket",
        why => why?,
    };
    let help = "Write `s3://BUCKET/KEY`.";
    Some(not_in_s3("The object is", text, why, help))
}

fn prefix(text: &str) -> Option<Wrong> {
    let why = s3_place(text).err()?;
    Some(not_in_s3(
        "The prefix is",
        text,
        why,
        "Write `s3://BUCKET/PREFIX/`.",
    ))
}

fn topic(text: &str) -> Option<Wrong> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_arn = parts.len() == 6
        && parts[0] == "arn"
        && parts[2] == "sns"
        && parts.iter().all(|part| !part.is_empty());
    (!is_arn).then(|| Wrong {
        summary: "Not a topic",
        detail: format!("The topic is `{text}`, which is no ARN of a topic of SNS."),
        help: "Write `arn:aws:sns:REGION:ACCOUNT:NAME`, as `aws sns list-topics` prints it.",
    })
}

/// Whether a text is the address of a host, with what it speaks.
fn is_address(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let rest = ["https://", "http://"]
        .into_iter()
        .find_map(|scheme| lower.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']))
}

/// The address may have a secret in it, so it is not shown.
fn receiver(text: &str) -> Option<Wrong> {
    (!is_address(text)).then(|| Wrong {
        summary: "Not an address of a receiver",
        detail: "`url` does not begin with `https://` or `http://` and the name of a host."
            .to_owned(),
        help: "Write it in full: `https://hooks.example.com/…`.",
    })
}

fn endpoint(text: &str) -> Option<Wrong> {
    no_endpoint("endpoint_url", text)
}

/// Which regions there are is AWS's to say; what no name can be is found here.
fn region(text: &str) -> Option<Wrong> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    // Empty is as left out.
    (!text.bytes().all(fits)).then(|| Wrong {
        summary: "Not a name of a region",
        detail: format!(
            "`region` is `{text}`, and a region's name has lower-case letters, digits and hyphens only."
        ),
        help: "Write it as AWS does, e.g. `eu-west-1`.",
    })
}

fn no_endpoint(name: &str, text: &str) -> Option<Wrong> {
    // Empty is as left out.
    (!text.is_empty() && !is_address(text)).then(|| Wrong {
        summary: "Not an address of an endpoint",
        detail: format!(
            "`{name}` is `{text}`, which does not begin with `https://` or `http://` and the name of a host."
        ),
        help: "Write it in full, e.g. `http://127.0.0.1:8333`.",
    })
}

/// What is wrong with the addresses of single services, which a provider has in a block, each with its name there.
fn endpoints(attributes: &Attributes) -> Vec<(String, Wrong)> {
    let Some(Value::Object(services)) = attributes.get("endpoints") else {
        return Vec::new();
    };
    let wrong = services.iter().filter_map(|(service, value)| match value {
        Value::String(text) => {
            let name = format!("endpoints.{service}");
            let wrong = no_endpoint(&name, text)?;
            Some((name, wrong))
        }
        _ => None,
    });
    wrong.collect()
}

/// A path that is not of the kind of its data node.
fn wrong_path(node: &Object, attributes: &Attributes) -> Option<Diagnostic> {
    let path = text(attributes, "path")?;
    let about = (&node.address, "path");
    match node.object_type.name {
        "s3" => {
            let why = s3_place(path).err()?;
            Some(finding(
                "Not a place in S3",
                format!("The path is `{path}`: {why}."),
                about,
                "Write `s3://BUCKET/KEY` for one object, or `s3://BUCKET/PREFIX/` for all below.",
            ))
        }
        "file" if path.starts_with("s3://") => Some(finding(
            "Not a place on this machine",
            format!(
                "The path is `{path}`, and a data node of type `file` is on the machine of the runner."
            ),
            about,
            "Make it a `data_node \"s3\"`.",
        )),
        _ => None,
    }
}

/// A place to which intervals cannot add.
fn wrong_accumulate(node: &Object, attributes: &Attributes) -> Option<Diagnostic> {
    let is_true = |name: &str| attributes.get(name) == Some(&Value::Bool(true));
    if !is_true("accumulate") {
        return None;
    }
    let about = (&node.address, "accumulate");
    if is_true("overwrite") {
        return Some(finding(
            "Overwritten and added to",
            "With `overwrite` a run removes what the runs before have written, and with `accumulate` that stays."
                .to_owned(),
            about,
            "Leave one of them out.",
        ));
    }
    let path = text(attributes, "path").filter(|path| is_one_file(node, path))?;
    Some(finding(
        "Nothing to add files to",
        format!(
            "The path is one file: `{path}`, and with `accumulate` each interval adds files to a directory."
        ),
        about,
        "Let the path end in `/`, or set `overwrite = true` instead.",
    ))
}

/// Whether a path of a data node is that of one file.
fn is_one_file(node: &Object, path: &str) -> bool {
    match node.object_type.name {
        "s3" => s3_place(path) == Ok(false),
        _ => !path.ends_with('/'),
    }
}

/// A list that cannot be one.
fn wrong_manifest(node: &Object, attributes: &Attributes) -> Option<Diagnostic> {
    let manifest = text(attributes, "manifest_file_path")?;
    let about = (&node.address, "manifest_file_path");
    match s3_place(manifest) {
        Err(why) => Some(finding(
            "Not a place in S3",
            format!("The manifest is `{manifest}`: {why}."),
            about,
            "Write `s3://BUCKET/KEY`.",
        )),
        Ok(true) => Some(finding(
            "Not one file",
            format!("The manifest is `{manifest}`, a prefix, and a manifest is one file."),
            about,
            "Name the file.",
        )),
        Ok(false) => {
            let path = text(attributes, "path").filter(|path| !path.ends_with('/'))?;
            Some(finding(
                "Manifest of one file",
                format!(
                    "`path` is one file: `{path}`, and a manifest says which of many are meant."
                ),
                about,
                "Let the path end in `/`, or leave the manifest out.",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::FILE;
    use crate::plan::testing::KEY_EXISTS;
    use crate::plan::testing::object;

    fn wrong(rule: Rule, texts: &[&str]) -> Vec<bool> {
        texts.iter().map(|text| rule(text).is_some()).collect()
    }

    #[test]
    fn scripts_are_one_file() {
        let texts = [
            "s3://b/x.sh",
            "x.sh",
            "s3://b",
            "s3://b/c/",
            "c/",
            "s3:/b/x",
            "hdfs://b/x",
        ];
        assert_eq!(
            wrong(script, &texts),
            [false, false, true, true, true, true, true]
        );
    }

    #[test]
    fn what_is_printed_goes_to_a_place() {
        let texts = ["s3://b/x", "s3://b/c/", "out/", "s3:///x", "s3:/b/x"];
        let wanted = [false, false, false, true, true];
        assert_eq!(wrong(printed, &texts), wanted);
        assert_eq!(wrong(logs, &texts), wanted);
    }

    #[test]
    fn an_object_has_a_key_and_a_prefix_may_have_none() {
        let texts = [
            "s3://b/x",
            "s3://b/x/",
            "s3://b",
            "s3://b/",
            "s3:///x",
            "b/x",
        ];
        assert_eq!(wrong(key, &texts), [false, false, true, true, true, true]);
        assert_eq!(
            wrong(prefix, &texts),
            [false, false, false, false, true, true]
        );
    }

    #[test]
    fn a_key_that_ends_in_a_slash_is_warned_of() {
        let found = |key: &str| {
            let attributes = [("s3_key", Value::string(key))];
            let wait = object(
                &KEY_EXISTS,
                "pipeline.p.data_node.in.precondition.there",
                attributes,
            );
            let found = check(&wait, &wait.attributes).into_iter();
            found
                .map(|one| (one.severity, one.summary))
                .collect::<Vec<_>>()
        };
        assert!(found("s3://b/x").is_empty());
        let warning = "Key that ends in a slash".to_owned();
        assert_eq!(found("s3://b/x/"), [(Severity::Warning, warning)]);
        let error = "Not a place in S3".to_owned();
        assert_eq!(found("s3://b/"), [(Severity::Error, error)]);
    }

    #[test]
    fn topics_and_receivers_are_written_in_full() {
        let texts = [
            "arn:aws:sns:us-east-1:111122223333:oncall",
            "arn:aws-cn:sns:cn-north-1:111122223333:order.fifo",
            "oncall",
            "arn:aws:sqs:us-east-1:111122223333:oncall",
            "arn:aws:sns:us-east-1:111122223333:",
            "",
        ];
        assert_eq!(wrong(topic, &texts), [false, false, true, true, true, true]);
        let texts = [
            "https://hooks.example.com/x",
            "HTTP://127.0.0.1:8080",
            "hooks.example.com/x",
            "ftp://x/y",
            "https:///x",
            "https://",
        ];
        let wanted = [false, false, true, true, true, true];
        assert_eq!(wrong(receiver, &texts), wanted);
        assert_eq!(wrong(endpoint, &texts), wanted);
    }

    #[test]
    fn regions_are_names() {
        let texts = [
            "us-east-1",
            "us-gov-west-1",
            "",
            "us east",
            "EU-West-1",
            "eu_west_1",
        ];
        let wanted = [false, false, false, true, true, true];
        assert_eq!(wrong(region, &texts), wanted);
    }

    #[test]
    fn intervals_add_files_to_a_directory() {
        let wrong = |path: &str, overwrites: bool| {
            let attributes = [
                ("path", Value::string(path)),
                ("accumulate", Value::Bool(true)),
                ("overwrite", Value::Bool(overwrites)),
            ];
            let node = object(&FILE, "data_node.out", attributes);
            let found = check(&node, &node.attributes);
            let summaries = found.into_iter().map(|one| one.summary);
            summaries.collect::<Vec<String>>()
        };
        let none: [String; 0] = [];
        assert_eq!(wrong("out/", false), none);
        assert_eq!(wrong("out/", true), ["Overwritten and added to"]);
        assert_eq!(wrong("out/all.csv", false), ["Nothing to add files to"]);
    }

    #[test]
    fn addresses_of_single_services_are_looked_at_too() {
        let services = [("s3", "ftp://x"), ("sns", "http://x"), ("sts", "")];
        let services = services.map(|(name, url)| (Arc::<str>::from(name), Value::string(url)));
        let services = Value::object(services.into());
        let found = endpoints(&[(Arc::<str>::from("endpoints"), services)].into());
        let [(name, wrong)] = found.as_slice() else {
            panic!("{} are wrong", found.len());
        };
        assert_eq!(name, "endpoints.s3");
        assert!(wrong.detail.starts_with("`endpoints.s3` is `ftp://x`"));
    }
}
