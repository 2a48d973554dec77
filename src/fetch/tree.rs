//! Loading a module and all it calls.
//!
//! Each directory is read once, however often it is called, and its tree is shared. Where a git repository has been checked out
//! is for [`Checkouts`] to say: `init` fetches what is missing, all others take what is installed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::folder::CONFIGURATION;
use super::folder::Folder;
use super::folder::is_module;
use super::library;
use super::source::GitSource;
use super::source::SUPPORTED;
use super::source::Source;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::diag::did_you_mean;
use crate::lang::Grammar;
use crate::lang::module::Module;
use crate::lang::module::ModuleCall;
use crate::lang::module::ModuleTree;

/// How deep modules may be nested.
const DEEPEST: usize = 50;

/// How many modules a configuration may have, counted as often as they are called.
const MOST: u64 = 100_000;

/// Where the checkouts of git repositories are.
pub trait Checkouts {
    /// The directory of the checkout, relative to the root module's. `call` is the path of the `module` block: `a.b`.
    fn checkout(
        &mut self,
        source: &GitSource,
        call: &str,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Result<String, Box<Diagnostic>>;
}

/// Loads trees of modules.
pub struct Loader<'a> {
    /// The root module's directory.
    pub root: &'a Path,
    /// What blocks and attributes there are.
    pub grammar: &'a dyn Grammar,
    /// Where git repositories are checked out.
    pub checkouts: &'a mut dyn Checkouts,
    /// The texts that findings point into.
    pub sources: &'a mut Sources,
    /// What there is to say.
    pub diagnostics: &'a mut Diagnostics,
}

/// A tree that may be called again, and the number of modules in it; `None` for what could not be loaded.
type Shared = Option<(Arc<ModuleTree>, u64)>;

/// A load under way.
struct Load<'l, 'a> {
    with: &'l mut Loader<'a>,
    /// What has been loaded, by the paths of the directories; `None` for what could not be.
    done: BTreeMap<String, Shared>,
    /// The modules that are being loaded, each called by the one before.
    open: Vec<Open>,
}

struct Open {
    /// The name of the call; empty for the root module.
    call: Arc<str>,
    path: String,
    identity: PathBuf,
}

impl Loader<'_> {
    /// Loads the root module, whose files have these names, and all it calls. What could not be loaded is missing, and has been
    /// reported.
    pub fn load(&mut self, folder: &Folder, names: &[String]) -> ModuleTree {
        let root = Open {
            call: "".into(),
            path: folder.path().to_owned(),
            identity: folder.identity(),
        };
        let mut load = Load {
            with: self,
            done: BTreeMap::new(),
            open: vec![root],
        };
        load.module(folder, names).0
    }
}

impl Load<'_, '_> {
    /// Reads the module in a folder, and loads those it calls.
    fn module(&mut self, folder: &Folder, names: &[String]) -> (ModuleTree, u64) {
        let Loader {
            grammar,
            sources,
            diagnostics,
            ..
        } = self.with;
        let files = folder.bodies(names, *grammar, sources, diagnostics);
        let module = Module::decode(folder.path(), files, diagnostics);
        let mut size: u64 = 1;
        let mut children = BTreeMap::new();
        for (name, call) in &module.calls {
            let Some((tree, below)) = self.call(folder, call) else {
                continue;
            };
            size = size.saturating_add(below);
            if size > MOST {
                let detail = format!(
                    "This configuration has more than {MOST} modules, counted as often as they are called. Use `for_each` for what is repeated."
                );
                self.with
                    .diagnostics
                    .push(Diagnostic::error("Too many modules", detail).at(call.source_span));
                break;
            }
            children.insert(Arc::clone(name), tree);
        }
        (ModuleTree { module, children }, size)
    }

    /// The module that a `module` block calls.
    fn call(&mut self, caller: &Folder, call: &ModuleCall) -> Shared {
        let source = call.source.as_deref()?;
        let found = self
            .locate(caller, call, source)
            .and_then(|folder| self.enter(&folder, call));
        match found {
            Ok(loaded) => loaded,
            Err(problem) => {
                self.with.diagnostics.push(problem.at(call.source_span));
                None
            }
        }
    }

