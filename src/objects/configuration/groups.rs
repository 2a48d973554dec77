//! Rules about attributes taken together, as the types of objects state them: [`Group`].
//!
//! They are checked when the values are known, since what is `null` is not set; what could not be evaluated breaks no rule.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::attribute_names::any;
use super::attribute_names::title;
use super::builder::Builder;
use super::frames::Frame;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::lang::Value;
use crate::objects::group::Group;
use crate::objects::group::either;
use crate::objects::group::listed;
use crate::objects::kind::Kind;
use crate::objects::object::references_in;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::ObjectType;

/// The attributes of an object that are set, and those that are not known.
struct Values<'a> {
    set: &'a BTreeMap<Arc<str>, Value>,
    unknown: &'a BTreeSet<&'static str>,
}

impl<'m> Builder<'m> {
    /// Reports the rules of its type that an object breaks.
    pub(super) fn check_groups(
        &self,
        frame: &Rc<Frame<'m>>,
        set: &BTreeMap<Arc<str>, Value>,
        unknown: &BTreeSet<&'static str>,
    ) {
        let values = Values { set, unknown };
        let declaration = self.declaration(frame.id);
        for group in declaration.object_type.groups {
            let finding = match *group {
                Group::ExactlyOne(names) => self
                    .too_many(frame, names, &values)
                    .or_else(|| self.none_of(frame, names, &values)),
                Group::AtMostOne(names) => self.too_many(frame, names, &values),
                Group::Needs(name, needed) => self.lacking(frame, (name, needed), &values),
                Group::When(name, word, needed) => {
                    self.unsaid(frame, (name, word, needed), &values)
                }
                Group::Types(name, types) => self.misdirected(frame, (name, types), &values),
            };
            if let Some(finding) = finding {
                let finding = finding.about(frame.address.to_string());
                self.combinations.borrow_mut().push(finding);
            }
        }
    }

    fn object_type(&self, frame: &Frame<'m>) -> &'static ObjectType {
        self.declaration(frame.id).object_type
    }

    fn schema(&self, frame: &Frame<'m>, name: &str) -> Option<&'static AttributeSchema> {
        self.object_type(frame).attribute(name)
    }

    /// Where an attribute is written, else its object.
    fn place_of(&self, frame: &Frame<'m>, name: &str) -> Span {
        let written = self.written(frame, name);
        written.map_or_else(|| self.place(frame), |attribute| attribute.name.span)
    }

    fn too_many(
        &self,
        frame: &Frame<'m>,
        names: &[&str],
        values: &Values<'_>,
    ) -> Option<Diagnostic> {
        let set: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| values.set.contains_key(*name))
            .collect();
        let [first, second, ..] = set.as_slice() else {
            return None;
        };
        let detail = format!(
            "{} takes only one of {}, and this one has {}.",
            any(&title(self.object_type(frame))),
            listed(names),
            listed(&set)
        );
        Some(
            Diagnostic::error("Invalid combination", detail)
                .at(self.place_of(frame, second))
                .label(self.place_of(frame, first), "the other one")
                .help("Keep one of them."),
        )
    }

    fn none_of(
        &self,
        frame: &Frame<'m>,
        names: &[&str],
        values: &Values<'_>,
    ) -> Option<Diagnostic> {
        let may_be = |name: &&str| values.set.contains_key(*name) || values.unknown.contains(name);
        if names.iter().any(may_be) {
            return None;
        }
        let block = self.declaration(frame.id).block?;
        let first = names.first()?;
        let doc = self.schema(frame, first).map_or("", |schema| schema.doc);
        let detail = format!(
            "{} needs {}. `{first}`: {doc}",
            any(&title(self.object_type(frame))),
            either(names)
        );
        let finding = Diagnostic::error("Missing attribute", detail).at(block.span);
        Some(finding.if_whole(block.whole()))
    }

    fn lacking(
        &self,
        frame: &Rc<Frame<'m>>,
        (name, needed): (&str, &str),
        values: &Values<'_>,
    ) -> Option<Diagnostic> {
        let known = |name: &str| values.set.contains_key(name) || values.unknown.contains(name);
        if !values.set.contains_key(name) || known(needed) {
            return None;
        }
        let pipeline = self.pipeline_frame(frame);
        let inherited = pipeline.and_then(|pipeline| {
            let schema = self.schema(&pipeline, needed)?;
            Some(self.attribute_value(&pipeline, schema) != Some(Value::NULL))
        });
        if inherited == Some(true) {
            return None;
        }
        let doc = self.schema(frame, needed).map_or("", |schema| schema.doc);
        let place = if inherited.is_some() {
            "here or on the pipeline"
        } else {
            "here"
        };
        let detail = format!("`{name}` says nothing without `{needed}`, which is not set. {doc}");
        Some(
            Diagnostic::error("Missing attribute", detail)
                .at(self.place_of(frame, name))
                .help(format!("Set `{needed}` {place}, or leave `{name}` out.")),
        )
    }

    /// A word that needs another attribute, which is not set.
    fn unsaid(
        &self,
        frame: &Frame<'m>,
        (name, word, needed): (&str, &str, &str),
        values: &Values<'_>,
    ) -> Option<Diagnostic> {
        let said = matches!(values.set.get(name)?, Value::String(said) if **said == *word);
        if !said || values.set.contains_key(needed) || values.unknown.contains(needed) {
            return None;
        }
        let doc = self.schema(frame, needed).map_or("", |schema| schema.doc);
        let detail = format!("`{name} = \"{word}\"` needs `{needed}`, which is not set. {doc}");
        Some(
            Diagnostic::error("Missing attribute", detail)
                .at(self.place_of(frame, name))
                .help(format!("Set `{needed}`.")),
        )
    }

    /// The pipeline that an object stands in.
    fn pipeline_frame(&self, frame: &Frame<'m>) -> Option<Rc<Frame<'m>>> {
        let address = self.pipeline_address(frame)?;
        self.addressed(&address)
    }

    /// An attribute that refers to an object of a wrong type.
    fn misdirected(
        &self,
        frame: &Frame<'m>,
        (name, types): (&str, &[&str]),
        values: &Values<'_>,
    ) -> Option<Diagnostic> {
        let references = references_in(values.set.get(name)?);
        let (address, object_type) = references.into_iter().find_map(|(_, address)| {
            let referred = self.addressed(address.as_str())?;
            let object_type = self.object_type(&referred);
            (!types.contains(&object_type.name)).then_some((address, object_type))
        })?;
        let own = any(&title(self.object_type(frame)));
        let kind = object_type.kind;
        let detail = format!(
            "{own} takes a {} of type {} as `{name}`; `{address}` is of type `{}`.",
            word(kind),
            either(types),
            object_type.name
        );
        Some(Diagnostic::error("Wrong type of object", detail).at(self.place_of(frame, name)))
    }
}

/// A kind as a sentence calls it.
fn word(kind: Kind) -> String {
    kind.as_str().replace('_', " ")
}
