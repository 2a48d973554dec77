//! A plan for people, in Terraform's notation and layout, followed by what it does to the runs.
//!
//! The summary stands first and last; its sentence `Plan: 1 to add, 0 to change, 0 to destroy.` is read by tools, and so
//! are `# … will be created` and `Changes to Outputs:`.

use std::collections::BTreeMap;
use std::path::Path;

use super::alignment;
use super::clusters;
use super::counts;
use super::effects;
use super::impact;
use super::names::Explained;
use super::objects;
use super::paint::Look;
use super::paint::Marker;
use super::siblings::Likeness;
use super::siblings::pattern;
use super::siblings::together;
use super::totals;
use super::value::Example;
use super::value::Writer;
use super::value::key_width;
use super::what_waits;
use crate::lang::Value;
use crate::lang::named::Names;
use crate::lang::named::names_of;
use crate::lang::print;
use crate::objects::Address;
use crate::objects::AttributeType;
use crate::objects::Default;
use crate::objects::Object;
use crate::plan::Action;
use crate::plan::AttributeChange;
use crate::plan::Change;
use crate::plan::ChangeKind;
use crate::plan::LIFECYCLE;
use crate::plan::OutputChange;
use crate::plan::Plan;
use crate::time::Cron;

/// The whole plan. `example` says what a residual will be in the next run of its object.
pub(crate) fn plan(plan: &Plan, example: Example<'_>, look: Look) -> String {
    if plan.is_empty() {
        return no_changes(plan, look);
    }
    let mut out = String::new();
    let summary = summary(plan, look);
    out.push_str(&summary);
    out.push('\n');
    if !plan.changes.is_empty() {
        out.push_str(&legend(plan, look));
        out.push_str("Pipeform will perform the following actions:\n");
        out.push_str(&changes(plan, example, look));
        out.push('\n');
    }
    if plan.changes_outputs() {
        out.push_str(&outputs(&plan.output_changes, look));
        out.push('\n');
    }
    let effects = effects::effects(&plan.effects, look);
    if !effects.is_empty() {
        out.push_str(&effects);
        out.push('\n');
    }
    for part in [
        clusters::clusters(&plan.effects, look),
        effects::reruns(&plan.effects, look),
        what_waits::what_waits(&plan.effects, look),
        impact::history(&plan.effects, look),
        impact::consumers(&plan.effects, look),
        alignment::alignment(&plan.effects, look),
        effects::held(&plan.held, look),
    ] {
        if !part.is_empty() {
            out.push_str(&part);
            out.push('\n');
        }
    }
    out.push_str(&summary);
    out
}

/// The changes of objects, each after an empty line.
pub(super) fn changes(plan: &Plan, example: Example<'_>, look: Look) -> String {
    let mut explained = Explained::default();
    let blocks = plan.changes.iter().map(|change| {
        let block = object_change(change, &mut explained, example, look);
        (change, block)
    });
    told_once(blocks, look)
}

/// The sentence that tools read: what the plan does to objects.
pub(super) fn sentence(plan: &Plan) -> String {
    let look = Look {
        color: false,
        width: usize::MAX,
        hints: false,
    };
    let text = if plan.is_empty() {
        no_changes(plan, look)
    } else {
        summary(plan, look)
    };
    text.lines().next().unwrap_or_default().to_owned()
}

/// What is said about where a plan was saved.
pub(crate) fn saved_to(path: &Path, look: Look) -> String {
    let rule = "─".repeat(look.width.min(80));
    format!(
        "\n{rule}\n\nSaved the plan to: {path}\n\nTo perform exactly these actions, run the following command to apply:\n    pipeform apply {quoted}\n",
        path = path.display(),
        quoted = shell_word(&path.to_string_lossy()),
    )
}

