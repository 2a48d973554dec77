//! `pipeform console`.

use std::io::BufRead as _;
use std::io::IsTerminal as _;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use rustyline::error::ReadlineError;
use rustyline::validate::ValidationContext;
use rustyline::validate::ValidationResult;
use rustyline::validate::Validator;

use crate::cli::context::Context;
use crate::cli::context::Style;
use crate::cli::errors::Failure;
use crate::cli::root_module::VariableArgs;
use crate::cli::root_module::Written;
use crate::cli::terminal;
use crate::cli::views::literal;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::parse_expression;
use crate::lang::tokens;
use crate::lang::tokens::OpenSoFar;
use crate::lang::types::Type;
use crate::objects::configuration::Session;

/// Evaluate expressions in the scope of the root module
///
/// On a terminal it asks for one expression after the other and keeps a history; `exit` or Ctrl-D ends it. Otherwise
/// expressions are read from standard input, one a line; an expression goes on over further lines while a bracket, a
/// template or a heredoc is open. An error is told and does not end it, but makes the exit code 1.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,

    /// Print each value as JSON on a line; for an expression with an error a line `{"error": …}`
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let mut written = Written::read_or_empty(context, &args.variables)?;
    let mut sources = std::mem::take(&mut written.sources);
    let mut found = std::mem::take(&mut written.diagnostics);
    let unset = written.without_value();
    written.with(|tree, surroundings| {
        let session = Session::new(tree, surroundings);
        found.extend(session.findings.clone());
        if !found.is_empty() {
            tell(&found, &sources);
        }
        let mut console = Console {
            session,
            unset,
            sources: &mut sources,
            json: args.json,
            failed: found.has_errors(),
        };
        if std::io::stdin().is_terminal() {
            console.converse(history_file(context).as_deref())?;
            return Ok(ExitCode::SUCCESS);
        }
        console.read()?;
        Ok(if console.failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    })
}

/// The longest expression on standard input, in bytes.
const LONGEST: usize = 64 << 20;

struct Console<'s, 'm> {
    session: Session<'m>,
    /// What to say where an expression has no value because a variable has none.
    unset: Diagnostics,
    sources: &'s mut Sources,
    json: bool,
    /// Whether anything was wrong so far.
    failed: bool,
}

