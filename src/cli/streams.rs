//! `--json` and `--json-into`: where the events for machines go.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;

use super::errors::Failure;
use super::terminal;
use super::views;

/// Options of commands that make a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct StreamArgs {
    /// As machine-readable events, one JSON object a line
    #[arg(long)]
    json: bool,

    /// Write into this file what --json prints, and print what people read
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    json_into: Option<PathBuf>,
}

/// Where events go.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// The first line, until it is written.
    opening: String,
    printed: bool,
    file: Option<(PathBuf, File)>,
}

impl StreamArgs {
    /// Opens it; a file is emptied.
    pub(crate) fn open(&self, now: Timestamp) -> Result<Stream, Failure> {
        let file = match &self.json_into {
            None => None,
            Some(path) => {
                let file = File::create(path).map_err(|error| unwritable(path, &error))?;
                Some((path.clone(), file))
            }
        };
        Ok(Stream {
            opening: views::json::version(env!("CARGO_PKG_VERSION"), now),
            printed: self.json,
            file,
        })
    }
}

impl Stream {
    /// Whether people read standard output.
    pub(crate) fn for_people(&self) -> bool {
        !self.printed
    }

    /// Whether anybody reads events.
    pub(crate) fn is_read(&self) -> bool {
        self.printed || self.file.is_some()
    }

    /// Writes events.
    pub(crate) fn emit(&mut self, events: &str) -> Result<(), Failure> {
        let events = std::mem::take(&mut self.opening) + events;
        if self.printed {
            terminal::print(&events);
        }
        if let Some((path, file)) = &mut self.file {
            file.write_all(events.as_bytes())
                .map_err(|error| unwritable(path, &error))?;
        }
        Ok(())
    }

    /// Writes why a command failed, and answers what is left to say to people.
    pub(crate) fn fail(&mut self, failure: Failure, now: Timestamp) -> Failure {
        if !self.is_read() {
            return failure;
        }
        if let Err(unwritable) = self.emit(&views::json::failure(&failure, now)) {
            return unwritable;
        }
        match failure {
            failure if !self.printed => failure,
            Failure::Denied(_) => Failure::Denied(Box::default()),
            _ => Failure::Silent,
        }
    }
}

fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::message(format!(
        "--json-into: `{}` cannot be written: {error}",
        path.display()
    ))
}
