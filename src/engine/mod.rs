//! The engine: a pure state machine of instances and attempts.
//!
//! [`Engine::step`](machine::Engine::step) takes an event and the time and answers with what to persist and what to do;
//! it does no I/O and reads no clock. `runtime` persists the changes, then does the effects, and reports back as events.

mod model;

pub use model::*;
