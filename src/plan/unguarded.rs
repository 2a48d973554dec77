//! Data of intervals that nobody writes and nothing waits for: it is read as soon as an interval is due, whether it has come or not.
//!
//! Only what depends on the interval is meant. What lies at one place is there or not when a plan is made, and pre-flight says so.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::change::Change;
use super::change::ChangeKind;
use super::diff::keys;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::lang::Value;
use crate::lang::ast::ExprKind;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::unguarded_readers;

/// How many data nodes a warning names.
const NAMED: usize = 3;

/// A data node, and an activity that reads it without waiting for anything.
struct Read<'a> {
    node: &'a Object,
    reader: &'a Address,
}

/// Warnings about such data, one for each pipeline whose activities read it. Nothing is said again about what a plan does not touch.
pub fn unguarded(objects: &Objects, timetable: &Timetable, changes: &[Change]) -> Diagnostics {
    let touched = touched(changes);
    let mut found: BTreeMap<String, BTreeMap<String, Read<'_>>> = BTreeMap::new();
    for node in objects.values().filter(|object| is_of_interval(object)) {
        let mut readers = unguarded_readers(objects, timetable, node);
        readers.retain(|reader| timetable.schedule(&reader.address).is_some());
        let is_touched = |object: &&Object| touched.contains(&object.address);
        if let Some(reader) = readers.first()
            && (is_touched(&node) || readers.iter().any(is_touched))
        {
            let pipeline = reader.pipeline.as_ref().map(bare).unwrap_or_default();
            let reader = &reader.address;
            let reads = found.entry(pipeline).or_default();
            reads
                .entry(bare(&node.address))
                .or_insert(Read { node, reader });
        }
    }
    let mut warnings = Diagnostics::new();
    for reads in found.into_values() {
        let reads: Vec<Read<'_>> = reads.into_values().collect();
        if let Some(warning) = warning(&reads) {
            warnings.push(warning);
        }
    }
    warnings
}

/// What is new or changes, and the data of activities that write it no longer.
fn touched(changes: &[Change]) -> BTreeSet<Address> {
    let mut touched = BTreeSet::new();
    for change in changes {
        if change.kind() > ChangeKind::Metadata {
            touched.insert(change.address.clone());
            let written = change.old.iter().flat_map(|old| old.references("output"));
            touched.extend(written.map(|(_, node)| node));
        }
    }
    touched
}

/// Whether an object is data that each interval has of its own.
fn is_of_interval(object: &Object) -> bool {
    object.kind() == Kind::DataNode && object.get("path").is_some_and(reads_run)
}

/// Whether a value depends on the interval.
fn reads_run(value: &Value) -> bool {
    let mut found = false;
    value.visit_deferred(&mut |part| {
        found |= matches!(&part.kind, ExprKind::Name(name) if &*name.text == "run");
    });
    found
}

/// An address without keys: that of all siblings of a `for_each`.
fn bare(address: &Address) -> String {
    let text = address.as_str();
    let (mut bare, mut from) = (String::new(), 0);
    for (open, _, close) in keys(text) {
        bare.push_str(text.get(from..open).unwrap_or_default());
        from = close;
    }
    bare.push_str(text.get(from..).unwrap_or_default());
    bare
}

