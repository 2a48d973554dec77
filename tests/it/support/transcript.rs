//! Runs transcripts of the terminal: `$ command`, then what it prints.
//!
//! A command is a line of `sh`, run in a directory of the test's own with a fixed environment. `[..]` in the expected
//! output stands for any text within a line, a line `...` for any lines, `[DIR]` for the directory. `? 1` after the
//! output is the exit code; left out it is 0. `UPDATE_TRANSCRIPTS=1` writes what was printed instead of comparing.

use std::path::Path;
use std::process::Command;

/// One command of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// What follows `$ `.
    pub(crate) command: String,
    /// What it prints on both streams, line by line.
    pub(crate) output: Vec<String>,
    /// Its exit code.
    pub(crate) code: i32,
}

/// Takes a transcript apart. Lines before the first command are comments.
pub(crate) fn parse(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                command: command.to_owned(),
                output: Vec::new(),
                code: 0,
            });
        } else if let Some(step) = steps.last_mut() {
            match line.strip_prefix("? ") {
                Some(code) => step.code = code.trim().parse().unwrap(),
                None => step.output.push(line.to_owned()),
            }
        }
    }
    for step in &mut steps {
        trim(&mut step.output);
    }
    steps
}

/// Puts a transcript together.
pub(crate) fn print(steps: &[Step]) -> String {
    let blocks = steps.iter().map(|step| {
        let mut lines = vec![format!("$ {}", step.command)];
        lines.extend(step.output.iter().cloned());
        if step.code != 0 {
            lines.push(format!("? {}", step.code));
        }
        lines.join("\n") + "\n"
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// Runs the steps one after the other and returns them with what really came out, as far as it differs.
pub(crate) fn run(steps: &[Step], directory: &Path) -> Vec<Step> {
    steps.iter().map(|step| run_step(step, directory)).collect()
}

fn run_step(step: &Step, directory: &Path) -> Step {
    let binary = Path::new(env!("CARGO_BIN_EXE_pipeform")).parent().unwrap();
    let result = Command::new("sh")
        .arg("-c")
        .arg(format!("exec 2>&1 </dev/null\n{}", step.command))
        .current_dir(directory)
        .env_clear()
        .env(
            "PATH",
            format!("{}:/usr/local/bin:/usr/bin:/bin", binary.display()),
        )
        .env("HOME", directory)
        .env("LANG", "C.UTF-8")
        .env("TZ", "UTC")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "120")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&result.stdout).replace(&directory.display().to_string(), "[DIR]");
    let mut output: Vec<String> = text
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    trim(&mut output);
    if matches(&step.output, &output) {
        output.clone_from(&step.output);
    }
    Step {
        command: step.command.clone(),
        output,
        code: result.status.code().unwrap_or(-1),
    }
}

fn trim(lines: &mut Vec<String>) {
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let blank = lines
        .iter()
        .take_while(|line| line.trim().is_empty())
        .count();
    lines.drain(..blank);
}

/// Whether lines are as expected, with the wildcards.
pub(crate) fn matches(expected: &[String], found: &[String]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first.trim() == "..." => {
            (0..=found.len()).any(|skip| matches(rest, &found[skip..]))
        }
        Some((first, rest)) => found
            .split_first()
            .is_some_and(|(line, others)| line_matches(first, line) && matches(rest, others)),
    }
}

fn line_matches(expected: &str, found: &str) -> bool {
    let Some((head, tail)) = expected.trim_end().split_once("[..]") else {
        return expected.trim_end() == found;
    };
    found.strip_prefix(head).is_some_and(|rest| {
        let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        ends.into_iter().any(|at| line_matches(tail, &rest[at..]))
    })
}

/// Whether the expected output is to be written anew.
pub(crate) fn updating() -> bool {
    std::env::var_os("UPDATE_TRANSCRIPTS").is_some()
}

/// Says how a transcript differs; `None` when it does not.
pub(crate) fn difference(expected: &[Step], found: &[Step]) -> Option<String> {
    (expected != found).then(|| {
        let (old, new) = (print(expected), print(found));
        similar::TextDiff::from_lines(&old, &new)
            .unified_diff()
            .header("expected", "found")
            .to_string()
    })
}

#[test]
fn wildcards_stand_for_text_and_lines() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (expected, found, same) in [
        ("a", "a", true),
        ("a", "b", false),
        ("a[..]c", "abc", true),
        ("a[..]c[..]e", "abcde", true),
        ("a[..]c", "abcd", false),
        ("...", "", true),
        ("a\n...\nd", "a\nb\nc\nd", true),
        ("a\n...\nd", "a\nb\nc", false),
        ("a\n...", "a", true),
        ("a", "a\nb", false),
    ] {
        assert_eq!(
            matches(&lines(expected), &lines(found)),
            same,
            "{expected:?} and {found:?}"
        );
    }
}

#[test]
fn transcripts_print_as_they_parse() {
    let text = "$ pipeform plan\nError: no\n\n  why\n? 1\n\n$ true\n";
    assert_eq!(print(&parse(text)), text);
}

#[test]
fn exit_codes_and_both_streams_are_seen() {
    let directory = tempfile::tempdir().unwrap();
    let steps = parse("$ echo out; echo err >&2; exit 3\nout\nerr\n? 3\n");
    assert_eq!(difference(&steps, &run(&steps, directory.path())), None);
    let wrong = parse("$ echo out\nother\n");
    assert!(difference(&wrong, &run(&wrong, directory.path())).is_some());
}
