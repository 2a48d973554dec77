//! Shell commands: the activity, the action and the precondition share one way to run a command.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use super::Cancel;
use super::Context;
use super::ExecError;
use super::Held;
use super::archive::STDERR;
use super::archive::STDOUT;
use super::copy::transfer;
use super::copy::transfer::Transfer;
use super::preflight::Need;
use super::preflight::programs;
use super::process;
use super::process::Ended;
use super::process::Invocation;
use super::process::Printed;
use super::staging::Area;
use super::staging::Staging;
use crate::connect::ConnectError;
use crate::connect::aws::AwsError;
use crate::connect::aws::Settings;
use crate::connect::place::Place;

/// What is run.
#[derive(Debug, Clone, PartialEq)]
pub enum Program {
    /// By `/bin/sh -c`.
    Command(String),
    /// A file: by what its first line says (`#!`), else by `/bin/sh`.
    Script(Place),
}

impl Default for Program {
    fn default() -> Self {
        Self::Command(String::new())
    }
}

/// A command with everything resolved.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShellCommand {
    /// What is run.
    pub program: Program,
    /// `$1`, `$2`, ….
    pub script_argument: Vec<String>,
    /// Set for the command, beside PATH, HOME, LANG and TZ.
    pub environment: BTreeMap<String, String>,
    /// PATH, HOME, LANG and TZ of the runner, as far as they are set.
    pub inherited: BTreeMap<String, String>,
    /// Where it runs.
    pub working_dir: PathBuf,
    /// What is brought to it, and what it leaves.
    pub staging: Staging,
    /// Where what it prints is put after it, besides the log.
    pub stdout: Option<Place>,
    /// The same of its errors.
    pub stderr: Option<Place>,
    /// How it is to reach AWS, if it gets the credentials for that.
    pub credentials: Option<Settings>,
}

impl ShellCommand {
    /// What must be there for it to run.
    pub(super) fn needs(&self) -> BTreeSet<Need> {
        let path = self.environment.get("PATH").or(self.inherited.get("PATH"));
        let path = path.cloned().unwrap_or_default();
        let mut needs: BTreeSet<Need> = match &self.program {
            Program::Command(command) => programs(command)
                .into_iter()
                .map(|name| Need::Program {
                    name,
                    path: path.clone(),
                })
                .collect(),
            Program::Script(Place::File(file)) => [Need::Script {
                file: file.clone(),
                path,
            }]
            .into(),
            Program::Script(place) => [Need::readable(place)].into(),
        };
        needs.insert(Need::Directory(self.working_dir.clone()));
        let outputs = self.staging.outputs.iter().flatten();
        let written = outputs.map(|left| &left.place);
        let written = written.chain(&self.stdout).chain(&self.stderr);
        needs.extend(written.map(Need::writable));
        let read = self.staging.inputs.iter().flatten().flatten();
        for (_, place) in read {
            needs.extend(Need::reachable(place));
            needs.extend(Need::listing(place));
        }
        needs.extend(self.credentials.clone().map(Need::Credentials));
        needs
    }

    /// The words that it is started with. A script is brought into the attempt's directory.
    async fn words(&self, area: &Area, ctx: &Context) -> Result<Vec<String>, ExecError> {
        let words = match &self.program {
            Program::Command(command) => {
                ["/bin/sh", "-c", command, "sh"].map(str::to_owned).to_vec()
            }
            Program::Script(place) => {
                let script = area.directory("script")?.join("script");
                let transfer = Transfer::new(vec![place.clone()], Place::File(script.clone()));
                transfer::run(&transfer, ctx).await?;
                let path = script.display().to_string();
                if names_its_shell(&script, place)? {
                    vec![path]
                } else {
                    vec!["/bin/sh".to_owned(), path]
                }
            }
        };
        let arguments = self.script_argument.iter().cloned();
        Ok(words.into_iter().chain(arguments).collect())
    }

    /// Files for what it prints, if anybody wants them.
    fn printed(&self, area: &Area, ctx: &Context) -> Result<Printed, ExecError> {
        let file = |name: &str, wanted: &Option<Place>| -> Result<Option<File>, ConnectError> {
            let is_wanted = wanted.is_some() || ctx.archive.is_some();
            is_wanted.then(|| area.appended(name)).transpose()
        };
        let same = self.stdout.is_some() && self.stdout == self.stderr;
        Ok(Printed {
            stdout: file(STDOUT, &self.stdout)?,
            stderr: file(if same { STDOUT } else { STDERR }, &self.stderr)?,
        })
    }

    /// Puts what was printed where it is wanted, also after a failure.
    async fn put_printed(&self, area: &Area, ctx: &Context) -> Result<(), ExecError> {
        let both = [(STDOUT, &self.stdout), (STDERR, &self.stderr)];
        for (name, place) in both {
            let (Some(place), file) = (place, area.path(name)) else {
                continue;
            };
            if name == STDERR && self.stdout == self.stderr {
                continue; // it is in the same file
            }
            let output = if place.is_many() {
                place.below(name)
            } else {
                place.clone()
            };
            let transfer = Transfer::new(vec![Place::File(file)], output);
            transfer::run(&transfer, ctx).await?;
        }
        Ok(())
    }

