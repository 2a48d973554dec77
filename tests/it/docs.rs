//! What the documentation shows is true: every `hcl` block is validated, every `console` block is run.
//!
//! - A block ```` ```hcl ```` is a whole configuration. ```` ```hcl fragment ```` stands inside the pipeline of
//!   `docs/fragment.pipe.hcl`, at the line `# FRAGMENT`; ```` ```hcl top ```` stands outside of it, at the line `# TOP`.
//!   ```` ```hcl test ```` is a test file, which a `console` block of its page plays.
//! - The comment `<!-- file: NAME -->` before an `hcl` block writes it into the directory of the page's `console` blocks,
//!   instead of what was there under that name; `<!-- directory: PATH -->` puts a copy of a directory of the repository there.

use crate::support::{copy_files, files, repository, transcript};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fenced block of a page.
struct Block {
    info: String,
    text: String,
    /// The line of its first line of text, from 0.
    line: usize,
    /// The comment right before it.
    directive: Option<String>,
}

fn pages() -> Vec<PathBuf> {
    let root = repository();
    let mut pages = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    pages.extend(files(&root.join("docs/src"), "md"));
    pages.extend(files(&root.join("examples"), "md"));
    pages.extend(files(&root.join("modules"), "md"));
    pages
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut directive = None;
    for (number, line) in text.lines().enumerate() {
        match &mut open {
            Some(block) if line == "```" => {
                debug_assert!(block.line > 0);
                blocks.extend(open.take());
            }
            Some(block) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {
                if let Some(info) = line.strip_prefix("```") {
                    let directive = directive.take();
                    open = Some(Block {
                        info: info.to_owned(),
                        text: String::new(),
                        line: number + 1,
                        directive,
                    });
                } else if let Some(comment) = line
                    .strip_prefix("<!-- ")
                    .and_then(|l| l.strip_suffix(" -->"))
                {
                    directive = Some(comment.to_owned());
                } else if !line.is_empty() {
                    directive = None;
                }
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test writes files of its own directory"
)]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

/// Says why a configuration is not valid.
fn validate(text: &str) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("main.pipe.hcl"), text);
    let result = Command::new(env!("CARGO_BIN_EXE_pipeform"))
        .arg("validate")
        .current_dir(directory.path())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    (!result.status.success())
        .then(|| String::from_utf8_lossy(&[result.stdout, result.stderr].concat()).into_owned())
}

/// The configurations that the pages show, each with its place.
fn shown() -> Vec<(String, String)> {
    let frame = std::fs::read_to_string(repository().join("docs/fragment.pipe.hcl")).unwrap();
    assert!(frame.contains("  # FRAGMENT\n") && frame.contains("# TOP\n"));
    let mut shown = Vec::new();
    for page in pages() {
        for block in blocks(&std::fs::read_to_string(&page).unwrap()) {
            let place = format!("{}:{}", page.display(), block.line);
            let text = match block.info.as_str() {
                "hcl" => block.text,
                "hcl fragment" => frame.replace("  # FRAGMENT\n", &block.text),
                "hcl top" => frame.replace("# TOP\n", &block.text),
                "hcl test" => {
                    let file = block.directive.as_deref().unwrap_or_default();
                    assert!(file.ends_with(".pipetest.hcl"), "{place}: nothing plays it");
                    continue;
                }
                other => {
                    assert!(!other.starts_with("hcl"), "{place}: no such block: {other}");
                    continue;
                }
            };
            shown.push((place, text));
        }
    }
    assert!(shown.len() > 5, "the documentation shows configurations");
    shown
}

