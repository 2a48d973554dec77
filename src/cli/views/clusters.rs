//! What a plan does to clusters, for people: what one is made of, who gets the changed ones, what becomes of those that are alive.

use jiff::tz::TimeZone;

use super::paint::Look;
use super::paint::counted;
use super::siblings::Likeness;
use super::siblings::together;
use super::status::interval_text;
use super::value::visible;
use crate::objects::machines::Machines;
use crate::objects::machines::Makeup;
use crate::objects::machines::Market;
use crate::objects::machines::Role;
use crate::objects::machines::Volumes;
use crate::objects::machines::makeup;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::clusters::AliveEffect;
use crate::plan::clusters::ClusterEffect;
use crate::plan::clusters::ClusterUser;
use crate::plan::clusters::Fate;
use crate::plan::effects::Effects;

/// The lines above the attributes of a resource that say what the cluster of an interval is made of, each as a comment; none where that is
/// no part of the change.
pub(super) fn comment(change: &Change) -> Vec<String> {
    let touches = change.attributes.iter().any(|attribute| {
        let schema = change
            .object()
            .and_then(|object| object.object_type.attribute(&attribute.name));
        schema.is_some_and(|schema| schema.cost)
    });
    let whole = matches!(change.action, Action::Create | Action::Delete);
    if !touches && !whole {
        return Vec::new();
    }
    let [before, after] = [&change.old, &change.new].map(|side| makeup(side.as_ref()?));
    let lines = lines((before.as_ref(), after.as_ref()));
    if lines.is_empty() {
        return Vec::new();
    }
    let lines = lines.into_iter();
    let lines = lines.map(|(word, text)| format!("#   {word:<8} {text}"));
    std::iter::once("# The cluster of each interval:".to_owned())
        .chain(lines)
        .collect()
}

/// What a cluster is made of, before and after, a line for each kind of machines: its word and the text `2 × m5.xlarge (on demand) -> none`.
fn lines((before, after): (Option<&Makeup>, Option<&Makeup>)) -> Vec<(&'static str, String)> {
    if before.is_none() && after.is_none() {
        return Vec::new();
    }
    let sides = [before, after];
    let mut lines = Vec::new();
    let mut say = |word: &'static str, texts: [Option<String>; 2]| {
        let [old, new] = &texts;
        if old.is_none() && new.is_none() {
            return;
        }
        let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        let text = match (before, after) {
            (Some(_), Some(_)) if old != new => format!("{} -> {}", said(old), said(new)),
            (Some(_), None) => said(old),
            _ => said(new),
        };
        lines.push((word, text));
    };
    for role in Role::ALL {
        let of = |side: Option<&Makeup>| Some(machines(side?.of(role)?));
        say(role.as_str(), sides.map(of));
    }
    let falls_back = |side: Option<&Makeup>| side.is_some_and(Makeup::falls_back);
    if sides.into_iter().any(falls_back) {
        let last_try = |side: Option<&Makeup>| {
            let text = if falls_back(side) {
                "on demand"
            } else {
                "as the first"
            };
            Some(text.to_owned()).filter(|_| side.is_some())
        };
        say("last try", sides.map(last_try));
    }
    say("ends", sides.map(|side| Some(end(side?))));
    lines
}

fn end(makeup: &Makeup) -> String {
    match &makeup.terminate_after {
        None => "when its work is done".to_owned(),
        Some(length) => format!(
            "when its work is done, after {} at the latest",
            visible(length)
        ),
    }
}

/// `3 × r5.2xlarge (spot ≤ $0.31, each with 2 × 100 GB gp2)`
fn machines(machines: &Machines) -> String {
    let mut in_brackets = vec![match &machines.market {
        Market::OnDemand => "on demand".to_owned(),
        Market::Spot { bid_price: None } => "spot ≤ the price on demand".to_owned(),
        Market::Spot {
            bid_price: Some(price),
        } => format!("spot ≤ ${}", visible(price)),
    }];
    let volumes: Vec<String> = machines.volumes.iter().map(volume).collect();
    if !volumes.is_empty() {
        let each = if machines.count == 1 { "" } else { "each " };
        in_brackets.push(format!("{each}with {}", volumes.join(" and ")));
    }
    format!(
        "{} × {} ({})",
        machines.count,
        visible(&machines.instance_type),
        in_brackets.join(", ")
    )
}

