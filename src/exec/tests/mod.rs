//! Real processes: what they see, how they end, and that nothing of them is left.

mod checks;
mod commands;
mod ends;
mod logs;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

use super::process::ProcessId;
use super::shell_command::Program;
use super::shell_command::ShellCommand;
use crate::exec;
use crate::exec::Activities;
use crate::exec::Cancel;
use crate::exec::Context;
use crate::exec::OnProcess;
use crate::exec::Progress;
use crate::exec::Sessions;
use crate::exec::Work;
use crate::exec::log::Log;
use crate::exec::looking::Looking;

/// How long checks may take here.
const LIMIT: Duration = Duration::from_mins(1);

struct Fixture {
    dir: TempDir,
    ctx: Context,
    started: Arc<Mutex<Option<ProcessId>>>,
}

impl Fixture {
    fn new(secrets: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let secrets: Vec<String> = secrets.iter().map(|s| (*s).to_owned()).collect();
        let started = Arc::new(Mutex::new(None));
        let record = Arc::clone(&started);
        let ctx = Context {
            log: Log::at(&dir.path().join("log"), &secrets),
            cancel: Cancel::new(),
            progress: Progress::default(),
            aws: Sessions::default(),
            clusters: super::emr::Clusters::default(),
            looking: Looking::default(),
            webhooks: exec::webhook::Client::default(),
            staging: dir.path().join("staging"),
            archive: None,
            attempt_id: uuid::Uuid::new_v4().to_string(),
            activities: Activities::default(),
            on_process: OnProcess(Some(Arc::new(move |id: &ProcessId| {
                *record.lock().unwrap() = Some(id.clone());
            }))),
        };
        Self { dir, ctx, started }
    }

    fn command(&self, command: &str) -> Box<ShellCommand> {
        let path = ("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        Box::new(ShellCommand {
            program: Program::Command(command.to_owned()),
            inherited: [path].into(),
            working_dir: self.dir.path().to_owned(),
            ..ShellCommand::default()
        })
    }

    async fn run(&self, command: &str) -> Result<(), String> {
        let work = Work::Shell(self.command(command));
        let result = exec::run(work, self.ctx.clone()).await;
        result.map(drop).map_err(|error| error.to_string())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The pid that a command wrote into a file, as soon as it is there.
    async fn pid(&self, name: &str) -> u32 {
        loop {
            let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
            if let Some(pid) = text.strip_suffix('\n') {
                return pid.parse().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Runs a command, and cancels it when `files` hold the pids of its processes; gives the pids.
    async fn cancelled(&self, command: &str, files: &[&str]) -> Vec<u32> {
        let cancel = async {
            let mut pids = Vec::new();
            for file in files {
                pids.push(self.pid(file).await);
            }
            self.ctx.cancel.cancel();
            pids
        };
        let (result, pids) = tokio::join!(self.run(command), cancel);
        assert_eq!(result.unwrap_err(), "cancelled");
        pids
    }
}

fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        let state = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned());
        !state.is_some_and(|rest| rest.starts_with(['Z', 'X']))
    })
}
