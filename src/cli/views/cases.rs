//! What cases came to, for machines: a stream of events in the shape of `terraform test -json`, and the XML of `JUnit` for CI systems.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::json::diagnostic;
use super::json::event;
use crate::diag::Diagnostics;
use crate::diag::Severity;
use crate::diag::Sources;

/// A case that was played.
pub(crate) struct Played<'a> {
    /// The name of its file.
    pub(crate) file: &'a str,
    /// Its name.
    pub(crate) name: &'a str,
    /// What is wrong.
    pub(crate) findings: &'a Diagnostics,
    /// The texts that findings point into.
    pub(crate) sources: &'a Sources,
}

impl Played<'_> {
    fn word(&self) -> &'static str {
        word(!self.findings.has_errors())
    }
}

fn word(passes: bool) -> &'static str {
    if passes { "pass" } else { "fail" }
}

/// How many cases came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Those that passed.
    pub(crate) passed: u64,
    /// Those that did not.
    pub(crate) failed: u64,
}

/// What there is to play: the names of the cases of each file.
pub(crate) fn overview(cases: &BTreeMap<String, Vec<String>>, at: Timestamp) -> String {
    let count: usize = cases.values().map(Vec::len).sum();
    event(
        ("info", "test_abstract"),
        &format!("Found {} file(s) and {count} case(s)", cases.len()),
        at,
        json!({ "test_abstract": cases }),
    )
}

/// A case that was played: its findings, then what it came to.
pub(crate) fn case(played: &Played<'_>, at: Timestamp) -> String {
    let mut out = String::new();
    for finding in played.findings.iter() {
        let range = finding.span;
        let range = range.map(|span| crate::diag::range(span, played.sources));
        out.push_str(&with_case(&diagnostic(finding, range, at), played));
    }
    let status = played.word();
    let line = event(
        ("info", "test_run"),
        &format!("  case \"{}\"... {status}", played.name),
        at,
        json!({ "test_run": {
            "path": played.file,
            "run": played.name,
            "progress": "complete",
            "status": status,
        } }),
    );
    out.push_str(&with_case(&line, played));
    out
}

/// A line that says of which file and case it is.
fn with_case(line: &str, played: &Played<'_>) -> String {
    let names = json!({ "@testfile": played.file, "@testrun": played.name });
    let names = names.to_string();
    let names = names.trim_start_matches('{').trim_end_matches('}');
    line.replacen('{', &format!("{{{names},"), 1)
}

/// A file whose cases have all been played.
pub(crate) fn file(name: &str, passes: bool, at: Timestamp) -> String {
    let status = word(passes);
    event(
        ("info", "test_file"),
        &format!("{name}... {status}"),
        at,
        json!({
            "@testfile": name,
            "test_file": { "path": name, "progress": "complete", "status": status },
        }),
    )
}

/// The sum of it all.
pub(crate) fn summary(tally: Tally, at: Timestamp) -> String {
    let Tally { passed, failed } = tally;
    event(
        ("info", "test_summary"),
        &verdict(tally),
        at,
        json!({ "test_summary": {
            "status": word(failed == 0),
            "passed": passed,
            "failed": failed,
            "errored": 0,
            "skipped": 0,
        } }),
    )
}

/// The last line for people.
pub(crate) fn verdict(Tally { passed, failed }: Tally) -> String {
    let verdict = if failed == 0 { "Success!" } else { "Failure!" };
    format!("{verdict} {passed} passed, {failed} failed.")
}

/// The report that CI systems read: a suite a file, in the order in which they were played.
pub(crate) fn junit(suites: &[(String, Vec<Case>)]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (name, cases) in suites {
        let failures = cases.iter().filter(|case| case.failure.is_some()).count();
        let (name, count) = (escaped(name), cases.len());
        let suite = format!(
            "  <testsuite name=\"{name}\" tests=\"{count}\" skipped=\"0\" failures=\"{failures}\" errors=\"0\">\n"
        );
        out.push_str(&suite);
        for case in cases {
            let head = format!(
                "    <testcase name=\"{}\" classname=\"{name}\"",
                escaped(&case.name)
            );
            out.push_str(&head);
            match &case.failure {
                None => out.push_str("></testcase>\n"),
                Some((message, text)) => out.extend([
                    ">\n      <failure message=\"",
                    &escaped(message),
                    "\">",
                    &escaped(text),
                    "</failure>\n    </testcase>\n",
                ]),
            }
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// A case in the report of `JUnit`.
pub(crate) struct Case {
    name: String,
    /// What is wrong, in a few words and in full.
    failure: Option<(String, String)>,
}

impl Case {
    /// A case that was played.
    pub(crate) fn of(played: &Played<'_>) -> Self {
        let errors: Vec<_> = played
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .collect();
        let failure = errors.first().map(|first| {
            let message = match errors.len() {
                1 => format!("{}: {}", first.summary, first.detail),
                count => format!(
                    "{count} errors, the first: {}: {}",
                    first.summary, first.detail
                ),
            };
            let text = crate::diag::render(played.findings, played.sources, false, 100);
            (message, text)
        });
        Self {
            name: played.name.to_owned(),
            failure,
        }
    }
}

/// A text in XML. What XML cannot say is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            '\u{fffe}' | '\u{ffff}' => {}
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostic;

    #[test]
    fn a_report_is_xml_whatever_the_texts_are() {
        let findings = Diagnostics::from(Diagnostic::error("It <fails>", "\u{1b}[31m]]> & \"so\""));
        let sources = Sources::default();
        let played = Played {
            file: "a&b.pipetest.hcl",
            name: "<late>",
            findings: &findings,
            sources: &sources,
        };
        let suites = [("a&b.pipetest.hcl".to_owned(), vec![Case::of(&played)])];
        let xml = junit(&suites);
        assert!(
            xml.contains("name=\"a&amp;b.pipetest.hcl\" tests=\"1\" skipped=\"0\" failures=\"1\""),
            "{xml}"
        );
        assert!(
            xml.contains("message=\"It &lt;fails&gt;: [31m]]&gt; &amp; &quot;so&quot;\""),
            "{xml}"
        );
        assert!(!xml.contains('\u{1b}'), "{xml}");
    }

    #[test]
    fn a_line_says_whose_it_is() {
        let findings = Diagnostics::from(Diagnostic::error("No", "no"));
        let sources = Sources::default();
        let played = Played {
            file: "a.pipetest.hcl",
            name: "{\"odd\"}",
            findings: &findings,
            sources: &sources,
        };
        for line in case(&played, Timestamp::UNIX_EPOCH).lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["@testfile"], "a.pipetest.hcl");
            assert_eq!(line["@testrun"], "{\"odd\"}");
        }
    }
}
