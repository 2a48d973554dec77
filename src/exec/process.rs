//! Processes: started in a group of their own, watched, and killed with everything they started.
//!
//! Each process carries `PIPEFORM_ATTEMPT=<id>` in its environment. A later runner finds the processes of an
//! attempt by this marker, whatever group or session they went to, so that a reused pid is never killed.

use super::Context;
use super::ExecError;
use crate::clock::Stopwatch;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::Signal;
use rustix::process::pidfd_open;
use rustix::process::pidfd_send_signal;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::process::Child;
use tokio::process::Command;

/// How long a process may take to end after TERM.
pub const GRACE: Duration = Duration::from_secs(5);
const MARKER: &str = "PIPEFORM_ATTEMPT";
const POLL: Duration = Duration::from_millis(20);
/// In so short a time the numbers of processes do not come round.
const YOUNG: Duration = Duration::from_millis(100);
/// The process that children of the dead are given to.
const INIT: u32 = 1;
/// So many numbers are looked at one by one; beyond that it is cheaper to list all processes.
const NEAR: u32 = 512;
/// How many of the last lines of what failed are in its error.
pub(super) const TAIL_LINES: usize = 10;
/// How many characters of each of them.
pub(super) const LONGEST_LINE: usize = 500;
const LINE: usize = 64 * 1024;
/// How long to wait before a program is started again that somebody still writes: a script that was just written here may be open in another
/// process that is being started at this moment, until that is another program.
const BUSY: [Duration; 6] = [
    Duration::from_millis(2),
    Duration::from_millis(10),
    Duration::from_millis(40),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
];

/// What identifies the process of an attempt for a later runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessId {
    /// The leader of the group.
    pub pid: u32,
    /// When it started, in clock ticks since boot; none where the system does not say.
    pub start_time: Option<u64>,
    /// The marker of all processes of the attempt.
    pub attempt_id: String,
}

/// A process to be started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Invocation {
    /// The program and what it is called with.
    pub(super) words: Vec<String>,
    /// All that its environment holds, but for the mark of its attempt.
    pub(super) environment: BTreeMap<String, String>,
    /// Where it runs.
    pub(super) working_dir: PathBuf,
}

/// Where what a process prints goes besides the attempt's log, with secrets masked.
#[derive(Debug, Default)]
pub(super) struct Printed {
    /// What it prints.
    pub(super) stdout: Option<File>,
    /// Its errors.
    pub(super) stderr: Option<File>,
}

/// How a command ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    Success,
    Failed { how: String, tail: String },
}

type Tail = Arc<Mutex<VecDeque<String>>>;

pub(super) async fn run(
    invocation: &Invocation,
    printed: Printed,
    ctx: &Context,
) -> Result<Ended, ExecError> {
    if ctx.cancel.is_cancelled() {
        return Err(ExecError::Cancelled);
    }
    let age = Stopwatch::start();
    let mut child = spawn(invocation, ctx).await?;
    let pid = child.id().unwrap_or_default();
    let id = ProcessId {
        pid,
        start_time: stat(pid).map(|s| s.start_time),
        attempt_id: ctx.attempt_id.clone(),
    };
    if let Some(record) = &ctx.on_process.0 {
        record(&id);
    }
    let tail = Tail::default();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = (
        Drain::of(out, printed.stdout, None),
        Drain::of(err, printed.stderr, Some(&tail)),
    );
    let outputs = async { tokio::join!(out.run(ctx), err.run(ctx)) };
    tokio::pin!(outputs);
    let mut drained = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break Some(status),
            _ = &mut outputs, if !drained => drained = true,
            () = ctx.cancel.cancelled() => break None,
        }
    };
    if status.is_none() {
        signal(&id, Signal::TERM, Leader::Watched);
        let ended = async {
            tokio::join!(child.wait(), gone(&id), async {
                if !drained {
                    outputs.as_mut().await;
                    drained = true;
                }
            })
        };
        drop(tokio::time::timeout(GRACE, ended).await);
    }
    // What the leader left behind ends with it; then the pipes close.
    let leader = if status.is_some() && age.elapsed() < YOUNG {
        Leader::Young
    } else {
        Leader::Watched
    };
    if signal(&id, Signal::KILL, leader) > 0 {
        drop(tokio::time::timeout(GRACE, gone(&id)).await);
    }
    if !drained {
        drop(tokio::time::timeout(GRACE, &mut outputs).await);
    }
    let Some(status) = status else {
        drop(child.wait().await);
        return Err(ExecError::Cancelled);
    };
    let status =
        status.map_err(|e| ExecError::Failed(format!("cannot wait for the command: {e}")))?;
    let lines = tail.lock().unwrap_or_else(PoisonError::into_inner);
    let tail = lines
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    Ok(if status.success() {
        Ended::Success
    } else {
        Ended::Failed {
            how: describe(status),
            tail,
        }
    })
}

