//! What each object type is: one file a type, the registry, addresses, references.

mod address;

pub use address::Address;
