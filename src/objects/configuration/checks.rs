//! Rules about attributes taken together, and about objects taken together.

use super::Configuration;
use super::builder::Read;
use super::compute;
use super::doubts::Doubts;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::lang::Value;
use crate::objects::address::Address;
use crate::objects::intervals::Unscheduled;
use crate::objects::intervals::calendar_of;
use crate::objects::intervals::schedule_of;
use crate::objects::kind::Kind;
use crate::objects::object::Object;
use crate::objects::settings;
use crate::objects::timetable::Moments;
use crate::objects::timetable::Timetable;
use crate::time::ScheduleError;

impl Configuration {
    /// The schedules of its activities and data nodes, as far as they are known without a state.
    pub fn timetable(&self) -> Timetable {
        Timetable::new(
            &self.objects,
            &Moments::default(),
            jiff::Timestamp::UNIX_EPOCH,
        )
    }
}

/// Where an attribute of an object is written, if that is known.
pub(super) type Written<'a> = dyn Fn(&Address, &str) -> Option<Span> + 'a;

/// Checks a configuration whose attributes are all right by themselves.
pub(super) fn check(configuration: &Configuration, written: &Written<'_>) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let timetable = Timetable::outline(&configuration.objects);
    for object in configuration.objects.values() {
        let mut report = |diagnostic: Diagnostic| {
            let of = (&object.address, diagnostic);
            diagnostics.push(place(configuration, written, of));
        };
        match (object.kind(), object.object_type.name) {
            (Kind::Calendar, _) => check_calendar(object, &mut report),
            (Kind::Schedule, _) => check_schedule(object, configuration, &mut report),
            (Kind::DataFormat, "tsv" | "custom") => {
                check_separators(object, configuration, &mut report);
            }
            (Kind::DataFormat, "regex") => check_groups(object, &mut report),
            (Kind::DataNode, "sql") => check_sql_node(object, &mut report),
            (Kind::DataNode, "file") => {
                check_file_node(object, configuration, &timetable, &mut report);
            }
            (Kind::Resource, "emr_cluster") => {
                super::life::check_compute(object, &configuration.objects, &mut report);
                compute::check_cluster(object, &mut report);
                compute::check_debugging(object, configuration, &mut report);
            }
            (Kind::Activity | Kind::Pipeline, _) => {
                super::life::check(object, &configuration.objects, &mut report);
                compute::check(object, configuration, &mut report);
            }
            _ => {}
        }
    }
    for ambiguous in &timetable.ambiguous {
        let name = |schedule: &Option<Address>| {
            schedule.as_ref().map_or_else(
                || "runs on demand".to_owned(),
                |schedule| format!("has `{schedule}`"),
            )
        };
        let finding = Diagnostic::error(
            "Ambiguous schedule",
            format!(
                "`{}` {} and `{}` {}, so it is not clear for which intervals this data node has data.",
                ambiguous.one.0,
                name(&ambiguous.one.1),
                ambiguous.other.0,
                name(&ambiguous.other.1)
            ),
        )
        .help("Set `schedule` on the data node.");
        diagnostics.push(place(configuration, written, (&ambiguous.node, finding)));
    }
    diagnostics
}

/// Checks clusters and what runs on them beside errors that are elsewhere: what is right by itself and reads nothing that is in doubt.
pub(super) fn check_clusters(
    configuration: &Configuration,
    errors: &Diagnostics,
    written: &Written<'_>,
) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let doubts = Doubts::new(configuration, errors);
    let objects = configuration.objects.values();
    for object in objects.filter(|object| doubts.is_sound(object)) {
        let mut report = |diagnostic: Diagnostic| {
            let of = (&object.address, diagnostic);
            diagnostics.push(place(configuration, written, of));
        };
        match (object.kind(), object.object_type.name) {
            (Kind::Resource, "emr_cluster") => {
                compute::check_cluster(object, &mut report);
                if doubts.none_about_work() {
                    compute::check_debugging(object, configuration, &mut report);
                }
            }
            (Kind::Activity, _) => compute::check(object, configuration, &mut report),
            _ => {}
        }
    }
    diagnostics
}

