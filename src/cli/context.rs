//! What every command works with: the environment, read once, the directory, the clock, how to print.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::Path;
use std::path::PathBuf;

use super::Global;
use super::errors::Failure;
use super::spelling;
use super::views::Look;
use super::workspaces::Workspaces;
use crate::clock::Clock;
use crate::fetch::Fence;
use crate::store::Store;

/// The directory below the root module where Pipeform keeps what is local to this machine, unless `PIPEFORM_DATA_DIR` names
/// another one.
const DATA_DIRECTORY: &str = ".pipeform";

/// The environment of the process, read once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// Reads it. Variables whose names are not UTF-8 are left out.
    pub(crate) fn of_process() -> Self {
        Self {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
                .collect(),
        }
    }

    /// One with these variables.
    #[cfg(test)]
    pub(crate) fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let variables = variables.map(|(name, value)| (name.to_owned(), value.into()));
        Self {
            variables: variables.into(),
        }
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.raw(name)?.to_str().filter(|value| !value.is_empty())
    }

    /// The value of a variable that is set, whatever it is.
    pub(crate) fn raw(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str)
    }

    /// The variables with this prefix, without it.
    pub(crate) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.variables
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.to_str()?)))
    }
}

/// How to print to a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Colour and width.
    pub(crate) look: Look,
    /// Whether a person watches it.
    pub(crate) interactive: bool,
}

impl Style {
    fn new(environment: &Environment, terminal: bool, no_color: bool) -> Self {
        let width = environment
            .get("COLUMNS")
            .and_then(|columns| columns.parse().ok())
            .or_else(|| terminal.then(terminal_width).flatten())
            .unwrap_or(100);
        let color = terminal
            && !no_color
            && environment.get("NO_COLOR").is_none()
            && environment.get("TERM") != Some("dumb");
        Self {
            look: Look {
                color,
                width,
                hints: environment.get("PIPEFORM_IN_AUTOMATION").is_none(),
            },
            interactive: terminal && environment.get("CI").is_none(),
        }
    }

    /// How to print to standard error, before or after there is a context.
    pub(crate) fn of_stderr() -> Self {
        let no_color =
            std::env::args_os().any(|argument| argument == "--no-color" || argument == "-no-color");
        let terminal = std::io::stderr().is_terminal();
        Self::new(&Environment::of_process(), terminal, no_color)
    }
}

/// Where local data is kept: `PIPEFORM_DATA_DIR`, relative to the root module's directory. Two checkouts that share it share the
/// state.
fn data_directory(environment: &Environment, directory: &Path) -> PathBuf {
    let given = environment.raw("PIPEFORM_DATA_DIR");
    let given = given.filter(|given| !given.is_empty());
    directory.join(given.unwrap_or(OsStr::new(DATA_DIRECTORY)))
}

fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// What every command works with.
pub(crate) struct Context {
    /// The environment.
    pub(crate) environment: Environment,
    /// The root module's directory, absolute.
    pub(crate) directory: PathBuf,
    /// The directory the command was started in.
    pub(crate) working_directory: PathBuf,
    /// The workspace whose state is meant.
    pub(crate) workspace: String,
    /// How to print to standard output.
    pub(crate) look: Look,
    /// Whether a person watches standard output.
    pub(crate) interactive: bool,
    /// Whether questions may be asked.
    pub(crate) input: bool,
    /// The clock. `PIPEFORM_NOW` stops it at a moment, for tests and for looking at what a plan will say.
    pub(crate) clock: Clock,
    /// What reading files does not leave, where the configuration is not trusted.
    pub(crate) fence: Option<Fence>,
}

