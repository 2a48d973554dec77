//! Diagnostics: what is wrong with what a user wrote, as data.
//!
//! Every rule that looks at user input appends to a [`Diagnostics`] and goes on, so that one run reports every mistake.
//! A [`Span`] says where, [`Sources`] keeps the texts that spans point into, and `render` turns both into the picture
//! that a person reads. Nothing here knows what a pipeline is.

mod damage;
mod diagnostic;
mod excerpt;
mod json;
mod render;
mod sources;
mod suggest;
#[cfg(test)]
mod tests;
mod text;

pub use damage::Damage;
pub use damage::Presumption;
pub use diagnostic::Diagnostic;
pub use diagnostic::Diagnostics;
pub use diagnostic::Involved;
pub use diagnostic::Label;
pub use diagnostic::Severity;
pub use json::Outline;
pub use json::range;
pub use json::to_json;
pub use render::render;
pub use render::render_all;
pub use sources::FileId;
pub use sources::Places;
pub use sources::Sources;
pub use sources::Span;
pub use suggest::did_you_mean;
