//! Running a command that may hang, or say more than anybody wants to read.
//!
//! `git` talks to servers that may be gone, slow or hostile. What it prints is read with bounded memory; when it keeps an
//! output open for too long, it is stopped. It is apart from [`super::git`], which knows what the commands mean.

use std::io;
use std::io::Read;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

/// How much is kept of what a command complains about: the end.
const COMPLAINTS: usize = 16 << 10;

/// How long a command may take to stop when it is asked to.
const STOPPING: Duration = Duration::from_secs(2);

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ended<T> {
    pub(super) status: ExitStatus,
    /// What was made of its standard output.
    pub(super) output: T,
    /// The end of what it printed on its standard error.
    pub(super) said: String,
}

/// Why a command has no end to speak of.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It could not be started, or not be read.
    Io(io::Error),
    /// It did not end in time, and was stopped.
    Late,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs a command without input. `read` consumes its standard output; where it stops early, the command has nobody to
/// write to and ends.
pub(super) fn run<T: Send + 'static>(
    command: &mut Command,
    patience: Duration,
    read: impl FnOnce(&mut dyn Read) -> io::Result<T> + Send + 'static,
) -> Result<Ended<T>, Trouble> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = on_thread(child.stdout.take(), read);
    let said = on_thread(child.stderr.take(), |stream| tail(stream, COMPLAINTS));
    let in_time = |receiver: &Receiver<io::Result<T>>| receiver.recv_timeout(patience);
    let Ok(output) = in_time(&output) else {
        return Err(stop(&mut child));
    };
    let Ok(said) = said.recv_timeout(patience) else {
        return Err(stop(&mut child));
    };
    let status = child.wait()?;
    Ok(Ended {
        status,
        output: output?,
        said: String::from_utf8_lossy(&said?).into_owned(),
    })
}

/// Reads a stream on a thread of its own, which may outlive the command: a grandchild can keep the stream open.
fn on_thread<S: Read + Send + 'static, T: Send + 'static>(
    stream: Option<S>,
    read: impl FnOnce(&mut dyn Read) -> io::Result<T> + Send + 'static,
) -> Receiver<io::Result<T>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let result = match stream {
            Some(mut stream) => read(&mut stream),
            None => read(&mut io::empty()),
        };
        // Nobody waits any more when the command was stopped.
        drop(sender.send(result));
    });
    receiver
}

/// Asks a command to end, so that it can stop its own children; then ends it.
fn stop(child: &mut Child) -> Trouble {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended by itself just now.
        kill_process(pid, Signal::TERM).ok();
    }
    let steps = 20;
    for _ in 0..steps {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            return Trouble::Late;
        }
        std::thread::sleep(STOPPING / steps);
    }
    drop(child.kill());
    drop(child.wait());
    Trouble::Late
}

/// All of a stream as text; fails if it is longer than that.
pub(super) fn text(stream: &mut dyn Read, longest: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    if stream.take(longest + 1).read_to_end(&mut bytes)? as u64 > longest {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it printed more than can be read",
        ));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The end of a stream.
fn tail(stream: &mut dyn Read, length: usize) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            count => kept.extend_from_slice(buffer.get(..count).unwrap_or(&buffer)),
        }
        if kept.len() > 2 * length {
            kept.drain(..kept.len() - length);
        }
    }
    let more = kept.len().saturating_sub(length);
    kept.drain(..more);
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, patience: Duration, longest: u64) -> Result<Ended<String>, Trouble> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(&mut command, patience, move |stream| text(stream, longest))
    }

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn both_streams_and_the_exit_code_are_seen() {
        let ended = sh("echo out; echo err >&2; exit 3", LONG, 10).unwrap();
        assert_eq!(ended.status.code(), Some(3));
        assert_eq!(
            (ended.output.as_str(), ended.said.as_str()),
            ("out\n", "err\n")
        );
    }

    #[test]
    fn what_hangs_is_stopped() {
        let short = Duration::from_millis(50);
        for script in [
            "exec sleep 5",
            "sleep 5 & wait",
            "trap '' TERM; while :; do sleep 0.1; done",
            "exec >&-; sleep 5",
        ] {
            assert!(
                matches!(sh(script, short, 10), Err(Trouble::Late)),
                "{script}"
            );
        }
    }

    #[test]
    fn a_flood_is_cut() {
        let Err(Trouble::Io(error)) = sh("yes", LONG, 1000) else {
            panic!("it says too much")
        };
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let ended = sh("yes | head -c 1000000 >&2; echo end >&2", LONG, 10).unwrap();
        assert_eq!(ended.said.len(), COMPLAINTS);
        assert!(ended.said.ends_with("y\nend\n"));
    }

    #[test]
    fn what_is_not_there_is_not_started() {
        let mut command = Command::new("/nonexistent/command");
        let failed = run(&mut command, LONG, |stream| text(stream, 1));
        assert!(
            matches!(failed, Err(Trouble::Io(error)) if error.kind() == io::ErrorKind::NotFound)
        );
    }
}