/// A word as a shell reads it.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:@%+,".contains(letter);
    if text.starts_with('-') {
        return shell_word(&format!("./{text}"));
    }
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The sentence that tools read, and one about the runs.
pub(crate) fn summary(plan: &Plan, look: Look) -> String {
    let counts = plan.counts();
    let mut out = format!("{} {}.\n", look.bold("Plan:"), counts::planned(&counts));
    out.push_str(&look.wrapped(0, 0, &totals::sentence(&plan.effects.totals)));
    out.push('\n');
    out
}

/// What was changed by hand, for people.
pub(crate) fn by_hand(plan: &Plan, look: Look) -> String {
    if plan.held.is_empty() {
        return format!(
            "{} Nothing was changed by hand since it was applied.\n",
            look.bold("No changes.")
        );
    }
    let number = plan.held.len();
    let objects = if number == 1 {
        "object was"
    } else {
        "objects were"
    };
    let mut out = format!(
        "{} {number} {objects} changed by hand since that was applied.\n\n",
        look.bold("Note:")
    );
    out.push_str(&effects::held(&plan.held, look));
    out.push_str("\nThis is in the state already, and nothing else is looked at: there is nothing to apply.\n");
    out
}

/// What has changed since an earlier serial, for people.
pub(crate) fn since(plan: &Plan, serial: u64, look: Look) -> String {
    let counts = plan.counts();
    let since = look.bold(&format!("Since serial {serial}:"));
    let summary = format!("{since} {}.\n", counts::planned(&counts));
    if plan.is_empty() {
        return format!(
            "{} The configuration is what was applied as serial {serial}.\n",
            look.bold("No changes.")
        );
    }
    let mut out = summary.clone();
    out.push('\n');
    if !plan.changes.is_empty() {
        out.push_str(&legend(plan, look));
        out.push_str("The configuration differs from what was applied then:\n");
        out.push_str(&changes(plan, &|_, _| None, look));
        out.push('\n');
    }
    if plan.changes_outputs() {
        out.push_str(&outputs(&plan.output_changes, look));
        out.push('\n');
    }
    out.push_str(&summary);
    out
}

fn no_changes(plan: &Plan, look: Look) -> String {
    let mut out = format!(
        "{} Your infrastructure matches the configuration.\n\nPipeform has compared the configuration with what is applied and found no\ndifferences.\n",
        look.bold("No changes.")
    );
    for part in [
        effects::held(&plan.held, look),
        effects::due(&plan.effects, look),
    ] {
        if !part.is_empty() {
            out.push('\n');
            out.push_str(&part);
        }
    }
    out
}

fn marker(action: Action) -> Marker {
    match action {
        Action::Create => Marker::Add,
        Action::Update => Marker::Change,
        Action::Delete => Marker::Remove,
        Action::Forget => Marker::Forget,
        Action::NoOp => Marker::None,
    }
}

fn legend(plan: &Plan, look: Look) -> String {
    let mut symbols = String::new();
    for (action, word) in [
        (Action::Create, "create"),
        (Action::Update, "update in-place"),
        (Action::Delete, "destroy"),
        (Action::Forget, "forget"),
    ] {
        if plan.changes.iter().any(|change| change.action == action) {
            symbols.extend(["  ", &look.symbol(marker(action)), " ", word, "\n"]);
        }
    }
    if symbols.is_empty() {
        return symbols; // objects only move
    }
    format!("Actions on objects are indicated with the following symbols:\n{symbols}\n")
}

/// The changes, those that are the same of several of one `for_each` once.
fn told_once<'a>(blocks: impl Iterator<Item = (&'a Change, String)>, look: Look) -> String {
    let mut titles: BTreeMap<&Address, &Change> = BTreeMap::new();
    let texts = blocks.map(|(change, block)| {
        titles.insert(&change.address, change);
        let reason = change.reason.as_ref().map(ToString::to_string);
        let what = (
            change.action,
            reason,
            change.moved_from.as_ref().map(Address::as_str),
        );
        (change.address.clone(), format!("{what:?}\n{block}"))
    });
    let groups = together(texts, Likeness::Keys);
    let mut out = String::new();
    for group in groups {
        let Some(change) = group.addresses.first().and_then(|first| titles.get(first)) else {
            continue;
        };
        let block = group.text.split_once('\n').map_or("", |(_, block)| block);
        out.push('\n');
        out.push_str(&title(change, &group.name(), look));
        if group.keyed && change.action != Action::NoOp {
            let first = format!(
                "  # (this is {}; the others differ in the key alone)\n",
                change.address
            );
            out.push_str(&first);
        }
        if group.addresses.len() > 1 {
            out.extend(["  # (of ", &group.members(), ")\n"]);
        }
        out.push_str(block);
    }
    out
}

