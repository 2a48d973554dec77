//! Which blocks there are, for the reader of JSON: those of the language and those of the object types.

use super::kind::Kind;
use super::registry;
use super::schema::BlockSchema;
use super::schema::ObjectType;
use crate::lang::Grammar;
use crate::lang::Language;
use crate::lang::Parent;
use crate::lang::Shape;

/// The blocks of the language and of all object types.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blocks;

impl Grammar for Blocks {
    fn block(&self, parents: &[Parent<'_>], word: &str) -> Option<Shape> {
        Language
            .block(parents, word)
            .or_else(|| object(parents, word))
    }
}

const NONE: Shape = Shape::labels(&[0]);
const ONE: Shape = Shape::labels(&[1]);
const TWO: Shape = Shape::labels(&[2]);

fn object(parents: &[Parent<'_>], word: &str) -> Option<Shape> {
    let kind = Kind::parse(word);
    match parents {
        [] => kind.map(declared),
        [pipeline] if pipeline.kind == Kind::Pipeline.as_str() => match (kind, word) {
            // A schedule of its own, or one that is declared in it.
            (Some(Kind::Schedule), _) => Some(Shape::labels(&[1, 0]).or_attribute()),
            (Some(Kind::Provider), _) => None, // an attribute
            (Some(kind), _) => Some(declared(kind)),
            (None, "locals" | "lifecycle") => Some(NONE),
            (None, "dynamic") => Some(ONE),
            _ => None,
        },
        _ => match within(parents)? {
            Within::Object(object_type) => inside(object_type, word),
            Within::Block(content) => inside_block(content, word),
        },
    }
}

/// A block that declares an object by its name.
fn declared(kind: Kind) -> Shape {
    if kind.has_type() && kind.has_name() {
        TWO
    } else {
        ONE
    }
}

/// A block inside an object of this type.
fn inside(object_type: &ObjectType, word: &str) -> Option<Shape> {
    match word {
        "lifecycle" => return Some(NONE),
        "dynamic" => return Some(ONE),
        _ => {}
    }
    if object_type.has_block(word) {
        return Some(NONE);
    }
    let nested = object_type
        .nested
        .iter()
        .find(|nested| nested.block == word)?;
    let shape = if nested.kind.has_type() { ONE } else { NONE };
    let attribute = object_type.attribute(word).is_some();
    Some(if attribute {
        shape.or_attribute()
    } else {
        shape
    })
}

/// A block inside a block that is an attribute.
fn inside_block(content: &BlockSchema, word: &str) -> Option<Shape> {
    if content.block(word).is_some() {
        return Some(NONE);
    }
    let holds_blocks = content
        .attributes
        .iter()
        .any(|attribute| attribute.value.block().is_some());
    (word == "dynamic" && holds_blocks).then_some(ONE)
}

/// What a block is in.
#[derive(Clone, Copy)]
enum Within {
    /// An object of this type.
    Object(&'static ObjectType),
    /// A block that is an attribute of one.
    Block(&'static BlockSchema),
}

impl Within {
    /// What stands in the block `word` with this first label.
    fn step(self, word: &str, label: &str) -> Option<Self> {
        let object_type = match self {
            Self::Object(object_type) => object_type,
            Self::Block(content) => return content.block(word).map(Self::Block),
        };
        if let Some(content) = object_type.block(word) {
            return Some(Self::Block(content));
        }
        let mut nested = object_type.nested.iter();
        let nested = nested.find(|nested| nested.block == word)?;
        registry::find(nested.kind, label).map(Self::Object)
    }
}

/// What the innermost block is in; the content of a `dynamic` block is that of the block it makes.
fn within(parents: &[Parent<'_>]) -> Option<Within> {
    let (last, outer) = parents.split_last()?;
    if last.kind == "content" {
        let (dynamic, outer) = outer.split_last()?;
        return within(outer)?.step(dynamic.label, "");
    }
    let in_object = outer
        .last()
        .is_some_and(|parent| parent.kind == "content" || parent.kind != Kind::Pipeline.as_str());
    if in_object {
        return within(outer)?.step(last.kind, last.label);
    }
    let kind = Kind::parse(last.kind)?;
    registry::find(kind, if kind.has_type() { last.label } else { "" }).map(Within::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(path: &[(&str, &str)], word: &str) -> Option<&'static [usize]> {
        let parents: Vec<_> = path
            .iter()
            .map(|(kind, label)| Parent { kind, label })
            .collect();
        Blocks.block(&parents, word).map(|shape| shape.labels)
    }

    #[test]
    fn blocks_of_the_language_and_of_objects_are_known_where_they_stand() {
        let pipeline = ("pipeline", "p");
        let node = ("data_node", "file");
        let cluster = ("resource", "emr_cluster");
        for (path, word, expected) in [
            (&[][..], "variable", Some(&[1][..])),
            (&[], "activity", Some(&[2])),
            (&[], "schedule", Some(&[1])),
            (&[], "unknown", None),
            (&[pipeline], "activity", Some(&[2])),
            (&[pipeline], "schedule", Some(&[1, 0])),
            (&[pipeline], "locals", Some(&[0])),
            (&[pipeline], "calendar", Some(&[1])),
            (&[pipeline, ("schedule", "")], "calendar", Some(&[0])),
            (&[("schedule", "s")], "calendar", Some(&[0])),
            (&[pipeline], "on_fail", None),
            (&[pipeline, node], "format", Some(&[1])),
            (&[pipeline, node], "precondition", Some(&[1])),
            (&[pipeline, node], "path", None),
            (&[node, ("lifecycle", "")], "precondition", Some(&[0])),
            (&[node, ("dynamic", "precondition")], "content", Some(&[0])),
            (&[("variable", "x")], "validation", Some(&[0])),
            (&[], "provider", Some(&[1])),
            (&[pipeline], "provider", None),
            (&[("provider", "aws")], "assume_role", Some(&[0])),
            (&[("provider", "aws")], "region", None),
            (&[pipeline, ("activity", "emr")], "step", Some(&[0])),
            (&[pipeline, ("activity", "emr"), ("step", "")], "args", None),
            (
                &[cluster, ("configuration", "")],
                "configuration",
                Some(&[0]),
            ),
            (
                &[cluster, ("configuration", ""), ("configuration", "")],
                "configuration",
                Some(&[0]),
            ),
            (&[cluster, ("configuration", "")], "dynamic", Some(&[1])),
            (
                &[cluster, ("dynamic", "configuration"), ("content", "")],
                "configuration",
                Some(&[0]),
            ),
            (&[cluster, ("http_proxy", "")], "dynamic", None),
            (
                &[("provider", "aws"), ("assume_role", "")],
                "role_arn",
                None,
            ),
            (
                &[pipeline, ("activity", "copy"), ("precondition", "exists")],
                "schedule",
                None,
            ),
        ] {
            assert_eq!(labels(path, word), expected, "{word}");
        }
    }
}
