//! What waits of what a plan changes, and runs with the new definition.

use super::paint::Look;
use super::paint::counted;
use super::siblings::Likeness;
use super::siblings::Siblings;
use super::siblings::together;
use crate::plan::Effects;

/// For people; empty when nothing waits.
pub(super) fn renewed(effects: &Effects, look: Look) -> String {
    let groups = groups(effects);
    if groups.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n", look.bold("What waits:"));
    for group in groups {
        let text = format!("{}{}", group.name(), sentence(&group));
        out.push_str(&look.wrapped(2, 2, &text));
        out.push('\n');
    }
    out
}

/// Activities with the same number, each with that in words.
pub(super) fn groups(effects: &Effects) -> Vec<Siblings> {
    let texts = effects.waiting.iter().map(|waiting| {
        let text = format!(
            "{} {} with the new definition",
            counted(waiting.count, "waiting instance", "waiting instances"),
            if waiting.count == 1 { "runs" } else { "run" }
        );
        (waiting.address.clone(), text)
    });
    together(texts, Likeness::Address)
}

/// What is said behind their name.
pub(super) fn sentence(group: &Siblings) -> String {
    let each = if group.addresses.len() > 1 {
        ", each"
    } else {
        ""
    };
    format!("{each}: {}", group.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Address;
    use crate::plan::impact::Waiting;

    #[test]
    fn siblings_of_which_as_many_wait_are_told_together() {
        let waiting = [("p[\"aa\"]", 3), ("p[\"bb\"]", 3), ("q", 1)];
        let effects = Effects {
            waiting: waiting
                .map(|(pipeline, count)| Waiting {
                    address: Address::new(format!("pipeline.{pipeline}.activity.x")),
                    count,
                })
                .into(),
            ..Effects::default()
        };
        let look = Look {
            color: false,
            width: usize::MAX,
            hints: false,
        };
        assert_eq!(
            renewed(&effects, look),
            "What waits:\n  pipeline.p[*].activity.x (2), each: 3 waiting instances run with the new definition\n  pipeline.q.activity.x: 1 waiting instance runs with the new definition\n"
        );
        assert_eq!(renewed(&Effects::default(), look), "");
    }
}
