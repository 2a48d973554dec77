//! A fence around the root module's directory: what a stranger has written reads nothing outside of it.
//!
//! Paths are followed step by step, and each symbolic link is looked at before it is followed. So it is not told either whether there is
//! something at the place that a link or a `..` leads to.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// How many symbolic links are followed.
const LINKS: usize = 40;

/// A directory that is not left.
#[derive(Clone, Debug)]
pub struct Fence {
    /// It, as it was named.
    directory: PathBuf,
    /// It, without symbolic links.
    root: PathBuf,
}

/// What is said of a place outside.
#[derive(Debug, thiserror::Error)]
#[error(
    "it leads out of the root module's directory, and with --untrusted nothing outside is read"
)]
pub struct Outside;

impl Fence {
    /// A fence around a directory, which must be there.
    pub fn around(directory: &Path) -> io::Result<Self> {
        Ok(Self {
            directory: directory.to_owned(),
            root: directory.canonicalize()?,
        })
    }

    /// Where a path leads to, relative ones from the directory on, without symbolic links. What is not there is inside, if all that
    /// leads to it is. Fails with [`Outside`], and when links lead in circles.
    pub fn inside(&self, path: &Path) -> io::Result<PathBuf> {
        let mut steps = VecDeque::new();
        self.enter(path, &mut steps)?;
        let mut at = self.root.clone();
        let mut links = 0;
        while let Some(step) = steps.pop_front() {
            if step == ".." {
                if at == self.root {
                    return Err(outside());
                }
                at.pop();
                continue;
            }
            at.push(&step);
            let Ok(target) = std::fs::read_link(&at) else {
                continue;
            };
            links += 1;
            if links > LINKS {
                return Err(io::Error::other("symbolic links lead in circles"));
            }
            at.pop();
            if target.is_absolute() {
                at.clone_from(&self.root);
            }
            let rest = std::mem::take(&mut steps);
            self.enter(&target, &mut steps)?;
            steps.extend(rest);
        }
        Ok(at)
    }

    /// Adds the steps of a path. An absolute one has to lie in the directory.
    fn enter(&self, path: &Path, steps: &mut VecDeque<OsString>) -> io::Result<()> {
        let path = if path.is_absolute() {
            let below = path.strip_prefix(&self.directory);
            let below = below.or_else(|_| path.strip_prefix(&self.root));
            below.map_err(|_| outside())?
        } else {
            path
        };
        for part in path.components() {
            match part {
                Component::Normal(name) => steps.push_back(name.to_owned()),
                Component::ParentDir => steps.push_back("..".into()),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        Ok(())
    }
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, Outside)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_leads_out() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("root");
        std::fs::create_dir_all(root.join("sub/deep")).expect("directories");
        for (target, name) in [
            ("/etc", "etc"),
            ("..", "up"),
            ("../../..", "sub/far"),
            ("sub/deep", "near"),
            ("../sub", "sub/again"),
            ("nowhere", "dangling"),
            ("/nowhere/at/all", "lost"),
            ("circle", "circle"),
            ("etc", "chain"),
            ("../root/sub", "home"),
        ] {
            symlink(target, root.join(name)).expect("a link");
        }
        symlink(root.join("sub"), root.join("absolute")).expect("a link");
        let fence = Fence::around(&root).expect("a fence");
        let place = |path: &str| -> Result<String, String> {
            let found = fence
                .inside(Path::new(path))
                .map_err(|error| error.to_string())?;
            let below = found
                .strip_prefix(root.canonicalize().expect("a root"))
                .expect("inside");
            Ok(below.display().to_string())
        };
        let absolute = root.join("sub/x");
        for (path, wanted) in [
            ("sub/x", Some("sub/x")),
            ("./sub/../sub/x", Some("sub/x")),
            ("near/x", Some("sub/deep/x")),
            ("near/../x", Some("sub/x")),
            ("sub/again", Some("sub")),
            ("dangling/x", Some("nowhere/x")),
            ("absolute/deep", Some("sub/deep")),
            (absolute.to_str().expect("text"), Some("sub/x")),
            ("", Some("")),
            ("/etc/passwd", None),
            ("../x", None),
            ("..", None),
            ("sub/../../x", None),
            ("etc/passwd", None),
            ("chain/passwd", None),
            ("up", None),
            ("up/root/sub", None),
            ("sub/far/etc", None),
            ("lost", None),
            ("home", None),
            ("circle", None),
            ("/nowhere", None),
        ] {
            assert_eq!(place(path).ok().as_deref(), wanted, "{path}");
        }
        let same = [place("/etc/passwd"), place("lost"), place("../x")];
        assert!(same.iter().all(|it| *it == same[0]), "{same:?}");
        assert!(place("circle").is_err_and(|why| why.contains("circles")));
    }
}
