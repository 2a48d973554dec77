//! `--json` and `--json-into`: where the events for machines go.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
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
    /// Whether the state has been changed: that events cannot be written stops nothing any more.
    applied: bool,
    /// Why events could not be written after that.
    lost: Option<String>,
}

impl StreamArgs {
    /// Opens it; a file is emptied.
    pub(crate) fn open(&self, now: Timestamp) -> Result<Stream, Failure> {
        let file = match &self.json_into {
            None => None,
            Some(path) => {
                let file = File::create(path)
                    .map_err(|error| Failure::message(unwritable(path, &error)))?;
                Some((path.clone(), file))
            }
        };
        Ok(Stream {
            opening: views::json::version(env!("CARGO_PKG_VERSION"), now),
            printed: self.json,
            file,
            ..Stream::default()
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
        let Some((path, file)) = &mut self.file else {
            return Ok(());
        };
        match file.write_all(events.as_bytes()) {
            Ok(()) => Ok(()),
            Err(error) if self.applied => {
                self.lost = Some(unwritable(path, &error));
                self.file = None;
                Ok(())
            }
            Err(error) => Err(Failure::message(unwritable(path, &error))),
        }
    }

    /// Says that the state has been changed.
    pub(crate) fn applied(&mut self) {
        self.applied = true;
    }

    /// Fails when events could not be written after the state had been changed.
    pub(crate) fn close(&mut self) -> Result<(), Failure> {
        match self.lost.take() {
            None => Ok(()),
            Some(problem) => Err(Failure::message(format!(
                "{problem}\n\nAll the same, everything was applied: only the events after that are missing."
            ))),
        }
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

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!(
        "--json-into: `{}` cannot be written: {error}",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_full_stops_only_what_is_not_yet_applied() {
        let arguments = StreamArgs {
            json: false,
            json_into: Some(PathBuf::from("/dev/full")),
        };
        let mut stream = arguments
            .open(Timestamp::UNIX_EPOCH)
            .expect("it can be opened");
        assert!(stream.emit("{}\n").is_err());
        let mut stream = arguments
            .open(Timestamp::UNIX_EPOCH)
            .expect("it can be opened");
        stream.applied();
        assert!(stream.emit("{}\n").is_ok());
        assert!(stream.emit("{}\n").is_ok());
        let Err(Failure::Message(text)) = stream.close() else {
            panic!("it must be told");
        };
        assert!(text.contains("everything was applied"), "{text}");
        assert!(stream.close().is_ok());
    }
}
