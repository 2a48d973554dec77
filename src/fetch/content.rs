//! The content of a checkout: its hash, and that nothing in it points outside.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use data_encoding::BASE64;
use data_encoding::HEXLOWER;
use sha2::Digest as _;
use sha2::Sha256;
use thiserror::Error;

/// Why a checkout is not used.
#[derive(Debug, Error)]
pub enum ContentError {
    /// A symbolic link leads out of it.
    #[error("The symbolic link `{}` in it leads out of the repository, to `{}`.", link.display(), target.display())]
    Link {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A file cannot be read.
    #[error("`{}` cannot be read: {error}.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
}

/// The hash of all files below a directory: `h1:` and, in base64, the SHA-256 of a list with a line for each file and
/// symbolic link, sorted by the bytes of the path: its mode as git has it (`100644`, `100755` for what is executable, `120000`
/// for a link), a space, the SHA-256 of its content (of a link's target) in hexadecimal, a space, its path, and a NUL.
///
/// Fails for a symbolic link that leads out of the directory.
pub(super) fn hash(root: &Path) -> Result<String, ContentError> {
    let mut lines = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(directory) = open.pop() {
        let unreadable = |error| ContentError::Unreadable {
            path: root.join(&directory),
            error,
        };
        for entry in std::fs::read_dir(root.join(&directory)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = directory.join(entry.file_name());
            let unreadable = |error| ContentError::Unreadable {
                path: path.clone(),
                error,
            };
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                open.push(path);
                continue;
            }
            let (mode, hash) = if kind.is_symlink() {
                let target = std::fs::read_link(entry.path()).map_err(unreadable)?;
                check_link(root, &path, &target)?;
                ("120000", Sha256::digest(target.as_os_str().as_bytes()))
            } else {
                let permissions = entry.metadata().map_err(unreadable)?.permissions();
                let mode = if permissions.mode() & 0o100 == 0 {
                    "100644"
                } else {
                    "100755"
                };
                (mode, hash_file(&entry.path()).map_err(unreadable)?)
            };
            lines.push((path, mode, HEXLOWER.encode(&hash)));
        }
    }
    lines.sort_by(|one, other| {
        one.0
            .as_os_str()
            .as_bytes()
            .cmp(other.0.as_os_str().as_bytes())
    });
    let mut all = Sha256::new();
    for (path, mode, hash) in lines {
        all.update(format!("{mode} {hash} "));
        all.update(path.as_os_str().as_bytes());
        all.update([0]);
    }
    Ok(format!("h1:{}", BASE64.encode(&all.finalize())))
}

fn hash_file(path: &Path) -> io::Result<sha2::digest::Output<Sha256>> {
    struct Hasher(Sha256);
    impl io::Write for Hasher {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut hasher = Hasher(Sha256::new());
    io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(hasher.0.finalize())
}

/// Refuses a link that leads out. Steps up may only stand at the beginning of its target, where they are counted from a real
/// directory; so what lies behind them is inside, as long as all other links are.
fn check_link(root: &Path, link: &Path, target: &Path) -> Result<(), ContentError> {
    let depth = link.components().count().saturating_sub(1);
    let mut steps_up = 0;
    let mut down = false;
    let inside = target.components().all(|component| match component {
        Component::CurDir => true,
        Component::Normal(_) => {
            down = true;
            true
        }
        Component::ParentDir => {
            steps_up += 1;
            !down
        }
        Component::RootDir | Component::Prefix(_) => false,
    });
    let ends_inside = match (root.join(link).canonicalize(), root.canonicalize()) {
        (Ok(end), Ok(root)) => end.starts_with(root),
        // It leads to nothing, or in a circle.
        _ => true,
    };
    if inside && steps_up <= depth && ends_inside {
        return Ok(());
    }
    Err(ContentError::Link {
        link: link.to_path_buf(),
        target: target.to_path_buf(),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            io::Write::write_all(&mut std::fs::File::create(path).unwrap(), text.as_bytes())
                .unwrap();
        }
        directory
    }

    #[test]
    fn the_hash_is_that_of_the_documented_list() {
        let directory = directory(&[("b", "two"), ("a/x", "one")]);
        let line = |path: &str, text: &str| {
            format!("100644 {} {path}\0", HEXLOWER.encode(&Sha256::digest(text)))
        };
        let list = line("a/x", "one") + &line("b", "two");
        let expected = format!("h1:{}", BASE64.encode(&Sha256::digest(list)));
        assert_eq!(hash(directory.path()).unwrap(), expected);
    }

    #[test]
    fn everything_counts_for_the_hash() {
        let first = directory(&[("a", "1"), ("b", "2")]);
        let of = |directory: &tempfile::TempDir| hash(directory.path()).unwrap();
        let original = of(&first);
        assert_eq!(of(&directory(&[("b", "2"), ("a", "1")])), original);
        assert_ne!(of(&directory(&[("a", "2"), ("b", "1")])), original);
        assert_ne!(of(&directory(&[("a", "1"), ("c", "2")])), original);
        std::fs::set_permissions(
            first.path().join("a"),
            std::fs::Permissions::from_mode(0o755),
        )
        .unwrap();
        assert_ne!(of(&first), original);
        let second = directory(&[("a", "1"), ("b", "2")]);
        symlink("a", second.path().join("c")).unwrap();
        assert_ne!(of(&second), original);
    }

    #[test]
    fn links_may_not_lead_out() {
        for (link, target, inside) in [
            ("d/l", "../a", true),
            ("d/l", "x", true),
            ("l", "d", true),
            ("l", "l", true),
            ("l", "..", false),
            ("l", "/etc/passwd", false),
            ("d/l", "../../x", false),
            ("d/l", "x/../../../y", false),
            ("l", "d/../..", false),
        ] {
            let directory = directory(&[("a", "1"), ("d/x", "2")]);
            symlink(target, directory.path().join(link)).unwrap();
            assert_eq!(hash(directory.path()).is_ok(), inside, "{link} -> {target}");
        }
        let both = directory(&[("d/e/x", "1")]);
        symlink("..", both.path().join("d/up")).unwrap();
        symlink("up/../x", both.path().join("d/out")).unwrap();
        assert!(hash(both.path()).is_err());
    }
}
