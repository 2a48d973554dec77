//! AWS: the only place that names types of its SDK.
//!
//! A [`Session`] is how AWS is reached: which region, with whose credentials, at which address. Services are asked through it, and
//! answer in plain values of ours. What goes wrong is an [`AwsError`].

pub mod data_pipeline;
mod error;
mod session;

pub use error::AwsError;
pub use session::Session;
pub use session::Settings;
