//! Which blocks there are, for the reader of JSON: those of the language and those of the object types.

use super::kind::Kind;
use super::registry;
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
        _ => inside(type_of(parents)?, word),
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

/// The type of the innermost object; the content of a `dynamic` block is that of the block it makes.
fn type_of(parents: &[Parent<'_>]) -> Option<&'static ObjectType> {
    let (last, outer) = parents.split_last()?;
    if last.kind == "content" {
        let (dynamic, outer) = outer.split_last()?;
        let nested = type_of(outer)?
            .nested
            .iter()
            .find(|nested| nested.block == dynamic.label)?;
        return registry::find(nested.kind, "");
    }
    let in_object = outer.last().is_some_and(|parent| {
        Kind::parse(parent.kind).is_some_and(|kind| kind != Kind::Pipeline)
            || parent.kind == "content"
    });
    if in_object {
        let nested = type_of(outer)?
            .nested
            .iter()
            .find(|nested| nested.block == last.kind)?;
        return registry::find(nested.kind, last.label);
    }
    let kind = Kind::parse(last.kind)?;
    registry::find(kind, if kind.has_type() { last.label } else { "" })
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
        for (path, word, expected) in [
            (&[][..], "variable", Some(&[1][..])),
            (&[], "activity", Some(&[2])),
            (&[], "schedule", Some(&[1])),
            (&[], "unknown", None),
            (&[pipeline], "activity", Some(&[2])),
            (&[pipeline], "schedule", Some(&[1, 0])),
            (&[pipeline], "locals", Some(&[0])),
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