    async fn run(&self, area: &Area, ctx: &Context) -> Result<Ended, ExecError> {
        let mut environment = self.inherited.clone();
        let mut ctx = ctx.clone();
        if let Some(settings) = &self.credentials {
            let session = ctx.aws.session(settings).await;
            let session = session.map_err(|error| no_credentials(&error))?;
            let credentials = session.credentials().await;
            let credentials = credentials.map_err(|error| no_credentials(&error))?;
            ctx.log = ctx.log.hiding(&credentials.hidden());
            environment.extend(credentials.variables());
        }
        environment.extend(self.staging.bring(area, &ctx).await?);
        environment.extend(self.environment.clone());
        let invocation = Invocation {
            words: self.words(area, &ctx).await?,
            environment,
            working_dir: self.working_dir.clone(),
        };
        let ended = process::run(&invocation, self.printed(area, &ctx)?, &ctx).await;
        let put = self.put_printed(area, &ctx).await;
        let ended = ended?;
        if ended == Ended::Success {
            self.staging.put_away(area, &ctx).await?;
        }
        put?;
        Ok(ended)
    }
}

fn no_credentials(error: &AwsError) -> ExecError {
    ExecError::Failed(format!("the command gets no credentials for AWS: {error}"))
}

/// What the first line of a script says that runs it, behind its `#!`.
pub(super) fn interpreter(script: &Path) -> std::io::Result<Option<String>> {
    /// How long a first line is that counts.
    const LONGEST: u64 = 256;
    let mut begin = Vec::new();
    File::open(script)?.take(LONGEST).read_to_end(&mut begin)?;
    let line = begin.strip_prefix(b"#!");
    let line = line.and_then(|line| line.split(|byte| *byte == b'\n').next());
    Ok(line.map(|line| String::from_utf8_lossy(line).into_owned()))
}

/// Whether a script says itself what runs it, which is then here; it may be executed then.
fn names_its_shell(script: &Path, place: &Place) -> Result<bool, ExecError> {
    let failed = |error| ConnectError::io("read", script, error);
    let Some(line) = interpreter(script).map_err(failed)? else {
        return Ok(false);
    };
    if line.ends_with('\r') {
        return Err(ExecError::Failed(format!(
            "the lines of the script `{place}` end in CR LF, as those of Windows do, and so the program that its first line names is not found; write it with LF, e.g. by `dos2unix`"
        )));
    }
    let program = line.split_whitespace().next().unwrap_or_default();
    if program.starts_with('/') && !Path::new(program).exists() {
        return Err(ExecError::Failed(format!(
            "the first line of the script `{place}` says that `{program}` runs it, which is not on this machine; install it, or let `#!/usr/bin/env NAME` look for it on `PATH`"
        )));
    }
    let owner_only = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(script, owner_only).map_err(failed)?;
    Ok(true)
}

pub(super) async fn run(
    command: &ShellCommand,
    area: &Area,
    ctx: &Context,
) -> Result<(), ExecError> {
    let what = match command.program {
        Program::Command(_) => "the command",
        Program::Script(_) => "the script",
    };
    match command.run(area, ctx).await? {
        Ended::Success => Ok(()),
        Ended::Failed { how, tail } if tail.is_empty() => {
            Err(ExecError::Failed(format!("{what} {how}")))
        }
        Ended::Failed { how, tail } => Err(ExecError::Failed(format!(
            "{what} {how}; its last lines were:\n{tail}"
        ))),
    }
}

/// The last line of what a command has printed as its errors, cut where it is long, to follow a sentence.
fn last_words(tail: &str) -> String {
    const LONGEST: usize = 200;
    match tail.lines().next_back().map(str::trim) {
        None | Some("") => String::new(),
        Some(line) => format!(": {}", line.chars().take(LONGEST).collect::<String>()),
    }
}

/// Checks by a command that may take so long; then it is stopped, and nothing is known.
pub(super) async fn check(
    command: &ShellCommand,
    area: &Area,
    ctx: &Context,
    limit: Duration,
) -> Held {
    let Some(_place) = ctx.looking.place_of_command(&ctx.cancel).await else {
        return Held::Error(ExecError::Cancelled.to_string());
    };
    let own = Context {
        cancel: Cancel::new(),
        ..ctx.clone()
    };
    let work = command.run(area, &own);
    tokio::pin!(work);
    let (ended, is_over) = tokio::select! {
        ended = &mut work => (ended, false),
        () = tokio::time::sleep(limit) => {
            own.cancel.cancel();
            (work.await, true)
        }
        () = ctx.cancel.cancelled() => {
            own.cancel.cancel();
            (work.await, false)
        }
    };
    match ended {
        Ok(Ended::Success) => Held::Held,
        Ok(Ended::Failed { how, tail }) => {
            let said = last_words(&tail);
            Held::NotYet(ctx.log.mask(&format!("the command {how}{said}")))
        }
        Err(ExecError::Cancelled) if is_over => Held::Error(format!(
            "the command took longer than {} seconds, and was stopped",
            limit.as_secs()
        )),
        Err(e) => Held::Error(ctx.log.mask(&e.to_string())),
    }
}