/// A deferred attribute of another object is a formula for *its* intervals: the reader must have the same ones.
pub(super) fn check_reads(
    reads: &[Read],
    configuration: &Configuration,
    mut report: impl FnMut(Diagnostic),
) {
    if reads.is_empty() {
        return;
    }
    let timetable = Timetable::outline(&configuration.objects);
    for read in reads {
        let reader = Address::new(read.reader.clone());
        let target = Address::new(read.target.clone());
        let runs = |address: &Address| {
            configuration.objects.get(address).is_some_and(|object| {
                matches!(
                    object.kind(),
                    Kind::Activity | Kind::DataNode | Kind::Resource
                )
            })
        };
        if runs(&reader)
            && runs(&target)
            && timetable.schedule_address(&reader) != timetable.schedule_address(&target)
        {
            report(
                Diagnostic::error(
                    "Attribute of an object with another schedule",
                    format!(
                        "This attribute of `{target}` depends on `run`, and `run` would be the interval of `{reader}`, whose schedule is another one: the value would be wrong."
                    ),
                )
                .at(read.span)
                .about(reader.to_string())
                .help(format!(
                    "In an activity, `run.inputs.{}` lists the data node's instances with their attributes.",
                    target.bare_name()
                )),
            );
        }
    }
}

/// A finding about an object at its place, else at that of its attribute, else at that of the object.
fn place(
    configuration: &Configuration,
    written: &Written<'_>,
    (address, diagnostic): (&Address, Diagnostic),
) -> Diagnostic {
    let diagnostic = diagnostic.about(address.to_string());
    if diagnostic.span.is_some() {
        return diagnostic;
    }
    let attribute = diagnostic.attribute.as_deref();
    let attribute = attribute.and_then(|name| written(address, name));
    let object = || configuration.places.get(address).copied();
    match attribute.or_else(object) {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    }
}

fn check_calendar(object: &Object, report: &mut impl FnMut(Diagnostic)) {
    if let Err(error) = calendar_of(object) {
        report(
            Diagnostic::error("Invalid calendar", format!("{}.", sentence(&error)))
                .help("`weekends` are the days on which nothing is due."),
        );
    }
}

fn check_schedule(
    object: &Object,
    configuration: &Configuration,
    report: &mut impl FnMut(Diagnostic),
) {
    if object.get("when_excluded").is_some() && object.get("calendar").is_none() {
        report(Diagnostic::error(
            "Invalid combination",
            "`when_excluded` says what becomes of intervals that a calendar excludes, and this schedule has no `calendar`.",
        ));
    }
    let begin = jiff::Timestamp::UNIX_EPOCH;
    let error = match schedule_of(&configuration.objects, object, begin) {
        // Without a start, a few intervals are other ones when it begins.
        Ok(schedule) if schedule.first_interval().is_none() && is_fixed(object) => {
            report(Diagnostic::error(
                "Invalid schedule",
                "The calendar excludes all its intervals, so that nothing would ever be due.",
            ).help("`when_excluded = \"next\"` or `\"previous\"` moves them to days that are not excluded; `due = \"start\"` looks at the day on which they start."));
            return;
        }
        Ok(_) => return,
        Err(error) => error,
    };
    let summary = match error {
        // Said where the calendar is, or where the attribute is.
        Unscheduled::Attribute(_) | Unscheduled::Calendar(_) | Unscheduled::Holidays(_) => return,
        Unscheduled::NoBeat => "Missing attribute",
        Unscheduled::TwoBeats => "Invalid combination",
        Unscheduled::Schedule(_) | Unscheduled::Moment(_) => "Invalid schedule",
    };
    let help = match error {
        Unscheduled::NoBeat => Some("Write `every = \"1 day\"`, or `cron = \"30 2 * * *\"`."),
        Unscheduled::Schedule(ScheduleError::Empty) => {
            Some("With `cron`, the start is the first time of the pattern at or after `start`.")
        }
        _ => None,
    };
    report(
        Diagnostic::error(summary, format!("{}.", sentence(&error))).help_if(
            help.filter(|_| object.get("every").is_none())
                .map(str::to_owned),
        ),
    );
}

