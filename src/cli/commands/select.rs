//! Which objects and instances a command is about.

use std::collections::BTreeSet;

use crate::cli::errors::Failure;
use crate::diag::did_you_mean;
use crate::objects::Address;

/// Whether an address is the one that was asked for, one of its `for_each`, or inside it.
pub(super) fn is_inside(address: &Address, prefix: &str) -> bool {
    address
        .as_str()
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The addresses of the state that were asked for; all of them if none was. An address that matches nothing is an error.
pub(super) fn select(
    known: &BTreeSet<Address>,
    wanted: &[String],
) -> Result<Vec<Address>, Failure> {
    let place = ("state", "`pipeform state list` shows what there is.");
    select_from(place, known, wanted)
}

/// The addresses that were asked for, of a place that is called so, with a hint on what to do when there is none.
pub(super) fn select_from(
    (place, what_to_do): (&str, &str),
    known: &BTreeSet<Address>,
    wanted: &[String],
) -> Result<Vec<Address>, Failure> {
    for prefix in wanted {
        if !known.iter().any(|address| is_inside(address, prefix)) {
            let hint = did_you_mean(prefix, known.iter().map(Address::as_str)).unwrap_or_default();
            return Err(Failure::message(format!(
                "The {place} has no `{prefix}`. {hint}\n\n{what_to_do}"
            )));
        }
    }
    Ok(known
        .iter()
        .filter(|address| {
            wanted.is_empty() || wanted.iter().any(|prefix| is_inside(address, prefix))
        })
        .cloned()
        .collect())
}

#[cfg(test)]
mod tests {
    use super::is_inside;
    use crate::objects::Address;

    #[test]
    fn a_prefix_ends_where_a_name_does() {
        let address = Address::new("pipeline.export[\"a\"].activity.copy");
        for (prefix, wanted) in [
            ("pipeline.export", true),
            ("pipeline.export[\"a\"]", true),
            ("pipeline.export[\"a\"].activity.copy", true),
            ("pipeline.exp", false),
            ("pipeline.export[\"b\"]", false),
        ] {
            assert_eq!(is_inside(&address, prefix), wanted, "{prefix}");
        }
    }
}
