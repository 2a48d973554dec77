//! Writing to the terminal: data to standard output, talk to standard error.

use std::io::Write as _;
use std::process::ExitCode;

use super::context::Style;
use super::errors::Failure;
use crate::diag::Diagnostics;
use crate::diag::Sources;

/// Prints data. A reader that has gone away (`pipeform … | head`) is no error.
pub(super) fn print(text: &str) {
    ignore(std::io::stdout().lock().write_all(text.as_bytes()));
    ignore(std::io::stdout().lock().flush());
}

/// Prints talk.
pub(super) fn say(text: &str) {
    ignore(std::io::stderr().lock().write_all(text.as_bytes()));
}

/// Asks a question and reads one line.
pub(super) fn ask(question: &str) -> Option<String> {
    print(question);
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Prints what clap has to say: help to standard output, mistakes to standard error.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    ignore(error.print());
    if error.use_stderr() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints findings.
pub(super) fn findings(diagnostics: &Diagnostics, sources: &Sources) {
    let look = Style::of_stderr().look;
    say(&crate::diag::render(
        diagnostics,
        sources,
        look.color,
        look.width,
    ));
}

/// Prints why a command failed.
pub(super) fn failure(failure: &Failure) -> ExitCode {
    let style = Style::of_stderr();
    match failure {
        Failure::Findings(findings) => {
            let (diagnostics, sources) = findings.as_ref();
            self::findings(diagnostics, sources);
        }
        Failure::Message(text) => say(&format!("{} {text}\n", style.look.bold("error:"))),
        Failure::Silent => {}
    }
    ExitCode::FAILURE
}

fn ignore<T, E>(result: Result<T, E>) {
    drop(result);
}
