//! `prevent_destroy`: what was applied with it is removed by no plan.
//!
//! It is the state that says so, and not the configuration, from which the block may be gone.

use std::collections::BTreeMap;

use super::change::Action;
use super::change::Change;
use super::change::Reason;
use super::diff::keys;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::objects::Address;

/// The findings about changes that would remove protected objects. `places` is where the objects of the configuration are
/// written.
pub fn protected(changes: &[Change], places: &BTreeMap<Address, Span>) -> Diagnostics {
    let mut findings = Diagnostics::new();
    for change in changes {
        let Some(old) = &change.old else { continue };
        let goes = matches!(change.action, Action::Delete | Action::Forget);
        if !goes || !old.lifecycle.prevent_destroy {
            continue;
        }
        let why = match &change.reason {
            Some(Reason::Forgotten) => ", because a `removed` block forgets it".to_owned(),
            Some(reason) => format!(", {reason}"),
            None => String::new(),
        };
        let address = &change.address;
        let mut finding = Diagnostic::error(
            "Protected object would be removed",
            format!(
                "`{address}` was applied with `prevent_destroy = true`, and this plan would remove it{why}."
            ),
        )
        .about(address.as_str())
        .help("To remove it, apply with `prevent_destroy = false` in its `lifecycle` block first. If it only has another name now, say so with a `moved` block.");
        finding.span = sibling(address, places);
        findings.push(finding);
    }
    findings
}

/// Where the block is written that once had this object, if it still has others: with another key, or in an instance of the
/// module with another key.
fn sibling(address: &Address, places: &BTreeMap<Address, Span>) -> Option<Span> {
    keys(address.as_str())
        .into_iter()
        .find_map(|(open, _, close)| {
            let start = address.as_str().get(..=open)?;
            let end = address.as_str().get(close..)?;
            places
                .range(Address::new(start)..)
                .take_while(|(other, _)| other.as_str().starts_with(start))
                .find(|(other, _)| other.as_str().ends_with(end))
                .map(|(_, span)| *span)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::FileId;
    use crate::objects::Lifecycle;
    use crate::objects::Object;
    use crate::plan::diff;
    use crate::plan::testing::SHELL;
    use crate::plan::testing::object;
    use crate::plan::testing::side;

    fn guarded(address: &str) -> Object {
        Object {
            lifecycle: Lifecycle {
                prevent_destroy: true,
                ..Lifecycle::default()
            },
            ..object(&SHELL, address, [])
        }
    }

    #[test]
    fn only_the_removal_of_a_protected_object_is_refused() {
        let (one, other) = (
            "pipeline.p.activity.a[\"x\"]",
            "pipeline.p.activity.a[\"y\"]",
        );
        let prior = side([
            guarded(one),
            guarded(other),
            object(&SHELL, "pipeline.p.activity.b", []),
        ]);
        let unprotected = side([object(&SHELL, one, []), guarded(other)]);
        let none = BTreeMap::new();
        assert!(protected(&diff(&prior, &unprotected), &none).is_empty());

        let span = Span {
            file: FileId(0),
            start: 1,
            end: 2,
        };
        let places = BTreeMap::from([(Address::new(other), span)]);
        let found = protected(&diff(&prior, &side([guarded(other)])), &places);
        let found: Vec<_> = found.iter().collect();
        let [found] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(found.span, Some(span));
        assert_eq!(
            found.detail,
            format!(
                "`{one}` was applied with `prevent_destroy = true`, and this plan would remove it, because key \"x\" is not in for_each."
            )
        );
        assert_eq!(protected(&diff(&prior, &side([])), &none).iter().count(), 2);
    }
}
