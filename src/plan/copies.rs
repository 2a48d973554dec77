//! The places of a copy as the next run will see them: what an attempt would refuse is found before there is one.
//!
//! Places are compared as they are written. Two that only the file system knows to be the same, over a link or a `..`, are left to
//! the attempt.

use crate::diag::Diagnostic;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Objects;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::ResolvedActivity;
use crate::objects::settings;

/// What is wrong with the places of a copy.
pub(super) fn check(objects: &Objects, copy: &ResolvedActivity<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let inputs = || copy.inputs.values().flatten();
    let outputs = || copy.outputs.values().flatten();
    findings.extend(outputs().filter_map(listed));
    findings.extend(strung(copy));
    for output in outputs() {
        findings.extend(inputs().find_map(|input| overlap(objects, copy, (input, output))));
    }
    findings.extend(wrong_rejects(objects, copy));
    findings
}

/// A place, as far as it says where it is.
struct Place<'a> {
    /// The bucket; `None`: this machine.
    bucket: Option<&'a str>,
    /// The key, or the path without what does not matter in it.
    path: String,
    /// Whether all below it is meant.
    many: bool,
}

impl<'a> Place<'a> {
    /// The place of a data node; `None`: it has none, or it is not known in full.
    fn of(node: &'a Resolved<'_>) -> Option<Self> {
        let path = text(node, "path")?;
        match node.object.object_type.name {
            "s3" => Self::in_s3(path).ok(),
            "file" => Self::here(path),
            _ => None,
        }
    }

    /// A path or a key, as `reject_to` takes them.
    fn parse(text: &'a str) -> Option<Self> {
        if text.starts_with("s3://") {
            return Self::in_s3(text).ok();
        }
        Self::here(text)
    }

    fn here(path: &str) -> Option<Self> {
        let parts = path.split('/').filter(|part| !["", "."].contains(part));
        let parts: Vec<&str> = parts.collect();
        if parts.contains(&"..") {
            return None;
        }
        let root = if path.starts_with('/') { "/" } else { "" };
        Some(Self {
            bucket: None,
            path: format!("{root}{}", parts.join("/")),
            many: path.ends_with('/'),
        })
    }

    /// Reads `s3://BUCKET/KEY`; else what is wrong with it.
    fn in_s3(text: &'a str) -> Result<Self, &'static str> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return Err("it does not begin with `s3://`");
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        if bucket.is_empty() {
            return Err("it names no bucket");
        }
        if !bucket.chars().all(allowed) {
            return Err("a bucket's name has letters, digits, `-`, `.` and `_` only");
        }
        if key.len() > 1024 {
            return Err("a key has at most 1,024 bytes");
        }
        Ok(Self {
            bucket: Some(bucket),
            path: key.to_owned(),
            many: key.is_empty() || key.ends_with('/'),
        })
    }

