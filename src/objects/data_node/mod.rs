//! The types of data nodes.

pub(super) mod dynamodb;
pub(super) mod file;
pub(super) mod redshift;
pub(super) mod s3;
pub(super) mod sql;
