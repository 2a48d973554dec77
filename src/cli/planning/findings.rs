//! What there is to say about a plan: warnings beside it, and errors of formulas with their places.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::no_files_call;
use crate::cli::checks;
use crate::cli::cycles::check_graph;
use crate::cli::errors::Failure;
use crate::cli::lacks;
use crate::cli::moving;
use crate::cli::untranslated;
use crate::cli::views::siblings::pattern;
use crate::connect::formats::Column;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Places;
use crate::diag::Severity;
use crate::diag::Sources;
use crate::diag::Span;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Moments;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::configuration::Configuration;
use crate::objects::resolve::Resolver;
use crate::plan::Change;
use crate::plan::Relocation;
use crate::plan::Renamed;
use crate::plan::preview::Preview;
use crate::plan::preview::preview;
use crate::plan::unguarded;
use crate::plan::without_keys;

/// The formats that copies read and write themselves.
const FILES: [&str; 6] = ["csv", "tsv", "custom", "regex", "json_lines", "parquet"];

/// How many names that may have changed are told.
const MOVES: usize = 20;

/// What there is to say about a plan that can be made.
pub(super) fn found_besides(
    relocation: &Relocation,
    renamed: &[Renamed],
    configuration: &Configuration,
    (resolver, preview, changes, sources): (Resolver<'_>, &Preview, &[Change], &Sources),
) -> Diagnostics {
    let blocked = moving::blocked(&relocation.blocked);
    let mut warnings = blocked.map(Diagnostics::from).unwrap_or_default();
    if let Some(warning) = missing_moves(renamed) {
        warnings.push(warning);
    }
    let unguarded = unguarded(resolver.objects, resolver.timetable, changes);
    warnings.extend(placed(&unguarded, configuration));
    let lacks = lacks::warnings(resolver.objects);
    let trial = checks::Trial { resolver, preview };
    warnings.extend(checks::warnings(&configuration.checks, Some(trial)));
    warnings.extend(lacks);
    if let Some(warning) = unstaged(resolver.objects, &configuration.places) {
        warnings.push(warning);
    }
    let places = &configuration.places;
    warnings.extend(untranslated::warnings(resolver.objects, places, sources));
    warnings
}

/// What there is to say about names that may have changed.
fn missing_moves(renamed: &[Renamed]) -> Option<Diagnostic> {
    let shown = || renamed.iter().take(MOVES).filter_map(named);
    let mut lines: Vec<String> = shown().map(|(line, _)| line).collect();
    if lines.is_empty() {
        return None;
    }
    let more = renamed.len().saturating_sub(MOVES);
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    if renamed.iter().any(|one| one.runs) {
        lines.push("As it is, the pipelines and activities that come have no history, and back-fill what those that go have done.".to_owned());
    }
    if renamed.iter().any(|one| one.guessed) {
        lines.push("Some are alike among themselves: which of them has become which is a guess, by the order of their names.".to_owned());
    }
    let detail = format!(
        "What goes and what comes are alike in all but their names:\n{}",
        lines.join("\n")
    );
    let blocks: String = shown().map(|(_, block)| block).collect();
    let help = format!("If only the name changes, say so:\n{blocks}");
    Some(Diagnostic::warning("Renamed without a moved block", detail).help(help))
}

/// How a name has changed, and the `moved` block that says so.
fn named(renamed: &Renamed) -> Option<(String, String)> {
    let (old, new) = renamed.pairs.first()?;
    let (line, [from, to]) = match renamed.pairs.len() {
        1 => (
            format!("  {old} -> {new}"),
            [old, new].map(Address::to_string),
        ),
        several => (
            format!("  {} -> {} ({several})", pattern(old), pattern(new)),
            [old, new].map(|address| without_keys(address.as_str())),
        ),
    };
    let block = format!("\n  moved {{\n    from = {from}\n    to   = {to}\n  }}\n");
    Some((line, block))
}

/// The cycles that objects refer to each other in.
pub(super) fn check_cycles(
    configuration: &Configuration,
    sources: &Sources,
) -> Result<(), Failure> {
    let diagnostics = check_graph(configuration);
    if diagnostics.has_errors() {
        return Err(Failure::Findings(Box::new((diagnostics, sources.clone()))));
    }
    Ok(())
}

/// Evaluates every formula of a configuration for its next interval, as far as what it reads is right.
pub(crate) fn check_formulas(configuration: &Configuration, now: Timestamp) -> Diagnostics {
    let timetable = Timetable::new(&configuration.objects, &Moments::default(), now);
    let call = no_files_call(now);
    let resolver = Resolver {
        judges: false,
        incomplete: &configuration.incomplete,
        ..Resolver::planned(&configuration.objects, &timetable, &call)
    };
    placed(
        &foreseen(resolver, now, (&Objects::new(), &[])).1,
        configuration,
    )
}

/// What formulas will be, and all that is wrong with what they, places and columns come to. Places and columns of objects that stay as
/// they were applied are warnings: the plan does not bring them, and may be about something else.
pub(super) fn foreseen(
    resolver: Resolver<'_>,
    now: Timestamp,
    (applied, changes): (&Objects, &[Change]),
) -> (Preview, Diagnostics) {
    let (seen, found) = preview(resolver, now);
    let touched: BTreeSet<&Address> = changes.iter().map(|change| &change.address).collect();
    let stays = |address: &Address| applied.contains_key(address) && !touched.contains(address);
    let mut findings = found.formulas;
    let columns = wrong_columns(resolver.objects);
    for mut finding in found.places.into_iter().chain(columns) {
        if finding
            .object
            .as_deref()
            .map(Address::new)
            .is_some_and(|it| stays(&it))
        {
            finding.severity = Severity::Warning;
        }
        findings.push(finding);
    }
    (seen, findings)
}

/// Columns of files that no copy could read or write.
fn wrong_columns(objects: &Objects) -> Diagnostics {
    let copies = objects
        .values()
        .filter(|object| object.kind() == Kind::Activity && object.object_type.name == "copy");
    let nodes = copies.flat_map(|copy| [copy.references("input"), copy.references("output")]);
    let formats: BTreeSet<Address> = nodes
        .flatten()
        .filter_map(|(_, node)| objects.get(&node)?.reference("format"))
        .collect();
    let mut findings = Diagnostics::new();
    for format in formats.iter().filter_map(|format| objects.get(format)) {
        let Some(Value::List(columns) | Value::Tuple(columns)) = format.get("column") else {
            continue;
        };
        if !FILES.contains(&format.object_type.name) {
            continue;
        }
        for column in columns.iter() {
            if let Value::String(text) = column
                && let Err(error) = Column::parse(text)
            {
                let detail = format!("{}.", lacks::capital(&error.to_string()));
                let mut finding =
                    Diagnostic::error("Invalid column", detail).about(format.address.to_string());
                finding.attribute = Some("column".to_owned());
                findings.push(finding);
            }
        }
    }
    findings
}

/// Commands that read the directories of staged data without having any: the shell puts nothing in place of their names, so that
/// `"$OUTPUT1_STAGING_DIR/x"` is `/x`.
fn unstaged(objects: &Objects, places: &BTreeMap<Address, Span>) -> Option<Diagnostic> {
    const NAMES: [&str; 4] = ["$INPUT", "${INPUT", "$OUTPUT", "${OUTPUT"];
    let reads = |object: &&Object| {
        let is_command =
            object.kind() == Kind::Activity && object.object_type.name == "shell_command";
        let Some(Value::String(command)) = object.get("command") else {
            return false;
        };
        is_command
            && object.get("environment").is_none()
            && !matches!(object.get("stage"), Some(Value::Bool(true)))
            && command.contains("_STAGING_DIR")
            && NAMES.iter().any(|name| command.contains(name))
    };
    let mut found = objects.values().filter(reads);
    let first = &found.next()?.address;
    let more = match found.count() {
        0 => String::new(),
        1 => " So does another one.".to_owned(),
        more => format!(" So do {more} others."),
    };
    let detail = format!(
        "The command of `{first}` reads the directories of staged data, `$INPUT1_STAGING_DIR` and the like, which are there only with `stage = true`. Without it the shell puts nothing in their place.{more}"
    );
    let warning = Diagnostic::warning("Data that is not staged", detail)
        .about(first.to_string())
        .help("Set `stage = true`.");
    Some(match places.get(first) {
        Some(place) => warning.at(*place),
        None => warning,
    })
}

/// Findings of the preview with their places: the part of the formula, and the attribute if that is somewhere else.
pub(super) fn placed(findings: &Diagnostics, configuration: &Configuration) -> Diagnostics {
    let inside = |part: Span, whole: Span| {
        part.file == whole.file && whole.start <= part.start && part.end <= whole.end
    };
    let mut moved = Diagnostics::new();
    for finding in findings.iter() {
        let object = finding.object.as_deref().map(Address::new);
        let formula = object
            .clone()
            .zip(finding.attribute.as_deref().map(Arc::from));
        let place = formula
            .and_then(|formula| configuration.formulas.get(&formula))
            .or_else(|| configuration.places.get(object.as_ref()?))
            .copied();
        let mut finding = finding.clone();
        match (finding.span, place) {
            (Some(part), Some(whole)) if !inside(part, whole) => {
                finding = finding.label(whole, "the attribute that it is for");
            }
            (None, place) => finding.span = place,
            _ => {}
        }
        moved.push(finding);
    }
    moved
}

/// Notes in new and changed objects where their formulas are written.
pub(super) fn note_places(
    changes: &mut [Change],
    configuration: &Configuration,
    sources: &Sources,
) {
    let mut places = Places::new(sources);
    for object in changes.iter_mut().filter_map(|change| change.new.as_mut()) {
        let formulas = object
            .attributes
            .iter()
            .filter(|(_, value)| value.has_deferred());
        for (name, _) in formulas {
            let formula = (object.address.clone(), name.clone());
            if let Some(span) = configuration.formulas.get(&formula) {
                object.written.insert(name.clone(), places.of(*span).into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::diff;
    use crate::plan::testing::SHELL;
    use crate::plan::testing::at;
    use crate::plan::testing::object;
    use crate::plan::testing::side;
    use crate::plan::testing::string;

    /// What is found of some objects after others, and how severe it is.
    fn found(applied: &Objects, new: &Objects) -> Vec<(String, Severity)> {
        let now = at("2026-11-24T06:00:00Z");
        let timetable = Timetable::new(new, &Moments::default(), now);
        let call = no_files_call(now);
        let resolver = Resolver::planned(new, &timetable, &call);
        let findings = foreseen(resolver, now, (applied, &diff(applied, new))).1;
        let findings = findings.iter();
        findings
            .map(|finding| (finding.summary.clone(), finding.severity))
            .collect()
    }

    /// What is said about names of this kind, and whether it is one that runs.
    fn said(
        (kind, runs): (&str, bool),
        names: impl IntoIterator<Item = (String, String)>,
    ) -> Diagnostic {
        let address = |name: &str| Address::new(format!("{kind}.{name}"));
        let names = names.into_iter().map(|(old, new)| Renamed {
            pairs: vec![(address(&old), address(&new))],
            runs,
            guessed: false,
        });
        missing_moves(&names.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn only_what_runs_loses_its_history_with_its_name() {
        let names = || [("a".to_owned(), "b".to_owned())];
        for kind in ["pipeline", "module"] {
            let warning = said((kind, true), names());
            assert!(warning.detail.contains("back-fill"));
        }
        for kind in ["schedule", "data_node", "module"] {
            let warning = said((kind, false), names());
            assert_eq!(
                warning.detail,
                format!(
                    "What goes and what comes are alike in all but their names:\n  {kind}.a -> {kind}.b"
                )
            );
        }
    }

    #[test]
    fn no_more_names_are_told_than_are_read() {
        let names = (10..60).map(|number| (format!("a{number}"), format!("b{number}")));
        let warning = said(("schedule", false), names);
        let lines = |text: &str| text.lines().count();
        assert_eq!(lines(&warning.detail), MOVES + 2);
        assert!(warning.detail.ends_with("\n  and 30 more"));
        assert_eq!(lines(&warning.help.join("\n")), 1 + 5 * MOVES);
    }

    #[test]
    fn siblings_are_told_once_with_a_block_without_keys() {
        let pairs = ["aa", "bb"].map(|key| {
            let address = |name| Address::new(format!("pipeline.{name}[\"{key}\"].activity.x"));
            (address("p"), address("q"))
        });
        let renamed = Renamed {
            pairs: pairs.into(),
            runs: true,
            guessed: false,
        };
        let (line, block) = named(&renamed).unwrap();
        assert_eq!(
            line,
            "  pipeline.p[*].activity.x -> pipeline.q[*].activity.x (2)"
        );
        assert_eq!(
            block,
            "\n  moved {\n    from = pipeline.p.activity.x\n    to   = pipeline.q.activity.x\n  }\n"
        );
    }

    #[test]
    fn a_wrong_place_is_an_error_only_of_what_the_plan_brings() {
        let activity = |command: &str| {
            let attributes = [
                ("command", string(command)),
                ("script_uri", string("s3:/b/x.sh")),
            ];
            side([object(&SHELL, "pipeline.p.activity.a", attributes)])
        };
        let (old, new) = (activity("true"), activity("false"));
        let wrong = |severity| vec![("Not a place in S3".to_owned(), severity)];
        assert_eq!(found(&Objects::new(), &old), wrong(Severity::Error));
        assert_eq!(found(&old, &new), wrong(Severity::Error));
        assert_eq!(found(&old, &old), wrong(Severity::Warning));
    }
}
