//! Keys that policies name and no plan has.
//!
//! What is misspelt is undefined in Rego, and a rule with it says nothing, which looks like agreement. Only paths that begin with `input` are
//! looked at, as they are written, and only as deep as it is known which keys there may be.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::diag::Span;
use crate::diag::did_you_mean;

/// What there may be in a plan, by path. The last five of the first are Terraform's, which leaves them out where there is nothing to say.
const KEYS: &[(&str, &[&str])] = &[
    (
        "input",
        &[
            "applyable",
            "complete",
            "configuration",
            "effects",
            "errored",
            "format_version",
            "made",
            "output_changes",
            "paused",
            "pipeform_version",
            "planned_values",
            "prior_state",
            "resource_changes",
            "terraform_version",
            "timestamp",
            "variables",
            "action_invocations",
            "checks",
            "deferred_changes",
            "relevant_attributes",
            "resource_drift",
        ],
    ),
    (
        "input.effects",
        &[
            "alignment",
            "clusters",
            "consumers",
            "history",
            "pipelines",
            "reruns",
            "totals",
            "waiting",
        ],
    ),
    (
        "input.effects.totals",
        &[
            "backfill",
            "canceled",
            "dropped",
            "due",
            "held",
            "in_flight",
            "passed_over",
            "rerun",
            "restarted",
            "stopped",
        ],
    ),
];

/// A warning of each path that policies name and no plan has, at the first place.
pub fn unknown_keys(policies: &Sources) -> Diagnostics {
    let mut found = Diagnostics::new();
    let mut seen = BTreeSet::new();
    for (file, (_, text)) in (0_u32..).zip(policies.iter()) {
        for (at, steps) in paths(text) {
            let Some(unknown) = unknown(&steps) else {
                continue;
            };
            if !seen.insert(unknown.path.clone()) {
                continue;
            }
            let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let span = Span {
                file: FileId(file),
                start: offset(at),
                end: offset(unknown.end),
            };
            let detail = format!(
                "A plan has no `{}`: that is undefined, and a rule with it says nothing.",
                unknown.path
            );
            let finding = Diagnostic::warning("Unknown key of the plan", detail).at(span);
            found.push(finding.help_if(did_you_mean(unknown.name, unknown.keys.iter().copied())));
        }
    }
    found
}

/// The first step of a path that leads to nothing.
struct Unknown<'a> {
    name: &'a str,
    /// With all that is before it.
    path: String,
    /// Where it ends.
    end: usize,
    /// What there is instead.
    keys: &'static [&'static str],
}

fn unknown<'a>(steps: &[(usize, &'a str)]) -> Option<Unknown<'a>> {
    let mut before = "input".to_owned();
    for &(at, name) in steps {
        let &(_, keys) = KEYS.iter().find(|(path, _)| *path == before)?;
        let path = format!("{before}.{name}");
        if !keys.contains(&name) {
            return Some(Unknown {
                name,
                path,
                end: at + name.len(),
                keys,
            });
        }
        before = path;
    }
    None
}

/// The paths in a policy that begin with `input`, or with what it is imported as: where each begins, and its steps with their places.
fn paths(text: &str) -> Vec<(usize, Vec<(usize, &str)>)> {
    let mut roots: BTreeSet<&str> = text.lines().filter_map(imported_as).collect();
    roots.insert("input");
    let (mut found, mut at, mut inside) = (Vec::new(), 0_usize, false);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let name = word(rest);
        if !name.is_empty() {
            if !inside && roots.contains(name) {
                found.push((at, steps(text, at + name.len())));
            }
            at += name.len();
            inside = false;
            continue;
        }
        // `input` behind a dot is the key of something else.
        inside = rest.starts_with('.');
        at += no_code(rest).unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
    }
    found
}

/// `tfplan` of `import input as tfplan`.
fn imported_as(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let begins = [words.next(), words.next(), words.next()];
    let begins = begins == [Some("import"), Some("input"), Some("as")];
    words.next().filter(|_| begins)
}

/// The steps of a path from here on: `.name` or `["name"]`.
fn steps(text: &str, mut at: usize) -> Vec<(usize, &str)> {
    let mut steps = Vec::new();
    while let Some(rest) = text.get(at..) {
        if let Some(name) = rest.strip_prefix('.').map(word)
            && !name.is_empty()
        {
            steps.push((at + 1, name));
            at += 1 + name.len();
        } else if let Some(inner) = rest.strip_prefix("[\"")
            && let Some((name, _)) = inner.split_once("\"]")
            && name == word(name)
        {
            steps.push((at + 2, name));
            at += 4 + name.len();
        } else {
            break;
        }
    }
    steps
}

/// How long a comment or a text in quotes is that begins here.
fn no_code(rest: &str) -> Option<usize> {
    let mut bytes = rest.bytes().enumerate();
    match bytes.next()?.1 {
        b'#' => Some(rest.find('\n').unwrap_or(rest.len())),
        quote @ (b'"' | b'`') => {
            let mut escaped = false;
            for (at, byte) in bytes {
                if byte == quote && !escaped {
                    return Some(at + 1);
                }
                escaped = quote == b'"' && byte == b'\\' && !escaped;
            }
            Some(rest.len())
        }
        _ => None,
    }
}

/// The word that a text begins with; empty when it begins with none.
fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !super::is_letter(letter));
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place and path of each warning.
    fn found(text: &str) -> Vec<String> {
        let mut policies = Sources::default();
        policies.add("a.rego", text);
        let found = unknown_keys(&policies);
        let found = found.iter().map(|finding| {
            let span = finding.span.unwrap();
            let (line, column) = policies.line_column(span);
            let hint = finding.help.join("");
            format!("{line}:{column} {} {hint}", policies.slice(span))
        });
        found.collect()
    }

    #[test]
    fn a_misspelt_key_is_found_where_it_stands() {
        let text = "package p\n\ndeny contains \"é\" if input.resource_chnges[_].x == 1\nwarn contains \"x\" if input.effects[\"totals\"].backfil > 1\n";
        assert_eq!(
            found(text),
            [
                "3:22 input.resource_chnges Did you mean `resource_changes`?",
                "4:22 input.effects[\"totals\"].backfil Did you mean `backfill`?",
            ]
        );
    }

    #[test]
    fn each_is_named_once_also_by_another_name_of_the_input() {
        let text = "package p\nimport input as plan\na := plan.runs\nb := input.runs\n";
        assert_eq!(found(text), ["3:6 plan.runs "]);
    }

    #[test]
    fn what_is_there_or_is_no_path_of_the_input_is_left_alone() {
        let text = "package p\n# input.nothing\na := \"input.nothing \\\" input.nothing\"\nb := `input.nothing`\nc := data.input.nothing\nd := input.effects.totals.backfill\ne := input[\"made\"].nothing\nf := input[key]\ng := my_input.nothing\nh := input.resource_drift\ni := input.resource_changes[0].change.nothing\n";
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn quotes_that_do_not_end_and_nothing_at_all_are_read() {
        for text in [
            "",
            "\"input.x",
            "`",
            "#",
            "input",
            "input.",
            "input[\"",
            "é",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
