//! Providers: with what objects reach a service outside.

pub(super) mod aws;
