//! How many objects a plan changes, in the words that programs read: `1 to add, 0 to change, 0 to destroy`. What is forgotten is
//! said only where something is, as in Terraform.

use serde_json::Value as Json;
use serde_json::json;

use crate::plan::Counts;

/// `1 to add, 0 to change, 0 to destroy`
pub(crate) fn planned(counts: &Counts) -> String {
    let forgets = with(counts.forget, "to forget");
    format!(
        "{} to add, {} to change, {} to destroy{forgets}",
        counts.add, counts.change, counts.destroy
    )
}

/// `1 added, 0 changed, 0 destroyed`
pub(crate) fn applied(counts: &Counts) -> String {
    let forgotten = with(counts.forget, "forgotten");
    format!(
        "{} added, {} changed, {} destroyed{forgotten}",
        counts.add, counts.change, counts.destroy
    )
}

fn with(number: usize, what: &str) -> String {
    if number > 0 {
        format!(", {number} {what}")
    } else {
        String::new()
    }
}

/// For machines.
pub(crate) fn json(counts: &Counts, operation: &str) -> Json {
    let mut changes = json!({
        "add": counts.add,
        "change": counts.change,
        "import": 0,
        "remove": counts.destroy,
        "operation": operation,
    });
    if counts.forget > 0 {
        changes["forget"] = counts.forget.into();
    }
    changes
}
