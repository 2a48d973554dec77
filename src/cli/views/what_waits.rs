//! What waits of what a plan changes: with the new definition it runs if it has not begun.

use super::paint::Look;
use super::paint::counted;
use super::siblings::Likeness;
use super::siblings::Siblings;
use super::siblings::together;
use crate::plan::Effects;
use crate::plan::impact::Waiting;

/// For people; empty when nothing waits.
pub(super) fn what_waits(effects: &Effects, look: Look) -> String {
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
    let waiting = effects.waiting.iter();
    let texts = waiting.map(|waiting| (waiting.address.clone(), definitions(waiting)));
    together(texts, Likeness::Address)
}

/// How many of the instances run with which definition.
fn definitions(waiting: &Waiting) -> String {
    let mut parts = Vec::new();
    if waiting.count > 0 {
        let instances = counted(waiting.count, "waiting instance", "waiting instances");
        let run = if waiting.count == 1 { "runs" } else { "run" };
        parts.push(format!("{instances} {run} with the new definition"));
    }
    if waiting.between_attempts > 0 {
        let instances = counted(waiting.between_attempts, "instance", "instances");
        let goes_on = if waiting.between_attempts == 1 {
            "goes on with the definition that it has begun with"
        } else {
            "go on with the definition that they have begun with"
        };
        parts.push(format!("{instances} between two attempts {goes_on}"));
    }
    parts.join("; ")
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

    #[test]
    fn siblings_of_which_as_many_wait_are_told_together() {
        let waiting = [
            ("p[\"aa\"]", 3, 0),
            ("p[\"bb\"]", 3, 0),
            ("q", 1, 2),
            ("r", 0, 1),
        ];
        let effects = Effects {
            waiting: waiting
                .map(|(pipeline, count, between_attempts)| Waiting {
                    address: Address::new(format!("pipeline.{pipeline}.activity.x")),
                    count,
                    between_attempts,
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
            what_waits(&effects, look),
            "What waits:\n  pipeline.p[*].activity.x (2), each: 3 waiting instances run with the new definition\n  pipeline.q.activity.x: 1 waiting instance runs with the new definition; 2 instances between two attempts go on with the definition that they have begun with\n  pipeline.r.activity.x: 1 instance between two attempts goes on with the definition that it has begun with\n"
        );
        assert_eq!(what_waits(&Effects::default(), look), "");
    }
}
