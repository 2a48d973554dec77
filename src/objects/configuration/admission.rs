//! Objects that come from elsewhere than a configuration, a saved plan or the text of a state: whether a configuration could have
//! made them.
//!
//! What the builder finds where something is written, this finds in what has been written: an activity without its command, a
//! period that is none, a reference to nothing. An attribute that this version does not know is let pass: it is of another one.

use std::collections::BTreeMap;

use super::Configuration;
use super::attribute_names::any;
use super::attribute_names::title;
use super::checks;
use super::convert;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::lang::Value;
use crate::lang::stored as stored_value;
use crate::objects::address::Address;
use crate::objects::group::Group;
use crate::objects::group::either;
use crate::objects::group::listed;
use crate::objects::kind::Kind;
use crate::objects::object::Object;
use crate::objects::schema::Default;
use crate::objects::stored;

/// The most that is said: who has made a file of his own knows after a few.
const MOST: usize = 20;

/// What no configuration could have made of some objects, which `new` says, among all that there would be.
pub fn inadmissible(
    objects: BTreeMap<Address, Object>,
    new: impl Fn(&Address) -> bool,
) -> Diagnostics {
    let mut findings = Diagnostics::new();
    for object in objects.values().filter(|object| new(&object.address)) {
        let mut report = |summary: &'static str, detail: String| {
            let finding = Diagnostic::error(summary, detail);
            findings.push(finding.about(object.address.as_str()));
        };
        check_address(object, &mut report);
        check_attributes(object, &mut report);
        check_groups(object, &objects, &mut report);
        check_references(object, &objects, &mut report);
    }
    // What is about several objects takes for granted that each is right by itself.
    if findings.is_empty() {
        let configuration = Configuration {
            objects,
            ..Configuration::default()
        };
        for finding in checks::check(&configuration, &|_: &Address, _: &str| None) {
            let about = finding.object.as_deref().map(Address::new);
            if about.is_none_or(|address| new(&address)) {
                findings.push(finding);
            }
        }
    }
    at_most(findings)
}

fn at_most(findings: Diagnostics) -> Diagnostics {
    let mut kept = Diagnostics::new();
    let mut left: usize = 0;
    for finding in findings {
        if kept.iter().count() < MOST {
            kept.push(finding);
        } else {
            left += 1;
        }
    }
    if left > 0 {
        let text = format!("There are {left} more mistakes like these.");
        kept.push(Diagnostic::error("More mistakes", text));
    }
    kept
}

