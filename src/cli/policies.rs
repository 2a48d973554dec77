//! Policies that a plan has to pass: `--policy-dir` and `PIPEFORM_POLICY_DIR`.
//!
//! They are asked in a process of their own, which is this program again: it is ended when it takes more time or memory than a plan is worth, and when it
//! breaks off nothing is lost but an answer.

use std::ffi::OsString;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::context::Context;
use super::errors::Failure;
use super::locking::duration;
use super::planning::Planned;
use super::terminal;
use super::untrusted::check_policies;
use super::views;
use super::views::spoken;
use crate::clock::Stopwatch;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::plan::saved::Configuration;
use crate::plan::saved::Made;
use crate::plan::saved::Policies;
use crate::plan::saved::Said;
use crate::plan::saved::digest_of_text;
use crate::policy;

/// The variable with a directory of policies that are asked besides those of `--policy-dir`.
const DIRECTORY: &str = "PIPEFORM_POLICY_DIR";

/// The variable with how long policies may take, instead of [`TIME`].
const TIMEOUT: &str = "PIPEFORM_POLICY_TIMEOUT";

/// How long policies may take.
const TIME: Duration = Duration::from_secs(30);

/// How much memory they may take, in KiB.
const MEMORY: u64 = 1 << 20;

/// How often it is looked whether they take too much.
const LOOK: Duration = Duration::from_millis(20);

/// The stack that nested rules have.
const STACK: usize = 256 << 20;

/// How large a policy may be, in bytes.
const LARGEST: u64 = 1 << 20;

/// The only word of the command line of a process that is asked.
const ASKED: &str = "--answer-for-policies";

/// What such a process reads.
#[derive(Serialize, Deserialize)]
struct Question {
    policies: Vec<(String, String)>,
    input: Json,
}

/// What it writes.
type Answer = Result<Vec<policy::Said>, policy::Broken>;

/// Options of commands that ask policies about a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PolicyArgs {
    /// Policies in Rego that the plan has to pass, `*.rego` (besides those in `PIPEFORM_POLICY_DIR`); exit with 3 when they deny it
    #[arg(long, value_name = "DIR")]
    policy_dir: Vec<PathBuf>,
}

/// What policies say about a plan.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// It, for the plan that is saved; `None`: there are no policies.
    pub(crate) policies: Option<Policies>,
    /// What they name and no plan has.
    unknown: Diagnostics,
    /// Their texts, which findings point into.
    pub(crate) sources: Sources,
}

impl Judged {
    /// What they say, as findings.
    pub(crate) fn findings(&self) -> Diagnostics {
        let mut found = self.policies.as_ref().map(findings).unwrap_or_default();
        found.extend(self.unknown.clone());
        found
    }

    /// Fails when they deny the plan.
    pub(crate) fn allowed(&self) -> Result<(), Failure> {
        match &self.policies {
            Some(policies) if policies.deny() => Err(denied(findings(policies))),
            _ => Ok(()),
        }
    }
}

/// What policies have said, as findings.
pub(crate) fn findings(policies: &Policies) -> Diagnostics {
    let mut findings = Diagnostics::new();
    for said in &policies.said {
        let said = policy::Said {
            denies: said.denies,
            message: said.message.clone(),
            rule: said.rule.clone(),
            file: said.file.clone(),
        };
        findings.push(said.finding());
    }
    findings
}

/// Why a plan is not applied that policies denied.
pub(crate) fn denied(findings: Diagnostics) -> Failure {
    Failure::Denied(Box::new((findings, Sources::default())))
}

impl PolicyArgs {
    /// Where policies are.
    fn directories(&self, context: &Context) -> Vec<PathBuf> {
        let mut directories = self.policy_dir.clone();
        let everywhere = context.environment.get(DIRECTORY).map(PathBuf::from);
        directories.extend(everywhere);
        directories.sort();
        directories.dedup();
        directories
    }

    /// What policies say about a plan; fails when they cannot be asked. `of`: by whom the plan was made, and of what.
    pub(crate) fn judge(
        &self,
        context: &Context,
        planned: &Planned,
        of: impl FnOnce() -> (Made, Configuration),
    ) -> Result<Judged, Failure> {
        let directories = self.directories(context);
        if directories.is_empty() {
            return Ok(Judged::default());
        }
        check_policies(context, &directories)?;
        let policies = read_all(context, &directories)?;
        let (made, configuration) = of();
        let input = views::terraform::plan((&made, &configuration), planned, None);
        let files = policies.iter();
        let files = files.map(|(name, text)| (name.to_owned(), digest_of_text(text.as_bytes())));
        let files = files.collect();
        let time = match context.environment.get(TIMEOUT) {
            None => TIME,
            Some(text) => duration(text).ok_or_else(|| {
                Failure::message(format!(
                    "{TIMEOUT}: `{text}` is not a duration; write e.g. `60s`."
                ))
            })?,
        };
        match asked(&policies, input, time) {
            Err(finding) => Err(Failure::Findings(Box::new((finding.into(), policies)))),
            Ok(said) => Ok(Judged {
                policies: Some(Policies {
                    files,
                    said: said.into_iter().map(kept).collect(),
                }),
                unknown: policy::unknown_keys(&policies),
                sources: policies,
            }),
        }
    }
}

fn kept(said: policy::Said) -> Said {
    Said {
        denies: said.denies,
        message: said.message,
        rule: said.rule,
        file: said.file,
    }
}

