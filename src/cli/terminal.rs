//! Writing to the terminal: data to standard output, talk to standard error.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::OnceLock;

use super::context::Context;
use super::context::Style;
use super::errors::Failure;
use super::spelling;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;

/// Why something could not be printed as data, the first time: whoever keeps what is printed has less than they believe.
static UNWRITTEN: OnceLock<std::io::Error> = OnceLock::new();

/// Prints data. A reader that has gone away (`pipeform … | head`) is no error; anything else is told at the end, by [`whole`].
pub(super) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    note(written.and_then(|()| stdout.flush()));
}

fn note(written: std::io::Result<()>) {
    if let Err(error) = written
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        ignore(UNWRITTEN.set(error));
    }
}

/// The exit code of a command that ends with this one: it has failed if what it has printed is not whole.
pub(super) fn whole(code: ExitCode) -> ExitCode {
    let Some(error) = UNWRITTEN.get() else {
        return code;
    };
    failure(&Failure::message(format!(
        "Standard output cannot be written: {error}\n\nWhat was printed is not whole. What the command has changed, such as an apply that it said to be complete, stays changed: `pipeform history --applies` and `pipeform status` tell of it."
    )))
}

/// Prints talk.
pub(super) fn say(text: &str) {
    ignore(std::io::stderr().lock().write_all(text.as_bytes()));
}

/// Asks a question and reads one line. Where there is nobody to answer, that is an error, which says what to do instead.
pub(super) fn ask(context: &Context, question: &str, instead: &str) -> Result<String, Failure> {
    if !context.input {
        return Err(Failure::message(format!(
            "Nobody can be asked: --input=false or PIPEFORM_INPUT says so. Nothing was done.\n\n{instead}"
        )));
    }
    print(question);
    if UNWRITTEN.get().is_some() {
        return Err(Failure::message(format!(
            "Nobody can be asked: standard output cannot be written. Nothing was done.\n\n{instead}"
        )));
    }
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(read) if read > 0 => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
        _ => Err(Failure::message(format!(
            "There was no answer: standard input has ended. Nothing was done.\n\n{instead}"
        ))),
    }
}

/// Prints what clap has to say: help to standard output, mistakes to standard error.
///
/// `added` are the words that the environment has added, which nobody sees who typed the rest.
pub(super) fn usage(error: &clap::Error, added: &[(String, String)]) -> ExitCode {
    let printed = error.print();
    if error.use_stderr() {
        if let Some(instead) = spelling::instead_of(error) {
            say(&format!("\n{instead}\n"));
        }
        for (variable, words) in added {
            say(&format!("{variable} has added: {words}\n"));
        }
        ExitCode::FAILURE
    } else {
        note(printed);
        ExitCode::SUCCESS
    }
}

/// Prints findings.
pub(super) fn findings(diagnostics: &Diagnostics, sources: &Sources) {
    let look = Style::of_stderr().look;
    let text = crate::diag::render(diagnostics, sources, look.color, look.width);
    if look.hints {
        say(&text);
        return;
    }
    for line in text.split_inclusive('\n') {
        say(&titled(line));
    }
}

/// Prints all findings, however many there are: what import and export say of what was lost is said nowhere else.
pub(super) fn all_findings(diagnostics: &Diagnostics, sources: &Sources) {
    let look = Style::of_stderr().look;
    say(&crate::diag::render_all(
        diagnostics,
        sources,
        look.color,
        look.width,
    ));
}

/// A line of findings as tools look for it that read Terraform's output: `Error: …`, `Warning: …`.
fn titled(line: &str) -> String {
    for (ours, theirs) in [("error: ", "Error: "), ("warning: ", "Warning: ")] {
        if let Some(rest) = line.strip_prefix(ours) {
            return format!("{theirs}{rest}");
        }
    }
    line.to_owned()
}

/// Prints findings for machines. The exit code says whether there are errors.
pub(super) fn findings_as_json(diagnostics: &Diagnostics, sources: &Sources) -> ExitCode {
    let json = crate::diag::to_json(diagnostics, sources, crate::lang::tokens::outline);
    print(&format!("{json:#}\n"));
    if diagnostics.has_errors() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints for machines why a command failed.
pub(super) fn failure_as_json(failure: &Failure) -> ExitCode {
    let text = match failure {
        Failure::Findings(findings) | Failure::Denied(findings) => {
            return findings_as_json(&findings.0, &findings.1);
        }
        Failure::Silent => return ExitCode::FAILURE,
        Failure::Message(text) => text,
    };
    let (summary, detail) = text
        .split_once("\n\n")
        .unwrap_or(("Cannot be checked", text));
    let finding = Diagnostic::error(summary, detail.trim_end());
    findings_as_json(&finding.into(), &Sources::default())
}

/// Prints for machines what clap has to say about a mistake.
pub(super) fn usage_as_json(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let finding = Diagnostic::error("Wrong use of the command line", text.trim_end());
    findings_as_json(&finding.into(), &Sources::default())
}

/// The exit code when policies deny a plan.
pub(super) const DENIED: u8 = 3;

/// Prints why a command failed.
pub(super) fn failure(failure: &Failure) -> ExitCode {
    let style = Style::of_stderr();
    match failure {
        Failure::Findings(findings) => {
            let (diagnostics, sources) = findings.as_ref();
            self::findings(diagnostics, sources);
        }
        Failure::Denied(findings) => {
            let (diagnostics, sources) = findings.as_ref();
            self::findings(diagnostics, sources);
            return ExitCode::from(DENIED);
        }
        Failure::Message(text) => {
            let word = if style.look.hints { "error:" } else { "Error:" };
            say(&format!("{} {text}\n", style.look.bold(word)));
        }
        Failure::Silent => {}
    }
    ExitCode::FAILURE
}

fn ignore<T, E>(result: Result<T, E>) {
    drop(result);
}