#[test]
fn every_configuration_is_valid() {
    let wrong: Vec<String> = shown()
        .into_iter()
        .filter_map(|(place, text)| Some(format!("{place}\n{}", validate(&text)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files of configurations and values below a directory.
fn configurations(directory: &str) -> Vec<PathBuf> {
    let directory = repository().join(directory);
    let mut found = files(&directory, "hcl");
    found.extend(files(&directory, "pipevars"));
    found
}

#[test]
fn what_is_shown_is_formatted() {
    let mut shown = shown();
    for file in ["examples", "modules", "docs"]
        .into_iter()
        .flat_map(configurations)
    {
        let text = std::fs::read_to_string(&file).unwrap();
        shown.push((file.display().to_string(), text));
    }
    let wrong: Vec<String> = shown
        .into_iter()
        .filter_map(|(place, text)| {
            let formatted = pipeform::lang::fmt::format(&text);
            let changes = similar::TextDiff::from_lines(&text, &formatted);
            (text != formatted).then(|| format!("{place}\n{}", changes.unified_diff()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn formatting_twice_is_formatting_once() {
    let fixtures = configurations("tests");
    assert!(fixtures.len() > 20, "the tests have configurations");
    for file in fixtures {
        // One of them is not UTF-8.
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        let once = pipeform::lang::fmt::format(&text);
        let twice = pipeform::lang::fmt::format(&once);
        assert_eq!(once, twice, "{}", file.display());
    }
}

#[test]
fn every_example_is_valid() {
    let examples = repository().join("examples");
    for entry in std::fs::read_dir(examples).unwrap() {
        let example = entry.unwrap().path();
        if !example.join("main.pipe.hcl").exists() {
            continue; // policies, and files for CI
        }
        let result = Command::new(env!("CARGO_BIN_EXE_pipeform"))
            .args(["validate", "--var-file=example.pipevars"])
            .current_dir(&example)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&result.stderr);
        assert!(result.status.success(), "{}: {said}", example.display());
    }
}

#[test]
fn every_transcript_is_true() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let (found, differences) = run_page(&text);
        if transcript::updating() {
            write(&page, &found);
        } else {
            wrong.extend(
                differences
                    .into_iter()
                    .map(|(line, what)| format!("{}:{line}\n{what}", page.display())),
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nUPDATE_TRANSCRIPTS=1 writes what was found",
        wrong.join("\n")
    );
}

/// Runs the transcripts of a page: the page with what was found, and the differences with their lines.
fn run_page(text: &str) -> (String, Vec<(usize, String)>) {
    let directory = tempfile::tempdir().unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut differences = Vec::new();
    let mut shift = 0_isize;
    for block in blocks(text) {
        if let Some(path) = block
            .directive
            .as_deref()
            .and_then(|d| d.strip_prefix("directory: "))
        {
            copy_files(&repository().join(path), directory.path());
        }
        if let Some(name) = block
            .directive
            .as_deref()
            .and_then(|d| d.strip_prefix("file: "))
        {
            write(&directory.path().join(name), &block.text);
        }
        if block.info != "console" {
            continue;
        }
        let expected = transcript::parse(&block.text);
        let found = transcript::run(&expected, directory.path());
        if let Some(difference) = transcript::difference(&expected, &found) {
            differences.push((block.line + 1, difference));
            let printed: Vec<String> = transcript::print(&found)
                .lines()
                .map(str::to_owned)
                .collect();
            let old = block.text.lines().count();
            let start = block.line.checked_add_signed(shift).unwrap();
            shift += isize::try_from(printed.len()).unwrap() - isize::try_from(old).unwrap();
            lines.splice(start..start + old, printed);
        }
    }
    (lines.join("\n") + "\n", differences)
}

#[test]
fn every_page_is_in_the_summary() {
    let source = repository().join("docs/src");
    let summary = std::fs::read_to_string(source.join("SUMMARY.md")).unwrap();
    for page in files(&source, "md") {
        let name = page.strip_prefix(&source).unwrap().display().to_string();
        assert!(
            name == "SUMMARY.md" || summary.contains(&format!("({name})")),
            "docs/src/{name} is not in SUMMARY.md"
        );
    }
    for link in summary
        .split('(')
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
    {
        assert!(
            source.join(link.0).exists(),
            "SUMMARY.md names {}, which does not exist",
            link.0
        );
    }
}

#[test]
fn every_policy_that_is_shown_can_be_asked() {
    use pipeform::policy::judge;
    let mut shown = 0;
    let mut check = |name: &str, text: &str| {
        let mut policies = pipeform::diag::Sources::default();
        policies.add(name, text);
        let said = judge(&policies, &serde_json::json!({}));
        assert_eq!(said.map(|said| said.len()), Ok(0), "{name}");
        shown += 1;
    };
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for block in blocks(&text) {
            if block.info == "rego" {
                check(&page.to_string_lossy(), &block.text);
            }
        }
    }
    for file in files(&repository().join("examples"), "rego") {
        check(
            &file.to_string_lossy(),
            &std::fs::read_to_string(&file).unwrap(),
        );
    }
    assert!(shown > 2, "{shown}");
}