    /// Where the module is.
    fn locate(
        &mut self,
        caller: &Folder,
        call: &ModuleCall,
        source: &str,
    ) -> Result<Folder, Box<Diagnostic>> {
        let invalid = |detail: String| Box::new(Diagnostic::error("Invalid module source", detail));
        match Source::parse(source) {
            Err(error) => Err(Box::new(invalid(error.to_string()).help(SUPPORTED))),
            Ok(Source::Local(path)) => caller.relative(self.with.root, &path).ok_or_else(|| {
                invalid(format!(
                    "`{path}` leads out of the repository or library that this module was taken from. It can use only what comes with it."
                ))
            }),
            Ok(Source::Library(name)) => {
                let modules = library::modules();
                if modules.contains(name.split('/').next().unwrap_or("")) {
                    return Ok(Folder::library(&name));
                }
                let all = modules.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
                let detail = format!("The library has no module `{name}`. It has {}.", all.join(", "));
                let hint = did_you_mean(&name, modules.iter().copied());
                Err(Box::new(Diagnostic::error("Module not found", detail).help_if(hint)))
            }
            Ok(Source::Git(_)) if caller.is_fenced() => {
                let detail = format!(
                    "The module `{}` comes from a git repository. With --untrusted modules are taken from the root module's directory and from the library alone: nothing is fetched, and what lies there as fetched may have been written by whoever wrote the configuration.",
                    self.path_of(call)
                );
                Err(Box::new(Diagnostic::error("Module source not allowed", detail)))
            }
            Ok(Source::Git(source)) => {
                let path = self.path_of(call);
                let package = self.with.checkouts.checkout(&source, &path, self.with.sources, self.with.diagnostics)?;
                Ok(Folder::checked_out(self.with.root, &package, &source.directory))
            }
        }
    }

    /// Loads the module in a folder, unless that was done before.
    fn enter(&mut self, folder: &Folder, call: &ModuleCall) -> Result<Shared, Box<Diagnostic>> {
        if let Some(loaded) = self.done.get(folder.path()) {
            return Ok(loaded.clone());
        }
        let identity = folder.identity();
        if let Some(at) = self.open.iter().position(|open| open.identity == identity) {
            return Err(self.circle(at, call));
        }
        if self.open.len() > DEEPEST {
            let detail = format!(
                "Modules may be nested {DEEPEST} deep, and `{}` would be deeper.",
                self.path_of(call)
            );
            return Err(Box::new(Diagnostic::error(
                "Modules nested too deeply",
                detail,
            )));
        }
        let path = folder.path().to_owned();
        let loaded = match names(folder) {
            Err(problem) => {
                self.done.insert(path, None);
                return Err(problem);
            }
            Ok(names) => {
                self.open.push(Open {
                    call: Arc::clone(&call.name.text),
                    path: path.clone(),
                    identity,
                });
                let (tree, size) = self.module(folder, &names);
                self.open.pop();
                Some((Arc::new(tree), size))
            }
        };
        self.done.insert(path, loaded.clone());
        Ok(loaded)
    }

    /// The path of a call, as `init` prints it: `a.b`.
    fn path_of(&self, call: &ModuleCall) -> String {
        let mut names: Vec<&str> = self.open.iter().skip(1).map(|open| &*open.call).collect();
        names.push(&call.name.text);
        names.join(".")
    }

    /// A module that calls itself. `at` is its place among those that are open.
    fn circle(&self, at: usize, call: &ModuleCall) -> Box<Diagnostic> {
        let mut links = self.open.iter().skip(at);
        let mut chain = links
            .next()
            .map_or_else(String::new, |open| format!("`{}`", open.path));
        for open in links {
            chain.extend([
                " calls `",
                &open.path,
                "` (`module.",
                &open.call,
                "`), which",
            ]);
        }
        let first = self.open.get(at).map_or("", |open| open.path.as_str());
        let detail = format!(
            "{chain} calls `{first}` again (`module.{}`). A module cannot contain itself: remove one of these calls.",
            call.name.text
        );
        Box::new(Diagnostic::error("Module calls itself", detail))
    }
}

/// The names of the files in a folder that must be a module.
fn names(folder: &Folder) -> Result<Vec<String>, Box<Diagnostic>> {
    let path = folder.path();
    let problem = match folder.names() {
        Ok(names) if is_module(&names) => return Ok(names),
        Ok(_) => Diagnostic::error(
            "Empty module",
            format!(
                "The directory `{path}` has no configuration files, whose names end in `{CONFIGURATION}`."
            ),
        ),
        Err(error) => {
            let detail = match error.kind() {
                io::ErrorKind::NotFound => format!("There is no directory `{path}`."),
                io::ErrorKind::NotADirectory => {
                    format!("`{path}` is not a directory. A module is all files of a directory.")
                }
                _ => format!("The directory `{path}` cannot be read: {error}."),
            };
            Diagnostic::error("Module not found", detail).help_if(folder.neighbour())
        }
    };
    Err(Box::new(problem))
}
