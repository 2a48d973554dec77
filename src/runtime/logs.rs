//! Where the logs of attempts are kept: `PIPELINE/ACTIVITY/START/attempt-N.log`, below `MODULE` for what stands in one. What is no
//! activity has its kind before its name: it may be called as one is.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::engine::InstanceKey;
use crate::objects::Address;
use crate::objects::Kind;

/// The log of an attempt.
pub fn log_path(logs: &Path, key: &InstanceKey, attempt: u32) -> PathBuf {
    log_directory(logs, key).join(format!("attempt-{attempt}.log"))
}

/// Where the logs of an instance are kept. It follows from the address, so that it is found when the object is gone.
pub(super) fn log_directory(logs: &Path, key: &InstanceKey) -> PathBuf {
    let start = key.interval.start.strftime("%Y-%m-%dT%H-%M-%S%.fZ");
    object_directory(logs, &key.object).join(start.to_string())
}

/// Where the logs of an object are kept.
fn object_directory(logs: &Path, object: &Address) -> PathBuf {
    let mut directory = logs.to_path_buf();
    let module = object.module();
    directory.extend(module.map(safe));
    let outer = object.outer();
    let pipeline = outer
        .as_ref()
        .filter(|outer| Some(outer.as_str()) != module);
    directory.push(safe(pipeline.map_or("shared", |outer| outer.name())));
    let name = safe(object.name());
    directory.push(match object.kind() {
        kind if kind == Kind::Activity.as_str() => name,
        kind => format!("{kind}.{name}"),
    });
    directory
}

/// Removes the logs of an instance, if there are any.
pub fn remove_logs(logs: &Path, key: &InstanceKey) -> io::Result<()> {
    match std::fs::remove_dir_all(log_directory(logs, key)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Takes the logs of an object to where those of another address are kept.
pub fn move_logs(logs: &Path, from: &Address, to: &Address) -> io::Result<()> {
    let (from, to) = (object_directory(logs, from), object_directory(logs, to));
    if !from.is_dir() || from == to {
        return Ok(());
    }
    std::fs::create_dir_all(&to)?;
    for entry in std::fs::read_dir(&from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if place.is_dir() {
            // Of an object that had this address once.
            std::fs::remove_dir_all(&place)?;
        }
        std::fs::rename(entry.path(), place)?;
    }
    std::fs::remove_dir(&from)
}

/// A name as part of a path; of no two names the same.
pub(super) fn safe(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            // It stands around a key, or behind a backslash, where no `_` does.
            '"' => out.push('_'),
            '/' => out.push_str("%2F"),
            '\\' => out.push_str("%5C"),
            '%' => out.push_str("%25"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::log_directory;
    use super::log_path;
    use super::move_logs;
    use super::object_directory;
    use super::remove_logs;
    use crate::engine::InstanceKey;
    use crate::objects::Address;
    use crate::time::Interval;

    #[test]
    fn different_objects_have_different_directories() {
        for (address, directory) in [
            ("pipeline.p.activity.a", "l/p/a"),
            ("data_node.d", "l/shared/data_node.d"),
            ("pipeline.p.data_node.a", "l/p/data_node.a"),
            ("pipeline.p[\"a_b\"].activity.a", "l/p[_a_b_]/a"),
            ("pipeline.p[\"a/b\"].activity.a", "l/p[_a%2Fb_]/a"),
            ("pipeline.p[\"a%2Fb\"].activity.a", "l/p[_a%252Fb_]/a"),
            ("module.m.pipeline.p.activity.a", "l/module.m/p/a"),
            (
                "module.m[\"x/y\"].data_node.d",
                "l/module.m[_x%2Fy_]/shared/data_node.d",
            ),
        ] {
            let found = object_directory(Path::new("l"), &Address::new(address));
            assert_eq!(found.to_str(), Some(directory), "{address}");
        }
    }

    #[test]
    fn runs_of_one_second_have_different_logs() {
        let directory = |at: &str| {
            let key = InstanceKey {
                object: Address::new("pipeline.p.activity.a"),
                interval: Interval::moment(at.parse().unwrap()),
            };
            log_directory(Path::new("l"), &key)
        };
        let [whole, part] = ["2026-01-01T10:00:07Z", "2026-01-01T10:00:07.001Z"].map(directory);
        assert_eq!(whole, Path::new("l/p/a/2026-01-01T10-00-07Z"));
        assert_eq!(part, Path::new("l/p/a/2026-01-01T10-00-07.001Z"));
    }

    #[test]
    fn the_logs_of_one_instance_are_removed() {
        let logs = tempfile::tempdir().unwrap();
        let [gone, kept] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"].map(|at| InstanceKey {
            object: Address::new("pipeline.p.activity.a"),
            interval: Interval::moment(at.parse().unwrap()),
        });
        for key in [&gone, &kept] {
            std::fs::create_dir_all(log_directory(logs.path(), key)).unwrap();
            std::fs::File::create(log_path(logs.path(), key, 1)).unwrap();
        }
        remove_logs(logs.path(), &gone).unwrap();
        remove_logs(logs.path(), &gone).unwrap();
        assert!(!log_directory(logs.path(), &gone).exists());
        assert!(log_path(logs.path(), &kept, 1).is_file());
    }

    #[test]
    fn a_data_node_takes_no_logs_of_an_activity_along() {
        let logs = tempfile::tempdir().unwrap();
        let [activity, old, new] = [
            "pipeline.p.activity.a",
            "pipeline.p.data_node.a",
            "pipeline.p.data_node.b",
        ]
        .map(Address::new);
        let directory = object_directory(logs.path(), &activity);
        std::fs::create_dir_all(&directory).unwrap();
        move_logs(logs.path(), &old, &new).unwrap();
        assert!(directory.is_dir());
    }

    #[test]
    fn logs_go_where_the_new_address_has_them() {
        let logs = tempfile::tempdir().unwrap();
        let [old, new, none] = [
            "pipeline.p.activity.a",
            "pipeline.q.activity.b",
            "data_node.d",
        ]
        .map(Address::new);
        let file = |address: &Address, day: &str| {
            object_directory(logs.path(), address)
                .join(day)
                .join("attempt-1.log")
        };
        for (address, day) in [(&old, "1"), (&old, "2"), (&new, "2")] {
            let path = file(address, day);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::File::create(path).unwrap();
        }
        move_logs(logs.path(), &old, &new).unwrap();
        move_logs(logs.path(), &none, &old).unwrap();
        assert!(file(&new, "1").is_file() && file(&new, "2").is_file());
        assert!(!object_directory(logs.path(), &old).exists());
    }
}