/// Asks policies in a process of their own, and ends it when it takes too much time or memory.
fn asked(policies: &Sources, input: Json, time: Duration) -> Result<Vec<policy::Said>, Diagnostic> {
    let texts = policies.iter();
    let question = Question {
        policies: texts
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect(),
        input,
    };
    let question = serde_json::to_vec(&question).map_err(|error| failed(&error.to_string()))?;
    let child = Command::new(this_program())
        .arg(ASKED)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child =
        child.map_err(|error| failed(&format!("No process can be started: {error}")))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        if let Some(mut stdin) = stdin {
            // One that has ended does not read; then it writes nothing either.
            drop(stdin.write_all(&question));
        }
        let mut answer = Vec::new();
        drop(stdout.map(|mut stdout| stdout.read_to_end(&mut answer)));
        drop(sender.send(answer));
    });
    let answer = waited(&receiver, child.id(), time);
    if answer.is_err() {
        drop(child.kill());
    }
    let status = child.wait();
    if let Ok(answer) = serde_json::from_slice::<Answer>(&answer?) {
        return answer.map_err(|broken| broken.finding(policies));
    }
    let signal = status.ok().and_then(|status| status.signal());
    let signal = signal.map_or_else(String::new, |number| format!(" with signal {number}"));
    Err(failed(&format!(
        "Their evaluation broke off{signal}. A function that calls itself without end does that, or a value that no memory can hold"
    )))
}

/// This program. Linux finds it also where its file has been replaced since it was started.
fn this_program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        return running;
    }
    std::env::current_exe().unwrap_or(running)
}

/// What a process has written; fails when it takes too much.
fn waited(
    receiver: &mpsc::Receiver<Vec<u8>>,
    process: u32,
    time: Duration,
) -> Result<Vec<u8>, Diagnostic> {
    let stopwatch = Stopwatch::start();
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(answer) => return Ok(answer),
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        if stopwatch.elapsed() > time {
            return Err(failed(&format!(
                "They were stopped after {}",
                spoken(SignedDuration::try_from(time).unwrap_or_default())
            ))
            .help("Look for rules that combine each object with each other one. `PIPEFORM_POLICY_TIMEOUT=60s` gives them more time."));
        }
        if resident(process) > MEMORY {
            return Err(failed(&format!(
                "They were stopped when they took more than {} MiB of memory",
                MEMORY >> 10
            )));
        }
    }
}

/// Why policies have not said anything.
fn failed(why: &str) -> Diagnostic {
    Diagnostic::error(
        "Policies cannot be asked",
        format!("{why}. A plan that was not judged counts as one that is not allowed."),
    )
}

/// The memory that a process takes, in KiB; 0 where it is not known.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    number.unwrap_or(0)
}

/// Whether this process is one that is asked.
pub(super) fn is_asked(mut arguments: impl Iterator<Item = OsString>) -> bool {
    arguments.nth(1).is_some_and(|word| word == ASKED) && arguments.next().is_none()
}

/// Answers the question on standard input. Where it cannot, it says nothing and fails.
pub(super) fn answer() -> ExitCode {
    let mut question = Vec::new();
    let read = std::io::stdin().read_to_end(&mut question);
    let Ok(Ok(question)) = read.map(|_| serde_json::from_slice::<Question>(&question)) else {
        return ExitCode::FAILURE;
    };
    let thread = std::thread::Builder::new().stack_size(STACK);
    let thread = thread.spawn(move || {
        let mut policies = Sources::default();
        for (name, text) in question.policies {
            policies.add(name, text);
        }
        policy::judge(&policies, &question.input)
    });
    let answer = thread.map(std::thread::JoinHandle::join);
    let Ok(Ok(Ok(text))) = answer.map(|answer| answer.map(|it| serde_json::to_string(&it))) else {
        return ExitCode::FAILURE;
    };
    terminal::print(&text);
    ExitCode::SUCCESS
}

/// The policies of directories, without their tests.
fn read_all(context: &Context, directories: &[PathBuf]) -> Result<Sources, Failure> {
    let mut policies = Sources::default();
    for directory in directories {
        let mut paths = Vec::new();
        find(context, directory, &mut paths)?;
        if paths.is_empty() {
            let finding = Diagnostic::error(
                "No policies",
                format!(
                    "`{}` has no file `*.rego`, so that nothing would be checked.",
                    directory.display()
                ),
            );
            let sources = Sources::default();
            return Err(Failure::Findings(Box::new((finding.into(), sources))));
        }
        paths.sort();
        for path in paths {
            let text = text(&context.directory.join(&path));
            let text = text.map_err(|error| wrong(&path, &error))?;
            policies.add(path.to_string_lossy(), text);
        }
    }
    Ok(policies)
}

/// The text of a policy.
fn text(path: &Path) -> std::io::Result<String> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    if metadata.len() > LARGEST {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    std::fs::read_to_string(path)
}

/// Finds the policies in a directory and below it. What is hidden is left out, and no link to a directory is followed.
fn find(context: &Context, directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = std::fs::read_dir(context.directory.join(directory));
    for entry in entries.map_err(|error| wrong(directory, &error))? {
        let entry = entry.map_err(|error| wrong(directory, &error))?;
        let file = entry.file_name();
        let name = file.to_string_lossy();
        let kind = entry.file_type();
        let path = directory.join(&file);
        if name.starts_with('.') {
            continue;
        }
        if kind.map_err(|error| wrong(&path, &error))?.is_dir() {
            find(context, &path, paths)?;
        } else if name.ends_with(".rego") && !name.ends_with("_test.rego") {
            paths.push(path);
        }
    }
    Ok(())
}

fn wrong(what: &Path, problem: &dyn std::fmt::Display) -> Failure {
    Failure::message(format!(
        "--policy-dir: `{}`: {problem}.\n\nPolicies are regular files in Rego, `*.rego`, in a directory.",
        what.display()
    ))
}
