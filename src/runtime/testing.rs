//! A run of all that is due in a state, in which all work is done at once: for tests of what is decided before a run.

use jiff::Timestamp;

use super::Definitions;
use super::loading::dues_after;
use super::recovery::take_up;
use crate::engine::CheckResult;
use crate::engine::Effect;
use crate::engine::Event;
use crate::engine::InstanceKey;
use crate::engine::Limits;
use crate::engine::Outcome;
use crate::store::Decision;
use crate::store::Holder;
use crate::store::Store;
use crate::store::StoreError;

/// Runs what can be run at a moment, as `run` does. Every attempt finishes; `holds` says whether preconditions do.
pub(crate) fn run(store: &mut Store, now: Timestamp, mut holds: impl FnMut(&InstanceKey) -> bool) {
    let holder = Holder::this_process("maria@laptop".to_owned(), "run", now);
    let lease = store.lock_runner(&holder).unwrap();
    let limits = Limits {
        parallelism: 4,
        fence: lease.fence(),
        ..Limits::looking()
    };
    let mut taken = take_up(store, &lease, Definitions::default(), (limits, now)).unwrap();
    let mut events = vec![Event::Tick];
    while !events.is_empty() {
        let decide = |store: &Store| {
            let known = (&mut taken.engine, &mut taken.definitions);
            let mut step = taken.log.take(store, known, now).unwrap().step;
            for event in events.drain(..) {
                step.add(taken.engine.step(event, now));
            }
            Ok::<_, StoreError>(Decision {
                deliveries: Vec::new(),
                resources: Vec::new(),
                dues: dues_after(&taken.engine, &step.changes),
                changes: step.changes,
                then: step.effects,
            })
        };
        let effects = store.decide(&lease, decide).unwrap().then;
        events.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Start { key, number, .. } => Some(Event::AttemptEnded {
                key,
                number,
                outcome: Outcome::Finished,
            }),
            Effect::Check { key } => {
                let result = if holds(&key) {
                    CheckResult::True
                } else {
                    CheckResult::False("it is not there".to_owned())
                };
                Some(Event::Checked { key, result })
            }
            _ => None,
        }));
        if events.is_empty() && taken.engine.next_wake().is_some_and(|wake| wake <= now) {
            events.push(Event::Tick);
        }
    }
}