/// One object: its block.
fn object_change(
    change: &Change,
    explained: &mut Explained,
    example: Example<'_>,
    look: Look,
) -> String {
    let Some(object) = change.object() else {
        return String::new();
    };
    let mut out = String::new();
    let old_type = change
        .old
        .as_ref()
        .map(|old| old.object_type.name)
        .filter(|name| *name != object.object_type.name);
    let symbol = look.symbol(marker(change.action));
    out.extend(["  ", &symbol, " ", &objects::header(object, old_type), " {"]);
    let mut writer = Writer {
        look,
        object: Some(object),
        example,
        text: out,
    };
    for line in clusters::comment(change) {
        writer.line(6, Marker::None);
        writer.text.push_str(&look.dim(&line));
    }
    let (cost, others): (Vec<_>, Vec<_>) = change.attributes.iter().partition(|attribute| {
        let schema = object.object_type.attribute(&attribute.name);
        schema.is_some_and(|schema| schema.cost)
    });
    entries(&mut writer, change, object, &cost);
    parts(&mut writer, object, &cost);
    if !cost.is_empty() && !others.is_empty() {
        writer.text.push('\n');
    }
    entries(&mut writer, change, object, &others);
    writer.hidden(6, change.unchanged(), "attribute");
    let (mut old, mut new) = (Names::new(), Names::new());
    for attribute in &change.attributes {
        let mask = |value| objects::masked(object, &attribute.name, value);
        let (before, after) = (
            attribute.old.as_ref().map(mask),
            attribute.new.as_ref().map(mask),
        );
        for (value, names) in [(before, &mut old), (after, &mut new)] {
            if let Some(value) = value {
                names_of(&value, names);
            }
        }
    }
    writer.further_names((old, new), 6, (explained, change.address.as_str()));
    parts(&mut writer, object, &others);
    writer.text.push_str("\n    }\n");
    writer.text
}

/// Whether an attribute is written as a block.
fn is_part(object: &Object, attribute: &AttributeChange) -> bool {
    &*attribute.name == LIFECYCLE || object.object_type.has_block(&attribute.name)
}

/// Attributes that are written as values, a line each.
fn entries(
    writer: &mut Writer<'_>,
    change: &Change,
    object: &Object,
    attributes: &[&AttributeChange],
) {
    let attributes = attributes.iter();
    let attributes = attributes.filter(|attribute| !is_part(object, attribute));
    let width = key_width(attributes.clone().map(|attribute| &attribute.name));
    for attribute in attributes {
        let read = |value| objects::readable(object, &attribute.name, value);
        let (old, new) = (
            attribute.old.as_ref().map(read),
            attribute.new.as_ref().map(read),
        );
        writer.entry(&attribute.name, (old.as_ref(), new.as_ref()), width, 6);
        if let Some(note) = in_words(object, &attribute.name, new.as_ref()) {
            let note = writer.look.dim(&format!(" # {note}"));
            writer.text.push_str(&note);
        }
        let mut notes = Vec::new();
        let says = |side: Option<&Object>| side.is_some_and(|it| it.get(&attribute.name).is_some());
        if attribute.inherited && !says(Some(object)) {
            notes.push("from its pipeline".to_owned());
        } else if attribute.inherited && !says(change.old.as_ref()) {
            notes.push("so far from its pipeline".to_owned());
        }
        if let (Action::Update, None, Some(default)) =
            (change.action, &new, default(object, &attribute.name))
        {
            notes.push(format!("default: {default}"));
        }
        if !notes.is_empty() {
            let note = writer.look.dim(&format!(" # ({})", notes.join("; ")));
            writer.text.push_str(&note);
        }
    }
}