async fn spawn(invocation: &Invocation, ctx: &Context) -> Result<Child, ExecError> {
    let (program, arguments) = invocation
        .words
        .split_first()
        .ok_or_else(|| ExecError::Failed("there is no program to start".to_owned()))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(&invocation.environment)
        .env(MARKER, &ctx.attempt_id)
        .current_dir(&invocation.working_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut spawned = command.spawn();
    for pause in BUSY {
        if !matches!(&spawned, Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy) {
            break;
        }
        tokio::time::sleep(pause).await;
        spawned = command.spawn();
    }
    spawned.map_err(|e| {
        ExecError::Failed(format!(
            "cannot start `{program}` in `{}`: {e}",
            invocation.working_dir.display()
        ))
    })
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// One of the two outputs of a process, on its way to where it goes.
struct Drain<'a, R> {
    input: Option<R>,
    file: Option<File>,
    tail: Option<&'a Tail>,
    /// Why the file lacks something.
    problem: Option<io::Error>,
}

impl<'a, R: AsyncRead + Unpin> Drain<'a, R> {
    fn of(input: Option<R>, file: Option<File>, tail: Option<&'a Tail>) -> Self {
        Self {
            input,
            file,
            tail,
            problem: None,
        }
    }

    /// Reads to the end. A file that takes no more does not block the process; what is lost is said in the log.
    async fn run(&mut self, ctx: &Context) {
        let Some(mut input) = self.input.take() else {
            return;
        };
        let (mut held, mut chunk) = (Vec::new(), vec![0; 16 * 1024]);
        loop {
            let count = input.read(&mut chunk).await.unwrap_or(0);
            held.extend_from_slice(chunk.get(..count).unwrap_or_default());
            // Whole lines go out. Of a line without end, as much as cannot be the start of a secret.
            let cut = if count == 0 {
                held.len()
            } else if let Some(end) = held.iter().rposition(|b| *b == b'\n') {
                end + 1
            } else if held.len() > LINE + ctx.log.longest_secret() {
                ctx.log.safe_cut(&held)
            } else {
                0
            };
            let rest = held.split_off(cut);
            self.pass_on(&held, ctx);
            held = rest;
            if count == 0 {
                break;
            }
        }
        if let Some(error) = &self.problem {
            ctx.log.line(&format!(
                "warning: what the command prints is not all in the file that is put away: {error}"
            ));
        }
    }

    fn pass_on(&mut self, bytes: &[u8], ctx: &Context) {
        let text = ctx.log.mask(&String::from_utf8_lossy(bytes));
        ctx.log.raw(text.as_bytes());
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(&ctx.log.mask_bytes(bytes))
        {
            self.problem = Some(error);
            self.file = None;
        }
        if let Some(tail) = self.tail {
            let mut lines = tail.lock().unwrap_or_else(PoisonError::into_inner);
            for line in text.lines() {
                lines.push_back(line.chars().take(LONGEST_LINE).collect());
                if lines.len() > TAIL_LINES {
                    lines.pop_front();
                }
            }
        }
    }
}

/// Waits until no process of the attempt is left.
async fn gone(id: &ProcessId) {
    while !members(id, Leader::Watched).is_empty() {
        tokio::time::sleep(POLL).await;
    }
}

/// Kills what a killed runner left of an attempt; returns how many processes there were.
pub fn kill_orphan(id: &ProcessId) -> usize {
    signal(id, Signal::KILL, Leader::Recorded)
}

/// Kills what a killed runner left that has a mark like this; returns how many processes there were.
pub fn kill_marked(is_meant: impl Fn(&str) -> bool) -> usize {
    // A command may have started this very program.
    let own = lineage_of(std::process::id());
    let is_meant =
        |pid: u32| !own.contains(&pid) && mark_of(pid).is_some_and(|mark| is_meant(&mark));
    signal_all(Signal::KILL, is_meant, || {
        all_processes()
            .into_iter()
            .filter(|pid| is_meant(*pid))
            .collect()
    })
}

/// A process, the one that started it, and so on.
fn lineage_of(pid: u32) -> Vec<u32> {
    let parent = |pid: &u32| stat(*pid).map(|found| found.parent);
    std::iter::successors(Some(pid), parent).take(100).collect()
}

/// Signals all processes of the attempt, until no new one appears.
fn signal(id: &ProcessId, signal: Signal, leader: Leader) -> usize {
    let is_meant = |pid| is_member(pid, id, leader);
    signal_all(signal, is_meant, || members(id, leader))
}

/// Signals all that are found, until no new one appears.
fn signal_all(
    signal: Signal,
    is_meant: impl Fn(u32) -> bool,
    find: impl Fn() -> Vec<u32>,
) -> usize {
    let mut seen = std::collections::BTreeSet::new();
    loop {
        let before = seen.len();
        for pid in find() {
            if !seen.insert(pid) {
                continue;
            }
            let Some(target) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
                continue;
            };
            let Ok(handle) = pidfd_open(target, PidfdFlags::empty()) else {
                continue;
            };
            // The handle holds the process: asked again now, the answer is about the one that gets the signal.
            if is_meant(pid) {
                // It may have ended by itself meanwhile.
                pidfd_send_signal(&handle, signal).unwrap_or_default();
            }
        }
        if seen.len() == before {
            return seen.len();
        }
    }
}