/// Whether its intervals do not depend on when it begins, or go on for ever.
fn is_fixed(object: &Object) -> bool {
    let set = |name: &str| object.get(name).is_some();
    set("start") || !set("end") && !set("occurrences")
}

/// An error as a sentence without its stop.
fn sentence(error: &impl ToString) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn check_separators(
    object: &Object,
    configuration: &Configuration,
    report: &mut impl FnMut(Diagnostic),
) {
    let separator = |name: &str| settings::text(&configuration.objects, object, name);
    let columns = separator("column_separator");
    if columns.is_none() || columns != separator("record_separator") {
        return;
    }
    // A default is nowhere written.
    let written = ["column_separator", "record_separator"]
        .into_iter()
        .find(|name| object.get(name).is_some());
    report(
        Diagnostic::error(
            "Invalid combination",
            "`column_separator` and `record_separator` are the same, so that nothing says where a record ends.",
        )
        .of(written.unwrap_or("column_separator"))
        .help("Give columns and records separators that differ."),
    );
}

/// Groups and columns of a `regex` format are as many.
fn check_groups(object: &Object, report: &mut impl FnMut(Diagnostic)) {
    let Some(Value::String(text)) = object.get("input_regex") else {
        return;
    };
    let Some(Value::List(columns) | Value::Tuple(columns)) = object.get("column") else {
        return;
    };
    // What is no expression was reported.
    let Ok(regex) = regex::bytes::Regex::new(text) else {
        return;
    };
    let groups = regex.captures_len() - 1;
    if columns.is_empty() || columns.len() == groups {
        return;
    }
    report(
        Diagnostic::error(
            "Invalid combination",
            format!(
                "Each group of `input_regex` is one column: it has {groups}, and `column` lists {}.",
                columns.len()
            ),
        )
        .of("input_regex")
        .help("Name all groups in `column`; a group that is no column is written `(?:…)`."),
    );
}

fn check_sql_node(object: &Object, report: &mut impl FnMut(Diagnostic)) {
    let write = match object.get("write") {
        Some(Value::String(text)) => text.as_ref(),
        _ => "append",
    };
    if object.get("replace_where").is_some() && write != "replace" {
        report(Diagnostic::error(
            "Invalid combination",
            "`replace_where` says which rows `write = \"replace\"` replaces; set that, or leave it out.",
        ));
    }
    if write == "upsert" && object.get("primary_keys").is_none() {
        report(Diagnostic::error(
            "Missing attribute",
            "`write = \"upsert\"` needs `primary_keys`: the columns that identify a row.",
        ));
    }
    if write == "upsert" && object.get("insert_query").is_some() {
        report(Diagnostic::error(
            "Invalid combination",
            "`write = \"upsert\"` writes its own statement; with `insert_query`, write the `ON CONFLICT` clause there and leave `write` out.",
        ));
    }
}

fn check_file_node(
    object: &Object,
    configuration: &Configuration,
    timetable: &Timetable,
    report: &mut impl FnMut(Diagnostic),
) {
    let format = object
        .reference("format")
        .and_then(|format| configuration.objects.get(&format));
    // Files are copied as they are where only one side has a format, or both the same.
    let has_records = |node: &Address| {
        configuration.objects.get(node).is_some_and(|input| {
            let other = input.reference("format");
            input.object_type.name == "sql"
                || other.is_some() && other != object.reference("format")
        })
    };
    let written = timetable
        .writers(&object.address)
        .iter()
        .filter_map(|writer| configuration.objects.get(writer))
        .filter(|writer| writer.object_type.name == "copy")
        .any(|writer| {
            let inputs = writer.references("input");
            inputs.iter().any(|(_, node)| has_records(node))
        });
    if let Some(format) = format
        && format.object_type.name == "regex"
        && written
        && format.get("output_format").is_none()
    {
        report(Diagnostic::error(
            "Missing attribute",
            "A file that is written in a `regex` format needs its `output_format`, e.g. `\"%1$s %2$s\"`.",
        ));
    }
}
