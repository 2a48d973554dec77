//! The files that the functions of a module see.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::lang::Files;

/// Files relative to a module's directory. A path that begins with that directory, as `"${path.module}/x"` does, is relative
/// to the root module, as in Terraform.
pub(super) struct ModuleFiles<'m> {
    directory: &'m Path,
    root: &'m dyn Files,
}

impl<'m> ModuleFiles<'m> {
    pub(super) fn new(directory: &'m Path, root: &'m dyn Files) -> Self {
        Self { directory, root }
    }

    /// A path as the root module's files take it.
    fn below_root<'p>(&self, path: &'p Path) -> Cow<'p, Path> {
        let plain = path.strip_prefix(".").unwrap_or(path);
        if self.directory == Path::new(".") || plain.starts_with(self.directory) {
            Cow::Borrowed(path)
        } else {
            Cow::Owned(self.directory.join(path))
        }
    }
}

impl Files for ModuleFiles<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.root.read(&self.below_root(path))
    }

    fn is_file(&self, path: &Path) -> bool {
        self.root.is_file(&self.below_root(path))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.root.list(&self.below_root(directory))
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        self.root.absolute(&self.below_root(path))
    }

    fn home(&self) -> Option<PathBuf> {
        self.root.home()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::ModuleFiles;
    use crate::lang::NoFiles;

    #[test]
    fn paths_are_relative_to_the_module_or_begin_with_its_directory() {
        for (directory, path, expected) in [
            (".", "a.sql", "a.sql"),
            (".", "./a.sql", "./a.sql"),
            ("modules/m", "a.sql", "modules/m/a.sql"),
            ("modules/m", "./a.sql", "modules/m/./a.sql"),
            ("modules/m", "modules/m/a.sql", "modules/m/a.sql"),
            ("modules/m", "./modules/m/a.sql", "./modules/m/a.sql"),
            (
                "modules/m",
                "modules/more/a.sql",
                "modules/m/modules/more/a.sql",
            ),
            ("modules/m", "/etc/a.sql", "/etc/a.sql"),
            ("../shared", "../shared/a.sql", "../shared/a.sql"),
            ("pipeform//m", "a.sql", "pipeform//m/a.sql"),
            ("pipeform//m", "pipeform//m/a.sql", "pipeform//m/a.sql"),
        ] {
            let files = ModuleFiles::new(Path::new(directory), &NoFiles);
            let found = files.below_root(Path::new(path));
            assert_eq!(found.to_str(), Some(expected), "{path} in {directory}");
        }
    }
}