impl Context {
    /// Prepares a command.
    pub(crate) fn new(environment: Environment, global: &Global) -> Result<Self, Failure> {
        let working_directory = std::env::current_dir().map_err(|error| {
            Failure::message(format!("The current directory cannot be read: {error}"))
        })?;
        let directory = match &global.chdir {
            None => working_directory.clone(),
            Some(chdir) => {
                std::env::set_current_dir(chdir).map_err(|error| {
                    Failure::message(format!(
                        "--chdir: `{}` cannot be entered: {error}",
                        chdir.display()
                    ))
                })?;
                working_directory.join(chdir)
            }
        };
        let clock = match environment.get("PIPEFORM_NOW") {
            None => Clock::system(),
            Some(text) => Clock::fixed(text.parse().map_err(|error| {
                Failure::message(format!("PIPEFORM_NOW: `{text}` is not a time: {error}"))
            })?),
        };
        let input = match (global.input, environment.get("PIPEFORM_INPUT")) {
            (Some(input), _) => input,
            (None, None) => true,
            (None, Some(text)) => spelling::boolean(text).map_err(|hint| {
                Failure::message(format!(
                    "PIPEFORM_INPUT: `{text}` says neither yes nor no; {hint}"
                ))
            })?,
        };
        let style = Style::new(
            &environment,
            std::io::stdout().is_terminal(),
            global.no_color,
        );
        let workspaces = Workspaces::of(data_directory(&environment, &directory));
        let workspace = workspaces.selected(&environment)?;
        Ok(Self {
            environment,
            directory,
            workspace,
            working_directory,
            look: style.look,
            interactive: style.interactive,
            input,
            clock,
            fence: None,
        })
    }

    /// The same for another root module, whose path begins in the directory of this one.
    pub(crate) fn elsewhere(&self, path: &Path) -> Self {
        Self {
            environment: self.environment.clone(),
            directory: self.directory.join(path),
            working_directory: self.working_directory.clone(),
            workspace: self.workspace.clone(),
            fence: self.fence.clone(),
            ..*self
        }
    }

    /// The same in another workspace.
    pub(crate) fn in_workspace(&self, name: &str) -> Self {
        Self {
            workspace: name.to_owned(),
            ..self.elsewhere(Path::new(""))
        }
    }

    /// The values of variables in the environment, by name. What is not trusted does not get them.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let variables = self.environment.with_prefix("PIPEFORM_VAR_");
        variables.filter(|_| self.fence.is_none())
    }

    /// The user's home directory. What is not trusted does not get to know it.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let home = self.environment.get("HOME").map(PathBuf::from);
        home.filter(|_| self.fence.is_none())
    }

    /// Where local data is kept.
    pub(crate) fn data_directory(&self) -> PathBuf {
        data_directory(&self.environment, &self.directory)
    }

    /// The workspaces here.
    pub(crate) fn workspaces(&self) -> Workspaces {
        Workspaces::of(self.data_directory())
    }

    /// Where the logs of attempts are kept.
    pub(crate) fn logs(&self) -> PathBuf {
        self.workspaces().directory(&self.workspace).join("logs")
    }

    /// Where the directories of attempts are made.
    pub(crate) fn staging(&self) -> PathBuf {
        self.workspaces().directory(&self.workspace).join("staging")
    }

    /// The state, for reading; an empty one if nothing was ever applied.
    pub(crate) fn read_state(&self) -> Result<Store, Failure> {
        Ok(Store::read(&self.state_path()?)?)
    }

    /// The state, for writing.
    pub(crate) fn write_state(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.state_path()?)?)
    }

    /// The file of the state. That there is no such workspace is an error: a mistake in a name would make everything anew.
    pub(crate) fn state_path(&self) -> Result<PathBuf, Failure> {
        let workspaces = self.workspaces();
        if !workspaces.exists(&self.workspace) {
            return Err(workspaces.missing(&self.workspace));
        }
        Ok(self.database())
    }

    /// Where the file of the state is, if there is such a workspace.
    pub(crate) fn database(&self) -> PathBuf {
        self.workspaces()
            .directory(&self.workspace)
            .join("state.db")
    }

    /// Who is working: `user@host`, for locks and the audit trail.
    pub(crate) fn who(&self) -> String {
        let user = self
            .environment
            .get("USER")
            .or_else(|| self.environment.get("LOGNAME"))
            .map_or_else(
                || format!("uid{}", rustix::process::getuid().as_raw()),
                str::to_owned,
            );
        let host = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname"))
            .map(|name| name.trim().to_owned())
            .ok()
            .or_else(|| self.environment.get("HOSTNAME").map(str::to_owned))
            .unwrap_or_else(|| "localhost".to_owned());
        format!("{user}@{host}")
    }
}
