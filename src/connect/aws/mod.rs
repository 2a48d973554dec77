//! AWS: the only place that names types of its SDK.
//!
//! A [`Session`] is how AWS is reached: which region, with whose credentials, at which address. [`Sessions`] opens one when it is
//! first asked for, by its [`Settings`], and shares it. Services are asked through it, and answer in plain values of ours. What goes
//! wrong is an [`AwsError`].

mod credentials;
pub mod data_pipeline;
pub mod dynamodb;
pub mod emr;
mod error;
mod profiles;
pub mod s3;
pub mod secrets_manager;
mod session;
mod settings;
pub mod sns;
pub mod ssm;
pub mod sts;
mod transport;

pub use credentials::Credentials;
pub use error::AwsError;
pub use session::Environment;
pub use session::Session;
pub use session::Sessions;
pub use settings::AssumeRole;
pub use settings::Service;
pub use settings::Settings;