fn members(id: &ProcessId, leader: Leader) -> Vec<u32> {
    let is_member = |pid: &u32| is_member(*pid, id, leader);
    if leader == Leader::Young
        && let Some(newest) = newest_pid()
        && (id.pid..id.pid.saturating_add(NEAR)).contains(&newest)
    {
        // The leader itself is over.
        return (id.pid.saturating_add(1)..=newest)
            .filter(is_member)
            .collect();
    }
    let pids = all_processes().into_iter();
    pids.filter(is_member).collect()
}

/// The processes of this machine.
fn all_processes() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse().ok());
    pids.collect()
}

/// The number that was given to a process or thread last. They count up, and begin again at the end.
fn newest_pid() -> Option<u32> {
    proc_text("/proc/loadavg")?
        .split_whitespace()
        .next_back()?
        .parse()
        .ok()
}

/// Marked, or in the group of the leader.
fn is_member(pid: u32, id: &ProcessId, leader: Leader) -> bool {
    let Some(found) = stat(pid).filter(|s| !s.dead) else {
        return false;
    };
    // Nothing of the attempt is older than its leader; most processes of the machine are.
    if id.start_time.is_some_and(|start| found.start_time < start) {
        return false;
    }
    // Our own children are leaders themselves, of other attempts; unless the system gives us the children of the dead.
    let ours = std::process::id();
    if leader == Leader::Young && found.parent == ours && ours != INIT {
        return false;
    }
    if found.group == id.pid && id.start_time.is_some() {
        let same = stat(id.pid).map(|s| Some(s.start_time) == id.start_time);
        if same.unwrap_or(leader != Leader::Recorded) {
            return true;
        }
    }
    mark_of(pid).is_some_and(|mark| mark == id.attempt_id)
}

/// The mark of a process, if it may be asked and has one.
fn mark_of(pid: u32) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let begin = format!("{MARKER}=");
    let mut variables = environment.split(|byte| *byte == 0);
    let mark = variables.find_map(|variable| variable.strip_prefix(begin.as_bytes()))?;
    String::from_utf8(mark.to_vec()).ok()
}

/// What is known of the leader of a group when it is not there any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leader {
    /// It has just ended under our eyes: its group is what it left.
    Watched,
    /// The same, and it has only just begun: what it left are processes with numbers between its own and the newest.
    Young,
    /// It was recorded long ago: the group's number may belong to others by now.
    Recorded,
}

struct Stat {
    parent: u32,
    group: u32,
    start_time: u64,
    dead: bool,
}

/// A short file of the system, in one read.
fn proc_text(path: &str) -> Option<String> {
    let mut text = [0; 1024];
    let length = File::open(path).ok()?.read(&mut text).ok()?;
    text.get(..length)
        .map(|text| String::from_utf8_lossy(text).into_owned())
}

fn stat(pid: u32) -> Option<Stat> {
    let text = proc_text(&format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything; the fields after it do not.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Stat {
        parent,
        group,
        start_time: fields.nth(16)?.parse().ok()?,
        dead,
    })
}