/// An address is that of such an object, and made of what can be written.
fn check_address(object: &Object, report: &mut impl FnMut(&'static str, String)) {
    let address = &object.address;
    if address.as_str().chars().any(char::is_control) {
        report(
            "Impossible address",
            "It has a control character.".to_owned(),
        );
    } else if object.is_named() && address.kind() != object.kind().as_str() {
        report(
            "Impossible address",
            format!("`{address}` is no {}.", object.kind().as_str()),
        );
    } else if address.pipeline() != object.pipeline {
        report(
            "Impossible address",
            format!("`{address}` stands in another pipeline than is said of it."),
        );
    }
}

fn check_attributes(object: &Object, report: &mut impl FnMut(&'static str, String)) {
    for schema in object.object_type.schema() {
        match object.get(schema.name) {
            None | Some(Value::Null(_)) if schema.default == Default::Required => report(
                "Missing attribute",
                format!(
                    "`{}` has no `{}`. {}",
                    object.address, schema.name, schema.doc
                ),
            ),
            None => {}
            Some(value) => {
                if let Err(problem) = convert::convert(schema, value, Vec::new()) {
                    let finding = problem.into_diagnostic(schema, Span::default());
                    report(
                        "Impossible value",
                        format!("`{}`, {}", object.address, finding.detail),
                    );
                }
            }
        }
    }
}

fn check_groups(
    object: &Object,
    objects: &BTreeMap<Address, Object>,
    report: &mut impl FnMut(&'static str, String),
) {
    let is_set = |name: &str| object.get(name).is_some_and(|value| *value != Value::NULL);
    let of_type = |name: &str, fits: &dyn Fn(&str) -> bool| {
        let mut references = object.references(name).into_iter();
        references.all(|(_, address)| {
            let referred = objects.get(&address);
            referred.is_none_or(|referred| fits(referred.object_type.name))
        })
    };
    let own = any(&title(object.object_type));
    for group in object.object_type.groups {
        let broken = match *group {
            Group::ExactlyOne(names) => {
                let set = names.iter().filter(|name| is_set(name)).count();
                (set != 1).then(|| format!("{own} needs one of {}, and no two.", either(names)))
            }
            Group::AtMostOne(names) => {
                let set = names.iter().filter(|name| is_set(name)).count();
                (set > 1).then(|| format!("{own} takes only one of {}.", listed(names)))
            }
            Group::Needs(name, needed) => {
                let there = is_set(needed) || pipeline_has(needed, object, objects);
                (is_set(name) && !there).then(|| format!("`{name}` needs `{needed}`."))
            }
            Group::When(name, word, needed) => {
                let said = matches!(object.get(name), Some(Value::String(said)) if **said == *word);
                (said && !is_set(needed))
                    .then(|| format!("`{name} = \"{word}\"` needs `{needed}`."))
            }
            Group::Types(name, types) => {
                let fits = of_type(name, &|of| types.contains(&of));
                (!fits).then(|| format!("`{name}` is of type {}.", either(types)))
            }
        };
        if let Some(problem) = broken {
            report(
                "Invalid combination",
                format!("`{}`: {problem}", object.address),
            );
        }
    }
}

/// Whether the pipeline of an object sets an attribute. For rules that counts for every kind of object, also for those that do
/// not take its value from there.
fn pipeline_has(name: &str, object: &Object, objects: &BTreeMap<Address, Object>) -> bool {
    let pipeline = object.pipeline.as_ref();
    let pipeline = pipeline.and_then(|pipeline| objects.get(pipeline));
    let value = pipeline.and_then(|pipeline| pipeline.get(name));
    value.is_some_and(|value| *value != Value::NULL)
}

/// What it stands in and refers to is there.
fn check_references(
    object: &Object,
    objects: &BTreeMap<Address, Object>,
    report: &mut impl FnMut(&'static str, String),
) {
    let address = &object.address;
    if let Some(pipeline) = &object.pipeline {
        let there = objects.get(pipeline);
        if there.is_none_or(|there| there.kind() != Kind::Pipeline) {
            let text = format!("`{address}` stands in `{pipeline}`, which is not there.");
            report("Reference to nothing", text);
        }
    }
    stored_value::references(&stored::to_json(object), &mut |target| {
        let target = Address::new(target);
        let is_module = target.module() == Some(target.as_str());
        if !is_module && !objects.contains_key(&target) {
            let text = format!("`{address}` refers to `{target}`, which is not there.");
            report("Reference to nothing", text);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::configured;
    use super::*;

    #[test]
    fn what_a_configuration_makes_is_admissible_also_where_the_pipeline_says_when_it_is_late() {
        let text = |late_after: &str| {
            format!(
                r#"
                action "terminate" "end" {{}}
                pipeline "p" {{
                  {late_after}
                  activity "no_op" "a" {{
                    input = data_node.d
                  }}
                  data_node "file" "d" {{
                    path = "/d"
                    precondition "exists" {{
                      on_late = [action.end]
                    }}
                  }}
                }}"#
            )
        };
        let (configuration, findings) = configured(&[(".", &text("late_after = \"1 hour\""))]);
        assert!(findings.is_empty(), "{findings:?}");
        let mut objects = configuration.objects;
        let said = |objects: &BTreeMap<Address, Object>| inadmissible(objects.clone(), |_| true);
        assert!(said(&objects).is_empty(), "{:?}", said(&objects));
        let pipeline = objects.values_mut().find(|it| it.kind() == Kind::Pipeline);
        pipeline.unwrap().attributes.remove("late_after");
        let found = format!("{:?}", said(&objects));
        assert!(found.contains("`on_late` needs `late_after`"), "{found}");
        assert!(!configured(&[(".", &text(""))]).1.is_empty());
    }
}
