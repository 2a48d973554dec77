//! What the engine works on: what is defined, what happens, and what it is told and answers.

mod exchange;
mod instance;
mod status;
mod unit;

pub use crate::objects::Dependency;
pub use crate::objects::Require;
pub use exchange::*;
pub use instance::*;
pub use status::Status;
pub use unit::*;