/// Attributes that are written as blocks.
fn parts(writer: &mut Writer<'_>, object: &Object, attributes: &[&AttributeChange]) {
    let blocks = attributes.iter();
    for block in blocks.filter(|attribute| is_part(object, attribute)) {
        let mask = |value| objects::masked(object, &block.name, value);
        let (old, new) = (block.old.as_ref().map(mask), block.new.as_ref().map(mask));
        writer.part(&block.name, (old.as_ref(), new.as_ref()), 6);
    }
}

/// The comment above a block: what happens to the object, and why.
fn title(change: &Change, name: &str, look: Look) -> String {
    let address = look.bold(&format!("# {name}"));
    let mut out = match (change.action, &change.moved_from) {
        (Action::NoOp, Some(from)) => {
            let several = name != change.address.as_str();
            let from = if several {
                pattern(from)
            } else {
                from.to_string()
            };
            let from = look.bold(&format!("# {from}"));
            return format!("  {from} has moved to {}\n", look.bold(name));
        }
        (Action::Create, _) => format!("  {address} will be created\n"),
        (Action::Update, _) => format!("  {address} will be updated in-place\n"),
        (Action::Delete, _) => format!("  {address} will be destroyed\n"),
        (Action::Forget, _) => {
            format!(
                "  {address} will no longer be managed by Pipeform, but will not be destroyed\n"
            )
        }
        (Action::NoOp, None) => format!("  {address} will be left as it is\n"),
    };
    if let Some(reason) = &change.reason {
        out.extend(["  # (", &reason.to_string(), ")\n"]);
    } else if change.action == Action::Update && change.kind() == ChangeKind::Schedule {
        out.push_str("  # (schedule: when runs are due)\n");
    } else if change.action == Action::Update && change.kind() == ChangeKind::Behaviour {
        out.push_str("  # (behaviour: what runs do from now on)\n");
    } else if change.kind() == ChangeKind::Metadata {
        let acts =
            |attribute: &AttributeChange| &*attribute.name == LIFECYCLE || attribute.inherited;
        out.push_str(if change.attributes.iter().any(acts) {
            "  # (no run changes)\n"
        } else {
            "  # (only what people read: no run changes)\n"
        });
    }
    if let Some(from) = &change.moved_from {
        out.extend(["  # (moved from ", from.as_str(), ")\n"]);
    }
    out
}

/// What a cron pattern means.
fn in_words(object: &Object, name: &str, value: Option<&Value>) -> Option<String> {
    let schema = object.object_type.attribute(name)?;
    match value? {
        Value::String(text) if schema.value == AttributeType::Cron => {
            Cron::parse(text).ok().map(|cron| cron.describe())
        }
        _ => None,
    }
}

/// What an attribute means when it is not set, as HCL.
fn default(object: &Object, name: &str) -> Option<String> {
    match object.object_type.attribute(name)?.default {
        Default::Required | Default::None => None,
        Default::Text(text) => Some(print::value(&Value::string(text))),
        Default::Integer(number) => Some(number.to_string()),
        Default::Bool(value) => Some(value.to_string()),
    }
}

pub(super) fn outputs(outputs: &[OutputChange], look: Look) -> String {
    let changed: Vec<&OutputChange> = outputs
        .iter()
        .filter(|output| output.action != Action::NoOp)
        .collect();
    let width = key_width(changed.iter().map(|output| &output.name));
    let mut writer = Writer {
        look,
        object: None,
        example: &|_, _| None,
        text: String::from("Changes to Outputs:"),
    };
    for output in changed {
        let sides = (output.old.as_ref(), output.new.as_ref());
        writer.entry(&output.name, sides, width, 2);
    }
    writer.text.push('\n');
    writer.text
}
