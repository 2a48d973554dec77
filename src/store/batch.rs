//! What of a batch of changes has to be written: a commit holds what many steps of the engine have decided, and of a thing
//! that several of them have changed only the last word counts.

use std::collections::BTreeSet;

use crate::engine::Change;
use crate::engine::InstanceKey;
use crate::objects::Address;

/// What a change is about, if a later one about the same takes its place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Subject<'a> {
    Instance(&'a InstanceKey),
    Attempt(&'a InstanceKey, u32),
    Cursor(&'a Address),
}

fn subject(change: &Change) -> Option<Subject<'_>> {
    match change {
        Change::Instance(instance) => Some(Subject::Instance(&instance.key)),
        Change::Attempt(attempt) => Some(Subject::Attempt(&attempt.instance, attempt.number)),
        Change::Cursor { object, .. } => Some(Subject::Cursor(object)),
        Change::Dropped { .. } | Change::Wished { .. } | Change::Operated { .. } => None,
    }
}

/// The changes that no later one takes the place of, in their order.
pub(super) fn last_of_each(changes: &[Change]) -> Vec<&Change> {
    let mut seen = BTreeSet::new();
    let mut last: Vec<&Change> = changes
        .iter()
        .rev()
        .filter(|change| subject(change).is_none_or(|subject| seen.insert(subject)))
        .collect();
    last.reverse();
    last
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::last_of_each;
    use crate::engine::Attempt;
    use crate::engine::Change;
    use crate::engine::Instance;
    use crate::engine::InstanceKey;
    use crate::engine::Status;
    use crate::objects::Address;
    use crate::time::Interval;

    #[test]
    fn the_last_word_on_each_thing_is_written() {
        let key = |name: &str| InstanceKey {
            object: Address::new(name),
            interval: Interval::moment(Timestamp::UNIX_EPOCH),
        };
        let instance = |name: &str, status| {
            Change::Instance(Instance {
                status,
                ..Instance::new(key(name))
            })
        };
        let attempt = |number, status| {
            Change::Attempt(Attempt {
                instance: key("a"),
                number,
                status,
                started_at: Timestamp::UNIX_EPOCH,
                ended_at: None,
                error: None,
                fence: 1,
            })
        };
        let cursor = |hours: i64| Change::Cursor {
            object: Address::new("a"),
            made_until: Timestamp::from_second(hours * 3600).unwrap(),
        };
        let changes = [
            cursor(1),
            instance("a", Status::WaitingForRunner),
            instance("b", Status::WaitingForRunner),
            attempt(1, Status::Running),
            instance("a", Status::Running),
            attempt(1, Status::Failed),
            attempt(2, Status::Running),
            cursor(2),
        ];
        let written: Vec<&Change> = [2, 4, 5, 6, 7].map(|place| &changes[place]).into();
        assert_eq!(last_of_each(&changes), written);
    }
}