impl Console<'_, '_> {
    /// Evaluates what stands on standard input.
    fn read(&mut self) -> Result<(), Failure> {
        let mut text = String::new();
        let mut open = OpenSoFar::default();
        let mut line = Vec::new();
        let mut input = std::io::stdin().lock();
        for number in 1.. {
            line.clear();
            let left = LONGEST.saturating_sub(text.len()) as u64 + 1;
            let read = input.by_ref().take(left).read_until(b'\n', &mut line);
            let read = read.map_err(|error| {
                Failure::message(format!("Standard input cannot be read: {error}"))
            })?;
            let Ok(added) = std::str::from_utf8(&line) else {
                let detail = format!("Line {number} of standard input is not UTF-8.");
                return Err(Failure::message(detail));
            };
            text.push_str(added);
            if text.len() > LONGEST {
                let detail = format!(
                    "The expression that goes on in line {number} of standard input has more than {} MiB. Is one of its brackets, templates or heredocs never closed?",
                    LONGEST >> 20
                );
                return Err(Failure::message(detail));
            }
            if read == 0 || !open.read(&text).is_some_and(|open| open.goes_on) {
                open = OpenSoFar::default();
                let expression = std::mem::take(&mut text);
                if !is_blank(&expression) && self.expression(&expression) {
                    return Ok(());
                }
            }
            if read == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Asks for expressions until the user has had enough.
    fn converse(&mut self, history: Option<&Path>) -> Result<(), Failure> {
        let failed = |error: ReadlineError| {
            Failure::message(format!("The terminal cannot be read: {error}"))
        };
        let mut editor = rustyline::Editor::<Brackets, _>::new().map_err(failed)?;
        editor.set_helper(Some(Brackets));
        if let Some(file) = history {
            // The first time there is none.
            editor.load_history(file).unwrap_or_default();
        }
        loop {
            match editor.readline("> ") {
                Ok(text) if is_blank(&text) => {}
                Ok(text) => {
                    editor.add_history_entry(&text).map_err(failed)?;
                    if self.expression(&text) {
                        break;
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => break,
                Err(error) => return Err(failed(error)),
            }
        }
        if let Some(file) = history {
            let saved = match file.parent() {
                Some(directory) => std::fs::create_dir_all(directory).is_ok(),
                None => true,
            } && editor.save_history(file).is_ok();
            if !saved {
                terminal::say(&format!(
                    "The history could not be written to `{}`.\n",
                    file.display()
                ));
            }
        }
        Ok(())
    }

    /// Evaluates and prints one expression; whether it says that the console shall end.
    fn expression(&mut self, text: &str) -> bool {
        let trimmed = text.trim();
        if trimmed == "exit" {
            return true;
        }
        let file = self.sources.add("<console>", trimmed);
        let mut diagnostics = Diagnostics::new();
        let mut of_type = false;
        let value = parse_expression(file, trimmed, &mut diagnostics).and_then(|expr| {
            let argument = type_call(&expr);
            of_type = argument.is_some();
            let (value, found) = self.session.evaluate(argument.unwrap_or(&expr));
            diagnostics.extend(found);
            value
        });
        if value.is_none() && !diagnostics.has_errors() {
            diagnostics.extend(self.unset.clone());
        }
        let failed = value.is_none() || diagnostics.has_errors();
        self.failed |= failed;
        if self.json {
            let line = match value.filter(|_| !failed) {
                Some(value) if of_type => literal::json(&Value::string(type_text(&value))),
                Some(value) => literal::json(&value),
                None => error_line(&diagnostics, self.sources),
            };
            terminal::print(&format!("{line}\n"));
            return false;
        }
        if !diagnostics.is_empty() {
            tell(&diagnostics, self.sources);
        }
        if let Some(value) = value.filter(|_| !failed) {
            let text = if of_type {
                type_text(&value)
            } else {
                literal::human(&value)
            };
            terminal::print(&format!("{text}\n"));
        }
        false
    }
}

/// The argument of `type(…)`, which is for the console and stands alone: a type is no value.
fn type_call(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Call {
            name,
            arguments,
            expand: false,
        } if &*name.text == "type" => match arguments.as_slice() {
            [argument] => Some(argument),
            _ => None,
        },
        ExprKind::Parens(inner) => type_call(inner),
        _ => None,
    }
}

fn type_text(value: &Value) -> String {
    literal::of_type(&Type::of(value))
}

fn tell(diagnostics: &Diagnostics, sources: &Sources) {
    let look = Style::of_stderr().look;
    terminal::say(&crate::diag::render(
        diagnostics,
        sources,
        look.color,
        look.width,
    ));
}

/// What was wrong with one expression, on one line.
fn error_line(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let mut all = crate::diag::to_json(diagnostics, sources, tokens::outline);
    let first = all
        .get_mut("diagnostics")
        .and_then(|list| list.get_mut(0))
        .map(serde_json::Value::take);
    serde_json::json!({ "error": first }).to_string()
}

/// Whether more lines belong to the expression.
fn goes_on(text: &str) -> bool {
    tokens::open_at_end(text).is_some_and(|open| open.goes_on)
}

/// Whether there is nothing in it but blanks and comments.
fn is_blank(text: &str) -> bool {
    tokens::scan(text)
        .iter()
        .all(|token| token.kind.is_trivia() || token.kind.ends_line())
}

/// Where the history of the terminal is kept: in the user's state directory, as it is not the project's.
fn history_file(context: &Context) -> Option<PathBuf> {
    let state = context
        .environment
        .get("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(context.environment.get("HOME")?).join(".local/state")))?;
    Some(state.join("pipeform/console_history"))
}

/// Lets an expression go on over several lines while a bracket, template or heredoc is open.
#[derive(rustyline::Completer, rustyline::Helper, rustyline::Highlighter, rustyline::Hinter)]
struct Brackets;

impl Validator for Brackets {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if goes_on(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}
