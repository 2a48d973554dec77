//! Expressions of AWS Data Pipeline that stand in texts, as `import` leaves those that it cannot translate: nothing puts a value in their
//! place, and a command, a cluster or a store gets them as they are.
//!
//! Other languages write `#{…}`, too. So only what reads like an expression of the service is told, and outside of comments.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::diag::Span;
use crate::import::expression::FUNCTIONS;
use crate::lang::Value;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::Objects;

/// Attributes whose texts nothing reads but `export` and people.
const KEPT: [&str; 4] = ["aws_fields", "aws_id", "description", "tags"];

/// What expressions reach other objects by.
const REACHES: [&str; 5] = ["input", "node", "output", "runsOn", "schedule"];

/// What the service calls in one small word.
const SMALL: [&str; 3] = ["cause", "sphere", "status"];

/// How many letters of an expression are shown.
const SHOWN: usize = 80;

/// The warnings about the texts of a configuration. Objects that are made of one block are one.
pub(crate) fn warnings(
    objects: &Objects,
    places: &BTreeMap<Address, Span>,
    sources: &Sources,
) -> Diagnostics {
    let mut warnings = Diagnostics::new();
    let mut seen: BTreeSet<(Span, String)> = BTreeSet::new();
    for object in objects.values() {
        let block = places.get(&object.address).copied();
        for (name, expression) in in_object(object) {
            let place = block.map(|block| within(block, &expression, sources));
            if let Some(place) = place
                && !seen.insert((place, name.clone()))
            {
                continue;
            }
            let detail = format!(
                "`{}` in `{name}` reads like an expression of AWS Data Pipeline. Here it is text: no value is put in its place.",
                short(&expression)
            );
            let warning = Diagnostic::warning("Expression that is text", detail)
                .about(object.address.to_string())
                .help(
                    "Write it in HCL: `${run.date}`, `${run.output.path}`, or `join(\",\", run.inputs.NAME[*].path)` where there are several. If the text is meant, leave it as it is.",
                );
            warnings.push(match place {
                Some(place) => warning.at(place),
                None => warning,
            });
        }
    }
    warnings
}

/// The attributes of an object with such texts, each with its first expression.
fn in_object(object: &Object) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, value) in &object.attributes {
        if KEPT.contains(&&**name) {
            continue;
        }
        let mut first = None;
        visit(value, &mut |text| {
            if first.is_none() {
                first = expression(text);
            }
        });
        if let Some(first) = first {
            found.push((name.to_string(), first));
        }
    }
    found
}

/// Calls `with` for each text in a value. What is sensitive is not shown, so that it is not looked at.
fn visit(value: &Value, with: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => with(text),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            items.iter().for_each(|item| visit(item, with));
        }
        Value::Map(items) | Value::Object(items) => {
            items.values().for_each(|item| visit(item, with));
        }
        Value::Deferred(_) => value.visit_deferred(&mut |part| match &part.kind {
            ExprKind::Value(Value::String(text)) => with(text),
            ExprKind::Template(parts) => {
                for part in parts.iter() {
                    if let Part::Literal(text) = part {
                        with(text);
                    }
                }
            }
            _ => {}
        }),
        _ => {}
    }
}

/// The first expression of the service in a text, with its signs, as far as it stands in one line.
fn expression(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let mut before = String::new();
        for (number, piece) in line.split("#{").enumerate() {
            if number > 0 && !before.ends_with('\\') && !is_comment(&before) && is_of_aws(piece) {
                let inside = piece.split_inclusive('}').next().unwrap_or_default();
                return Some(format!("#{{{inside}"));
            }
            if number > 0 {
                before.push_str("#{");
            }
            before.push_str(piece);
        }
        None
    })
}

/// Whether what stands before something in its line makes it a comment: of a shell, of SQL, of a program.
fn is_comment(before: &str) -> bool {
    let line = before.trim_start();
    let begins = line.starts_with("--") || line.starts_with("//");
    begins || (line.starts_with('#') && !line.starts_with("#{")) || before.contains(" # ")
}

