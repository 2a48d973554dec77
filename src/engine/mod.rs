//! The engine: a pure state machine of instances and attempts.
//!
//! [`Engine::step`] takes an event and the time and answers with what to persist and what to do; it does no I/O and reads
//! no clock. `runtime` persists the changes, then does the effects, and reports back as events. The work of a step is in
//! proportion to what the event changes: finished instances are kept as ranges of time, ready ones in queues, and those
//! that wait are found by the interval they wait for.

mod alignment;
mod attempts;
mod compile;
mod faults;
mod inputs;
mod lateness;
mod machine;
mod materialise;
mod model;
mod news;
mod operations;
mod pools;
mod ranges;
mod readiness;
#[cfg(test)]
pub(crate) mod simulation;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timers;
mod transitions;
mod turns;
mod waiting;
mod wanted;
mod wishes;

pub use compile::compile;
pub use inputs::LeftOut;
pub use inputs::NotNeeded;
pub use inputs::NotWaitedFor;
pub use inputs::Records;
pub use inputs::Used;
pub use inputs::Which;
pub use machine::Engine;
pub use machine::Limits;
pub use machine::Past;
pub use model::*;
pub use news::News;
pub use news::Written;
pub use ranges::Ranges;
pub use transitions::TRANSITIONS;
pub use transitions::Transition;
pub use transitions::transition_of;
pub use waiting::Behind;
pub use waiting::Wait;
pub use waiting::Waits;
pub use wishes::Wish;
pub use wishes::Wishes;
