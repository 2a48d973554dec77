//! What a change means beyond the runs that it starts, for people: what has run and stays as it ran, and who uses what changes.

use super::paint::Look;
use super::paint::counted;
use super::paint::in_quotes;
use super::siblings::Likeness;
use super::siblings::Siblings;
use super::siblings::together;
use crate::plan::effects::Effects;
use crate::plan::impact::Consumer;
use crate::plan::impact::History;

/// What runs again what has finished of an activity, as it is typed into a shell: keys have quotes, and brackets.
pub(super) fn again_by(past: &History) -> String {
    let address = past.address.as_str();
    let is_plain = !address.contains('[');
    if past.later {
        let runs = in_quotes(&format!("{address}@.."));
        format!("pipeform rerun {runs} after the apply")
    } else if is_plain {
        format!("--rerun={address}")
    } else {
        in_quotes(&format!("--rerun={address}"))
    }
}

/// The same of several.
fn again_by_each(past: &History) -> &'static str {
    if past.later {
        "pipeform rerun of each after the apply"
    } else {
        "--rerun of each"
    }
}

/// What has finished of what does something else from now on; empty when nothing has.
pub(super) fn history(effects: &Effects, look: Look) -> String {
    let again: Vec<_> = effects.reruns.iter().map(|rerun| &rerun.address).collect();
    let history = effects.history.iter();
    let texts = history
        .filter(|past| !again.contains(&&past.address))
        .map(|past| {
            let runs = counted(past.finished, "run", "runs");
            let stay = if past.finished == 1 { "stays" } else { "stay" };
            let text = format!(
                "{runs} of {address} {stay} as before; {again} runs {all} again",
                address = past.address,
                again = again_by(past),
                all = if past.finished == 1 { "it" } else { "all" },
            );
            (past.address.clone(), text)
        });
    let mut out = String::new();
    for group in together(texts, Likeness::Address) {
        let mut text = group.text.clone();
        if let [first, _, ..] = group.addresses.as_slice() {
            let past = effects.history.iter().find(|past| past.address == *first);
            if let Some(past) = past {
                text = text.replace(&again_by(past), again_by_each(past));
            }
            text = text.replace(first.as_str(), &group.pattern());
            text = format!("{} each: {text}", counted_objects(&group));
        }
        out.push_str(&look.wrapped(2, 2, &text));
        out.push('\n');
    }
    if out.is_empty() {
        return out;
    }
    format!("{}\n{out}", look.bold("What has run:"))
}

fn counted_objects(group: &Siblings) -> String {
    let number = u64::try_from(group.addresses.len()).unwrap_or(u64::MAX);
    counted(number, "activity", "activities")
}

/// How many consumers are named.
const NAMED: usize = 10;

/// Who uses what changes, and who did so until now; empty when nobody does.
pub(super) fn consumers(effects: &Effects, look: Look) -> String {
    let consumers = effects.consumers.iter();
    let (former, staying): (Vec<&Consumer>, Vec<&Consumer>) =
        consumers.partition(|consumer| consumer.until_now);
    let titles = [
        "Downstream, unchanged, on what is written from now on:",
        "Downstream until now, unchanged, and no longer waiting for what changes:",
    ];
    let lists = titles.into_iter().zip([staying, former]);
    let lists = lists.filter(|(_, consumers)| !consumers.is_empty());
    let lists = lists.map(|(title, consumers)| listed(title, &consumers, look));
    lists.collect::<Vec<String>>().join("\n")
}

fn listed(title: &str, consumers: &[&Consumer], look: Look) -> String {
    let mut out = format!("{}\n", look.bold(title));
    for consumer in consumers.iter().take(NAMED) {
        let mut text = consumer.address.to_string();
        if consumer.finished > 0 {
            let runs = counted(consumer.finished, "run", "runs");
            text.extend([": ", &runs, " on what was written before"]);
        }
        out.push_str(&look.wrapped(2, 2, &text));
        out.push('\n');
    }
    let more = consumers.len().saturating_sub(NAMED);
    if more > 0 {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        out.extend([
            "  and ",
            &counted(more, "activity", "activities"),
            " more\n",
        ]);
    }
    out
}