/// Whether what follows `#{` is what the service's expressions are: its names, what they reach, parameters and functions.
fn is_of_aws(inside: &str) -> bool {
    let inside = inside.trim_start();
    let word = |text: &str| -> String {
        let letters = text.chars();
        letters
            .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
            .collect()
    };
    if let Some(name) = inside.strip_prefix('@') {
        return is_runtime(&word(name));
    }
    let bare = inside.strip_prefix('*').unwrap_or(inside);
    let first = word(bare);
    let after = bare.strip_prefix(first.as_str()).unwrap_or_default();
    match after.chars().next() {
        Some('.') if REACHES.contains(&&*first) => true,
        // Other languages have a `format`, too, with a `%` in what it is told.
        Some('(') if is_function(&first) => {
            let told = inside.split('}').next().unwrap_or_default();
            first != "format" || !told.contains('%')
        }
        _ => is_parameter(&first),
    }
}

/// Names that the service sets have capitals within, where other languages have none.
fn is_runtime(name: &str) -> bool {
    let small = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    let inner = name.chars().any(|letter| letter.is_ascii_uppercase());
    (small && inner && !name.contains('_')) || SMALL.contains(&name)
}

fn is_function(name: &str) -> bool {
    FUNCTIONS.iter().any(|function| function.name == name)
}

/// `myBucket`: the names of parameters begin with `my`.
fn is_parameter(name: &str) -> bool {
    name.strip_prefix("my")
        .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_uppercase()))
}

/// Where an expression is written: the first such text from the block of its object on, else the block.
fn within(block: Span, expression: &str, sources: &Sources) -> Span {
    let text = sources.text(block.file);
    let from = block.start as usize;
    let found = text.get(from..).and_then(|text| text.find(expression));
    let ends = found.and_then(|at| {
        let start = u32::try_from(from + at).ok()?;
        let length = u32::try_from(expression.len()).ok()?;
        Some((start, start.checked_add(length)?))
    });
    match ends {
        Some((start, end)) => Span {
            file: block.file,
            start,
            end,
        },
        None => block,
    }
}

fn short(expression: &str) -> String {
    if expression.chars().count() <= SHOWN {
        return expression.to_owned();
    }
    let begin: String = expression.chars().take(SHOWN).collect();
    format!("{begin}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_like_the_service_is_found() {
        for (text, expected) in [
            ("s3://acme/#{@pipelineId}/x", "#{@pipelineId}"),
            ("-input,#{input.directoryPath},x", "#{input.directoryPath}"),
            (
                "a #{ node.@scheduledStartTime }",
                "#{ node.@scheduledStartTime }",
            ),
            ("#{x} #{myBucket}", "#{myBucket}"),
            ("login('#{*myPassword}')", "#{*myPassword}"),
            (
                "echo\n  #{format(minusDays(@scheduledStartTime, 1), 'YYYY')}",
                "#{format(minusDays(@scheduledStartTime, 1), 'YYYY')}",
            ),
            ("#{@status}", "#{@status}"),
            ("#{runsOn.@resourceId", "#{runsOn.@resourceId"),
        ] {
            assert_eq!(expression(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_languages_and_comments_are_left_alone() {
        for text in [
            "echo ${#x} ${#input.y} $# {@scheduledStartTime}",
            "ruby -e 'puts \"#{name} #{@name} #{@first_name} #{row.input} #{mysql}\"'",
            "puts \"#{format('%02d', hour)} #{1 + 2} #{}\"",
            "# as #{@scheduledStartTime} was\n  # and #{myBucket}",
            "true # was #{input.directoryPath}",
            "-- #{myTable}\nSELECT 1",
            "echo '\\#{myBucket}'",
            "#{'#'}{x}",
            "#{input",
        ] {
            assert_eq!(expression(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_shown_where_it_is_written() {
        let mut sources = Sources::default();
        let text = "activity \"x\" \"y\" {\n  command = \"#{myBucket}\"\n}\n";
        let file = sources.add("main.pipe.hcl", text);
        let block = Span {
            file,
            start: 0,
            end: 16,
        };
        let place = within(block, "#{myBucket}", &sources);
        assert_eq!(sources.slice(place), "#{myBucket}");
        assert_eq!(within(block, "#{myOther}", &sources), block);
    }
}