    /// Whether another one is this place, or lies below it.
    fn contains(&self, other: &Self) -> bool {
        if self.bucket != other.bucket {
            return false;
        }
        match (self.many, self.bucket) {
            (false, _) => !other.many && self.path == other.path,
            (true, Some(_)) => other.path.starts_with(&self.path),
            (true, None) if self.path.is_empty() || self.path == "/" => {
                self.rooted() == other.rooted()
            }
            (true, None) => {
                let rest = other.path.strip_prefix(&self.path);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }

    /// Whether a path does not depend on where the root module is.
    fn rooted(&self) -> bool {
        self.path.starts_with('/')
    }

    /// Whether a file with another place's name in this directory or prefix is that other place.
    fn is_around(&self, file: &Self) -> bool {
        let (above, _) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let own = self.path.trim_end_matches('/');
        let alike =
            self.bucket == file.bucket && (self.bucket.is_some() || self.rooted() == file.rooted());
        self.many && !file.many && alike && own == above
    }
}

/// An attribute that is a text, and no secret.
fn text<'a>(resolved: &'a Resolved<'_>, name: &str) -> Option<&'a str> {
    match resolved.attributes.get(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Whether `s3://BUCKET/KEY` means all below it; else what is wrong with it.
pub(super) fn s3_place(text: &str) -> Result<bool, &'static str> {
    Place::in_s3(text).map(|place| place.many)
}

/// A finding about an attribute of an object.
pub(super) fn finding(
    summary: &str,
    detail: String,
    about: (&Address, &str),
    help: &str,
) -> Diagnostic {
    let mut finding = Diagnostic::error(summary, detail).about(about.0.to_string());
    finding.attribute = Some(about.1.to_owned());
    finding.help(help)
}

/// A list of what is read, where something is written.
fn listed(output: &Resolved<'_>) -> Option<Diagnostic> {
    text(output, "manifest_file_path")?;
    Some(finding(
        "Output with a manifest",
        "`manifest_file_path` says what is read of a data node, and a copy writes this one, with a manifest of its own, `_SUCCESS`.".to_owned(),
        (&output.object.address, "manifest_file_path"),
        "Leave it out.",
    ))
}

/// Files of parquet whose bytes would be put one after the other into one, because no format says what they are.
fn strung(copy: &ResolvedActivity<'_>) -> Option<Diagnostic> {
    let inputs = || copy.inputs.values().flatten();
    let output = copy.outputs.values().flatten().next()?;
    let to = text(output, "path")?;
    let is_one = !Place::of(output)?.many && to.to_lowercase().ends_with(".parquet");
    let formats = inputs().chain([output]);
    let mut formats = formats.map(|node| node.object.reference("format"));
    if !is_one || formats.any(|format| format.is_some()) {
        return None;
    }
    let is_many = |input: &Resolved<'_>| Place::of(input).is_some_and(|place| place.many);
    if inputs().count() < 2 && !inputs().any(is_many) {
        return None;
    }
    Some(finding(
        "Parquet files in a row",
        format!(
            "`{}` puts the bytes of all its files one after the other into `{to}`, and that is no parquet file.",
            copy.activity.object.address
        ),
        (&output.object.address, "path"),
        "Set `format = \"parquet\"` on the data nodes, so that records are copied, or let the path end in `/`, so that each file stays one.",
    ))
}

/// Whether a manifest says which of the files below the path of an input are read.
fn is_listed(input: &Resolved<'_>) -> bool {
    text(input, "manifest_file_path").is_some()
}

/// An output that is written into what is read.
fn overlap(
    objects: &Objects,
    copy: &ResolvedActivity<'_>,
    (input, output): (&Resolved<'_>, &Resolved<'_>),
) -> Option<Diagnostic> {
    // What a manifest lists is known when the copy runs.
    if is_listed(input) || !reached_alike(objects, input, output) {
        return None;
    }
    let (from, to) = (Place::of(input)?, Place::of(output)?);
    let (read, written) = (text(input, "path")?, text(output, "path")?);
    let reader = &copy.activity.object.address;
    let detail = if from.contains(&to) && from.many {
        format!(
            "`{reader}` reads all below `{read}` and writes `{written}`, which lies in it: its next run would read what this one has written."
        )
    } else if from.contains(&to) {
        format!("`{reader}` reads `{read}` and writes it, too: it would be copied onto itself.")
    } else if to.is_around(&from) && keeps_its_name(copy, input, output) {
        format!(
            "`{reader}` reads `{read}` and copies it into `{written}`, where it would keep its name: it would be copied onto itself."
        )
    } else {
        return None;
    };
    Some(finding(
        "Output in its own input",
        detail,
        (&output.object.address, "path"),
        "Give the output a place of its own.",
    ))
}

/// Whether a file that is copied into a directory or a prefix goes there as it is.
fn keeps_its_name(
    copy: &ResolvedActivity<'_>,
    input: &Resolved<'_>,
    output: &Resolved<'_>,
) -> bool {
    let formats = [input, output].map(|node| node.object.reference("format"));
    text(&copy.activity, "on_row_error") != Some("skip")
        && formats.contains(&None)
        && !output.attributes.contains_key("compression")
}

/// Whether two objects reach S3 in the same way, as far as that can be seen.
fn reached_alike(objects: &Objects, one: &Resolved<'_>, other: &Resolved<'_>) -> bool {
    let [one, other] = [one, other]
        .map(|node| settings::provider(objects, node.object).map(|provider| &provider.address));
    one == other
}

/// A file for rejects that cannot be one.
fn wrong_rejects(objects: &Objects, copy: &ResolvedActivity<'_>) -> Option<Diagnostic> {
    let to = text(&copy.activity, "reject_to")?;
    let about = (&copy.activity.object.address, "reject_to");
    if let Some(Err(why)) = to.starts_with("s3://").then(|| Place::in_s3(to)) {
        return Some(finding(
            "Not a place in S3",
            format!("The rejects go to `{to}`: {why}."),
            about,
            "Write `s3://BUCKET/KEY`, or the path of a file.",
        ));
    }
    let place = Place::parse(to)?;
    if place.many {
        let detail = format!("The rejects go to `{to}`, and they go into one file.");
        let help = format!("Name one, e.g. `{}/rejects.csv`.", to.trim_end_matches('/'));
        return Some(finding("Not one file", detail, about, &help));
    }
    let nodes = copy.inputs.values().flatten().map(|node| (node, true));
    let nodes = nodes.chain(copy.outputs.values().flatten().map(|node| (node, false)));
    for (node, read) in nodes {
        let Some(other) = Place::of(node) else {
            continue;
        };
        let address = &node.object.address;
        let detail = if other.contains(&place) && !other.many {
            format!("The rejects go to `{to}`, which is the path of `{address}`, too.")
        } else if read
            && !is_listed(node)
            && other.contains(&place)
            && reached_alike(objects, &copy.activity, node)
        {
            format!(
                "The rejects go to `{to}`, which lies in `{address}`: the next run would read them."
            )
        } else {
            continue;
        };
        return Some(finding(
            "Rejects among the data",
            detail,
            about,
            "Give the rejects a file of their own.",
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_below_others_are_seen() {
        let of = |text| Place::parse(text).unwrap();
        for (one, other, wanted) in [
            ("d/", "d/", true),
            ("d/", "./d//x", true),
            ("d/", "d/x/y/", true),
            ("d/", "dx", false),
            ("/", "/x", true),
            ("/d/", "d/x", false),
            ("d/x", "d/x", true),
            ("d/x", "d/x/", false),
            ("./", "x/y", true),
            ("./", "/x", false),
            ("s3://b/p/", "s3://b/p/x", true),
            ("s3://b/p/", "s3://b/p", false),
            ("s3://b", "s3://b/x", true),
            ("s3://b/p/", "s3://c/p/x", false),
            ("s3://b/p", "s3://b/p", true),
            ("s3://b/p/", "p/x", false),
        ] {
            assert_eq!(of(one).contains(&of(other)), wanted, "{one} {other}");
        }
        assert!(Place::parse("d/../e").is_none(), "that may be a link");
        assert!(of("d/").is_around(&of("d/x")) && !of("d/").is_around(&of("d/x/y")));
        assert!(of("s3://b").is_around(&of("s3://b/x")));
        assert!(!of("/").is_around(&of("x")) && of("/").is_around(&of("/x")));
        assert!(!of("s3://b/").is_around(&of("s3://b/x/y")));
    }
}
