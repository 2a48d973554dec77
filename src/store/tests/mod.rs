//! The store on real files.

mod formats;
mod log;
mod runs;

use serde_json::json;

use super::*;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::objects::Address;
use crate::time::Interval;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn key(object: &str, start: i64, end: i64) -> InstanceKey {
    InstanceKey {
        object: Address::new(object),
        interval: Interval {
            start: at(start),
            end: at(end),
        },
    }
}

fn object(address: &str, body: &serde_json::Value) -> StoredObject {
    StoredObject {
        address: Address::new(address),
        kind: "activity".to_owned(),
        type_name: "copy".to_owned(),
        pipeline: Some(Address::new("pipeline.p")),
        body: body.clone(),
        lifecycle: None,
    }
}

fn holder(operation: &str) -> Holder {
    Holder::this_process("maria@laptop".to_owned(), operation, at(0))
}

fn record(operation: &str) -> Record {
    Record {
        at: at(9),
        who: "maria@laptop".to_owned(),
        operation: operation.to_owned(),
        what: "a".to_owned(),
        asked: 1,
        changed: None,
    }
}

/// An instance that was not there before.
fn new(instance: Instance) -> Rewrite {
    Rewrite {
        seen: instance.status,
        instance,
    }
}

fn lock(path: &Path) -> StateLock {
    Store::lock_state(path, &holder("apply"), Duration::ZERO).unwrap()
}

fn era(ended_by: u64, until: i64) -> StoredEra {
    StoredEra {
        ended_by,
        until: at(until),
        schedule: json!({"every": "1 day"}),
    }
}

/// A state in a directory of its own.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join(".pipeform/state.db")
    }

    fn open(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.path().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}
