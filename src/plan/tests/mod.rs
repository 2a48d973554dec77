//! What differs between two definitions, and what that does to runs.

mod differences;
mod effects;

use super::testing::*;
use crate::lang::Value;
use crate::objects::Object;

fn shell<const N: usize>(attributes: [(&str, Value); N]) -> Object {
    object(&SHELL, "pipeline.p.activity.a", attributes)
}