fn warning(reads: &[Read<'_>]) -> Option<Diagnostic> {
    let first = reads.first()?;
    let detail = if reads.len() == 1 {
        format!(
            "`{}` reads `{}` for each interval. No activity writes it, and no precondition waits for it: an instance that is due before its data has come fails when its retries are over.",
            first.reader, first.node.address
        )
    } else {
        format!(
            "These are read for each interval:\n{}\nNo activity writes them, and no precondition waits for them: an instance that is due before its data has come fails when its retries are over.",
            lines(reads)
        )
    };
    let warning = Diagnostic::warning("Data that nothing waits for", detail);
    let mut warning = warning.about(first.node.address.as_str());
    warning.attribute = Some("path".to_owned());
    Some(warning.help(help(reads)))
}

fn lines(reads: &[Read<'_>]) -> String {
    let named = reads.iter().take(NAMED);
    let mut lines: Vec<String> = named
        .map(|read| format!("  {}, by {}", read.node.address, read.reader))
        .collect();
    let more = reads.len().saturating_sub(NAMED);
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    lines.join("\n")
}

fn help(reads: &[Read<'_>]) -> String {
    let in_s3 = |read: &Read<'_>| read.node.object_type.name == "s3";
    let prefixes = if reads.iter().any(in_s3) {
        "Below a prefix that holds with the first object: where more come one by one, wait for the last, e.g. a `_SUCCESS`, with `precondition \"s3_key_exists\"`. "
    } else {
        ""
    };
    format!(
        "Let the data node wait for it:\n\n  precondition \"exists\" {{}}\n\n{prefixes}If an activity writes it, name it as the `output` of that one."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Span;
    use crate::objects::Moments;
    use crate::plan::diff;
    use crate::plan::testing::EXISTS;
    use crate::plan::testing::FILE;
    use crate::plan::testing::PIPELINE;
    use crate::plan::testing::SCHEDULE;
    use crate::plan::testing::SHELL;
    use crate::plan::testing::at;
    use crate::plan::testing::dated;
    use crate::plan::testing::object;
    use crate::plan::testing::reference;
    use crate::plan::testing::side;
    use crate::plan::testing::string;

    const LOG: &str = "pipeline.p.data_node.log";
    const COUNT: &str = "pipeline.p.activity.count";
    const CHECK: &str = "pipeline.p.data_node.log.precondition.exists";

    fn daily(pipeline: &str) -> Object {
        object(
            &PIPELINE,
            pipeline,
            [("schedule", reference("schedule", "schedule.daily"))],
        )
    }

    fn log(address: &str) -> Object {
        let path = dated("logs/", ".log", Span::default());
        object(&FILE, address, [("path", path)])
    }

    fn uses(address: &str, attribute: &str, node: &str) -> Object {
        let node = reference("data_node", node);
        let command = ("command", string("wc"));
        object(&SHELL, address, [command, (attribute, node)])
    }

    fn with(mut object: Object, attribute: &str, value: Value) -> Object {
        object.attributes.insert(attribute.into(), value);
        object
    }

    /// A daily pipeline that counts a log, with other objects besides or in the place of its own.
    fn counting(others: impl IntoIterator<Item = Object>) -> Objects {
        let start = ("start", string("2026-11-01"));
        let schedule = object(
            &SCHEDULE,
            "schedule.daily",
            [("every", string("1 day")), start],
        );
        let mut objects = side([
            schedule,
            daily("pipeline.p"),
            log(LOG),
            uses(COUNT, "input", LOG),
        ]);
        objects.extend(side(others));
        objects
    }

    fn found(old: &Objects, new: &Objects) -> Vec<Diagnostic> {
        let now = at("2026-11-24T06:00:00Z");
        let timetable = Timetable::new(new, &Moments::default(), now);
        let warnings = unguarded(new, &timetable, &diff(old, new));
        warnings.into_iter().collect()
    }

    fn found_new(others: impl IntoIterator<Item = Object>) -> Vec<Diagnostic> {
        found(&Objects::new(), &counting(others))
    }

    #[test]
    fn data_of_an_interval_that_nobody_writes_is_warned_of() {
        let found = found_new([]);
        assert_eq!(found.len(), 1);
        let (warning, help) = (&found[0], &found[0].help[0]);
        assert!(warning.detail.contains(LOG) && warning.detail.contains(COUNT));
        assert_eq!(warning.object.as_deref(), Some(LOG));
        assert_eq!(warning.attribute.as_deref(), Some("path"));
        assert!(help.contains("precondition \"exists\" {}") && !help.contains("s3_key_exists"));
    }

    #[test]
    fn a_precondition_waits_for_it_on_the_data_and_on_the_activity() {
        let check = || reference("precondition", CHECK);
        let exists = || object(&EXISTS, CHECK, []);
        let node = with(log(LOG), "precondition", check());
        assert_eq!(found_new([node, exists()]), []);
        let activity = with(uses(COUNT, "input", LOG), "precondition", check());
        assert_eq!(found_new([activity, exists()]), []);
        // One that waits does not wait for another one.
        let another = uses("pipeline.p.activity.another", "input", LOG);
        let waiting = with(uses(COUNT, "input", LOG), "precondition", check());
        let found = found_new([another, waiting, exists()]);
        assert!(found.len() == 1 && found[0].detail.contains("activity.another"));
    }

    #[test]
    fn other_work_may_bring_it() {
        let write = uses("pipeline.q.activity.write", "output", LOG);
        assert_eq!(found_new([daily("pipeline.q"), write]), []);
        let fetch = "pipeline.p.activity.fetch";
        let fetches = object(&SHELL, fetch, [("command", string("fetch"))]);
        let count = with(
            uses(COUNT, "input", LOG),
            "depends_on",
            reference("activity", fetch),
        );
        assert_eq!(found_new([fetches, count]), []);
    }

    #[test]
    fn what_is_no_data_of_an_interval_is_left_to_pre_flight() {
        let fixed = object(&FILE, LOG, [("path", string("logs/all.log"))]);
        assert_eq!(found_new([fixed]), []);
        // On demand, whoever asks for a run knows whether there is data for it.
        assert_eq!(found_new([object(&PIPELINE, "pipeline.p", [])]), []);
        let mut nobody_reads = counting([]);
        nobody_reads.remove(&Address::new(COUNT));
        assert_eq!(found(&Objects::new(), &nobody_reads), []);
    }

    #[test]
    fn it_is_said_when_it_is_new_and_not_again() {
        let old = counting([]);
        assert_eq!(found(&old, &old), []);
        let described = with(uses(COUNT, "input", LOG), "description", string("Count"));
        let elsewhere = object(&SHELL, "pipeline.p.activity.x", [("command", string("x"))]);
        assert_eq!(found(&old, &counting([elsewhere])), []);
        assert_eq!(found(&old, &counting([described])), []);
        let changed = with(uses(COUNT, "input", LOG), "command", string("wc -l"));
        assert_eq!(found(&old, &counting([changed])).len(), 1);
        // Who wrote it is gone.
        let write = uses("pipeline.q.activity.write", "output", LOG);
        let written = counting([daily("pipeline.q"), write]);
        assert_eq!(found(&written, &counting([daily("pipeline.q")])).len(), 1);
    }

    #[test]
    fn one_pipeline_is_one_warning_and_siblings_are_one_data_node() {
        let many = ["a", "b", "c", "d"].into_iter().flat_map(|name| {
            ["eu", "us"].into_iter().flat_map(move |key| {
                let node = format!("pipeline.x[\"{key}\"].data_node.{name}");
                let reader = format!("pipeline.x[\"{key}\"].activity.{name}");
                [log(&node), uses(&reader, "input", &node)]
            })
        });
        let pipelines = ["eu", "us"].map(|key| daily(&format!("pipeline.x[\"{key}\"]")));
        let found = found_new(many.chain(pipelines));
        assert_eq!(found.len(), 2);
        let detail = &found[1].detail;
        assert!(detail.contains("\n  pipeline.x[\"eu\"].data_node.c, by pipeline.x[\"eu\"]"));
        assert!(detail.contains("\n  and 1 more\n") && !detail.contains("[\"us\"]"));
    }
}
