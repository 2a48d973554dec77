//! Whether a profile that is named is there. The SDK goes on without it, and what it says in the end is about something else.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::AwsError;
use crate::diag::did_you_mean;

/// Where profiles are, as the environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Profiles {
    /// `AWS_PROFILE`, unless the environment has credentials, which go before those of a profile.
    meant: Option<String>,
    /// The files that have profiles.
    files: Vec<PathBuf>,
}

impl Profiles {
    /// Reads variables, which are looked up by name.
    pub(super) fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let home = lookup("HOME").map(PathBuf::from);
        let file = |variable: &str, name: &str| {
            let named = lookup(variable).map(PathBuf::from);
            let named = named.map(|path| match (path.strip_prefix("~"), &home) {
                (Ok(below), Some(home)) => home.join(below),
                _ => path,
            });
            named.or_else(|| Some(home.as_ref()?.join(".aws").join(name)))
        };
        let files = [
            file("AWS_CONFIG_FILE", "config"),
            file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ];
        let has_credentials = lookup("AWS_ACCESS_KEY_ID").is_some();
        let meant = lookup("AWS_PROFILE").filter(|_| !has_credentials);
        Self {
            meant: meant.and_then(|name| name.into_string().ok()),
            files: files.into_iter().flatten().collect(),
        }
    }

    /// An error when the profile that is meant is not there: the one that settings name, else that of the environment.
    pub(super) fn check(&self, named: Option<&str>) -> Result<(), AwsError> {
        let Some(name) = named.or(self.meant.as_deref()) else {
            return Ok(());
        };
        let mut all = Vec::new();
        for path in &self.files {
            match fs::read_to_string(path) {
                Ok(text) => all.extend(text.lines().filter_map(profile).map(str::to_owned)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // The SDK says what is wrong with it.
                Err(_) => return Ok(()),
            }
        }
        if name == "default" || self.files.is_empty() || all.iter().any(|known| known == name) {
            return Ok(());
        }
        let like = did_you_mean(name, all.iter().map(String::as_str));
        let files = self
            .files
            .iter()
            .map(|path| format!("`{}`", path.display()));
        Err(AwsError::NoProfile {
            name: name.to_owned(),
            files: files.collect::<Vec<_>>().join(" or "),
            like: like.map_or_else(String::new, |like| format!(" {like}")),
        })
    }
}

/// The profile whose section begins with a line, if one does.
fn profile(line: &str) -> Option<&str> {
    let (inside, _) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    let inside = inside.trim();
    let name = inside
        .strip_prefix("profile")
        .filter(|rest| rest.starts_with(char::is_whitespace))
        .map_or(inside, str::trim_start);
    Some(name.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    use super::*;

    fn profiles(home: &Path, meant: Option<&str>, key: bool) -> Profiles {
        Profiles::read(|name| match name {
            "HOME" => Some(home.into()),
            "AWS_PROFILE" => meant.map(OsString::from),
            "AWS_ACCESS_KEY_ID" => key.then(|| "AKIA".into()),
            _ => None,
        })
    }

    #[test]
    fn a_profile_that_is_not_there_is_named() {
        let home = tempfile::tempdir().unwrap();
        let said = |meant, key, named| {
            let checked = profiles(home.path(), meant, key).check(named);
            checked.err().map(|error| error.to_string())
        };
        assert!(
            said(Some("west"), false, None)
                .unwrap()
                .contains("no profile `west`")
        );
        fs::create_dir(home.path().join(".aws")).unwrap();
        let write = |name: &str, text: &str| {
            let mut file = fs::File::create(home.path().join(".aws").join(name)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        write(
            "config",
            "[default]\nregion = x\n  [profile  west] # ours\n[profile \"north pole\"]\n",
        );
        write("credentials", "[east]\n");
        for name in ["west", "east", "north pole", "default"] {
            assert_eq!(said(Some(name), false, None), None, "{name}");
            assert_eq!(said(None, false, Some(name)), None, "{name}");
        }
        let error = said(Some("wets"), false, None).unwrap();
        assert!(
            error.contains("Did you mean `west`?") && error.contains("config` or `"),
            "{error}"
        );
        assert_eq!(
            said(Some("wets"), true, None),
            None,
            "credentials go before"
        );
        assert!(said(None, true, Some("wets")).is_some());
        assert_eq!(said(Some("wets"), false, Some("west")), None);
        assert_eq!(said(None, false, None), None);
    }
}