fn volume(volumes: &Volumes) -> String {
    let size = volumes.size_in_gb.map(|size| format!(" {size} GB"));
    let kind = visible(volumes.volume_type.as_deref().unwrap_or("EBS"));
    let iops = volumes
        .iops
        .map(|iops| format!(" at {iops} operations a second"));
    format!(
        "{} ×{} {kind}{}",
        volumes.count,
        size.unwrap_or_default(),
        iops.unwrap_or_default()
    )
}

/// The section about clusters; empty when there is nothing to say.
pub(super) fn clusters(effects: &Effects, look: Look) -> String {
    let texts = effects.clusters.iter().map(|effect| {
        let mut text = String::new();
        for sentence in sentences(effect) {
            text.extend([&look.wrapped(4, 2, &sentence), "\n"]);
        }
        (effect.address.clone(), text)
    });
    let texts = texts.filter(|(_, text): &(_, String)| !text.is_empty());
    let mut out = String::new();
    for group in together(texts, Likeness::Keys) {
        out.extend(["  ", &look.bold(&group.name()), "\n"]);
        if let [first, _, ..] = group.addresses.as_slice() {
            let others = if group.keyed {
                format!("this is {first}, and the others differ in the key alone")
            } else {
                format!("of {}", group.members())
            };
            out.extend(["    (", &others, ")\n"]);
        }
        out.push_str(&group.text);
    }
    if out.is_empty() {
        return out;
    }
    format!("{}\n{out}", look.bold("Clusters:"))
}

/// Who gets the clusters of a resource from when on, and what becomes of those that are alive.
pub(super) fn sentences(effect: &ClusterEffect) -> impl Iterator<Item = String> {
    let action = effect.action;
    let users = effect
        .used_by
        .iter()
        .map(move |user| user_text(user, action));
    let nobody =
        effect.action != Action::NoOp && effect.after.is_some() && effect.used_by.is_empty();
    let nobody = nobody.then(|| "No activity runs on it.".to_owned());
    let alive = effect.alive.iter().map(alive_text);
    users.chain(nobody).chain(alive)
}

fn user_text(user: &ClusterUser, action: Action) -> String {
    let address = &user.address;
    if !user.stays {
        return format!("{address} ran on it.");
    }
    let which = if action == Action::Create {
        "gets such a cluster"
    } else {
        "gets the changed one"
    };
    let zone = TimeZone::get(&user.timezone).unwrap_or(TimeZone::UTC);
    let waiting = (user.waiting > 0).then(|| {
        let instances = counted(user.waiting, "instance", "instances");
        let wait = if user.waiting == 1 { "waits" } else { "wait" };
        format!("for {instances} that {wait}")
    });
    let first = user
        .first
        .map(|first| format!("from {} on", interval_text(first, &zone)));
    let when: Vec<String> = waiting.into_iter().chain(first).collect();
    match when.join(", and ") {
        when if when.is_empty() => format!("{address} {which} when it runs next."),
        when => format!("{address} {which} {when}."),
    }
}

/// What becomes of a cluster that is alive.
fn alive_text(alive: &AliveEffect) -> String {
    let name = match &alive.id {
        Some(id) => id.clone(),
        None => format!("`{}`, which has no id yet", alive.name),
    };
    let interval = interval_text(alive.interval, &TimeZone::UTC);
    let fate = match alive.becomes {
        Fate::GoesOn => "it goes on as it is, until the work of its interval is done",
        Fate::EndsAfterWork => "it is ended when the work under way on it is done",
        Fate::Ended => "nothing needs it any more, and it is ended with the apply",
    };
    format!(
        "Alive now: {}, of {interval}, {}: {fate}.",
        visible(&name),
        visible(&alive.state)
    )
}

/// What one is made of, before and after: `core: 2 × m5.xlarge (on demand) -> none`.
pub(super) fn in_lines(effect: &ClusterEffect) -> Vec<String> {
    let sides = (effect.before.as_ref(), effect.after.as_ref());
    let lines = lines(sides).into_iter();
    lines
        .map(|(word, text)| format!("{word}: {text}"))
        .collect()
}
