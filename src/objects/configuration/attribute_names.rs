//! The names of attributes and blocks of an object: which it has, what a name may have been meant for, and what its type is called in
//! a finding.

use super::builder::Builder;
use super::frames::Frame;
use super::lifecycle;
use crate::diag::Diagnostic;
use crate::diag::did_you_mean;
use crate::lang::ast::Block;
use crate::objects::kind::Kind;
use crate::objects::schema::Default;
use crate::objects::schema::ObjectType;
/// Attributes that every object block takes besides those of its type.
const META: [&str; 2] = ["for_each", "count"];

/// AWS Data Pipeline's names of attributes that are called otherwise here.
const RENAMED: [(&str, &str); 17] = [
    ("maximumRetries", "max_retries"),
    ("maximum_retries", "max_retries"),
    ("lateAfterTimeout", "late_after"),
    ("onLateAction", "on_late"),
    ("period", "every"),
    ("startDateTime", "start"),
    ("start_date_time", "start"),
    ("endDateTime", "end"),
    ("end_date_time", "end"),
    ("filePath", "path"),
    ("file_path", "path"),
    ("directoryPath", "path"),
    ("inputRegEx", "input_regex"),
    ("dataFormat", "format"),
    ("data_format", "format"),
    ("topicArn", "topic"),
    ("topic_arn", "topic"),
];

impl<'m> Builder<'m> {
    /// Reports attributes and blocks that the type does not have, and those it needs.
    pub(super) fn check_names(
        &self,
        frame: &Frame<'m>,
        block: &Block,
        object_type: &'static ObjectType,
    ) {
        for attribute in &block.body.attributes {
            let name = attribute.name.text.as_ref();
            let nested_meta = self.declaration(frame.id).owner.is_some() && META.contains(&name);
            if object_type.attribute(name).is_some() || (META.contains(&name) && !nested_meta) {
                continue;
            }
            self.report(
                Diagnostic::error(
                    "Unsupported attribute",
                    format!("{} has no attribute `{name}`.", any(&title(object_type))),
                )
                .at(attribute.name.span)
                .about(frame.address.to_string())
                .help_if(suggestion(name, object_type)),
            );
        }
        for schema in object_type.schema() {
            let is_given = || {
                let mut nested = self.declaration(frame.id).nested.iter();
                self.written(frame, schema.name).is_some()
                    || nested.any(|nested| nested.schema.attribute == schema.name)
            };
            if schema.default == Default::Required && !is_given() {
                self.report(
                    Diagnostic::error(
                        "Missing attribute",
                        format!(
                            "{} needs `{}`: {}",
                            any(&title(object_type)),
                            schema.name,
                            schema.doc
                        ),
                    )
                    .at(block.span)
                    .if_whole(block.whole())
                    .about(frame.address.to_string()),
                );
            }
        }
        if object_type.kind != Kind::Pipeline {
            self.check_blocks(frame, block, object_type);
        }
    }

    fn check_blocks(&self, frame: &Frame<'m>, block: &Block, object_type: &'static ObjectType) {
        for inner in &block.body.blocks {
            let word = inner.kind.text.as_ref();
            if self.check_block(frame, inner, |word| object_type.block(word)) || word == "dynamic" {
                continue; // the others were looked at when they were declared
            }
            let nested = object_type
                .nested
                .iter()
                .find(|nested| nested.block == word);
            match nested {
                Some(nested) if inner.labels.len() == usize::from(nested.kind.has_type()) => {}
                None if lifecycle::is(inner) => {}
                Some(_) if is_condition(inner) => self.report(
                    Diagnostic::error(
                        "Misplaced block",
                        format!("A `{word}` block with a `condition` stands inside a `lifecycle` block."),
                    )
                    .at(inner.span)
                    .about(frame.address.to_string())
                    .help(format!("Write `lifecycle {{ {word} {{ … }} }}`.")),
                ),
                Some(nested) => self.report(
                    Diagnostic::error(
                        "Wrong number of labels",
                        if nested.kind.has_type() {
                            format!("A `{word}` block inside an object has one label, its type; it needs no name.")
                        } else {
                            format!("A `{word}` block inside an object has no label; it needs no name.")
                        },
                    )
                    .at(inner.span)
                    .about(frame.address.to_string()),
                ),
                None => self.report(
                    Diagnostic::error(
                        "Unsupported block type",
                        format!(
                            "Blocks of type `{word}` are not expected inside a{}.",
                            without_a(&title(object_type))
                        ),
                    )
                    .at(inner.kind.span)
                    .about(frame.address.to_string())
                    .help_if(if object_type.attribute(word).is_some() {
                        Some(format!("`{word}` is an attribute: write `{word} = …`."))
                    } else {
                        did_you_mean(word, blocks(object_type))
                    }),
                ),
            }
        }
    }
}

/// The blocks that may stand in an object.
pub(super) fn blocks(object_type: &'static ObjectType) -> impl Iterator<Item = &'static str> {
    let attributes = object_type
        .schema()
        .filter(|attribute| attribute.value.block().is_some());
    let nested = object_type.nested.iter().map(|nested| nested.block);
    nested.chain(attributes.map(|attribute| attribute.name))
}

/// Whether a block looks like a condition, which has its place in a `lifecycle` block.
fn is_condition(block: &Block) -> bool {
    let mut attributes = block.body.attributes.iter();
    block.labels.is_empty() && attributes.any(|attribute| &*attribute.name.text == "condition")
}

/// A type as a message calls it: "copy activity", "schedule".
pub(super) fn title(object_type: &ObjectType) -> String {
    let kind = object_type.kind.as_str().replace('_', " ");
    if object_type.name.is_empty() {
        kind
    } else {
        format!("`{}` {kind}", object_type.name)
    }
}

/// A title with its article, at the start of a sentence.
pub(super) fn any(title: &str) -> String {
    format!("A{}", without_a(title))
}

/// Names that are read letter by letter, the first of which begins with a vowel.
const SPELLED: [&str; 4] = ["http_", "rds", "s3", "sns"];

/// The rest of an article, and a title.
fn without_a(title: &str) -> String {
    let first = title.trim_start_matches('`').chars().next();
    let name = title.trim_start_matches('`');
    let spelled = SPELLED.iter().any(|word| name.starts_with(word));
    let vowel = spelled || first.is_some_and(|letter| "aeiou".contains(letter));
    format!("{} {title}", if vowel { "n" } else { "" })
}

/// What may have been meant by the name of an attribute.
pub(super) fn suggestion(name: &str, object_type: &'static ObjectType) -> Option<String> {
    let renamed = || {
        let (_, here) = RENAMED.iter().find(|(aws, _)| *aws == name)?;
        Some((*here).to_owned())
    };
    let aws = object_type
        .of_aws_field(name)
        .map(|schema| schema.name.to_owned())
        .or_else(renamed)
        .or_else(|| {
            let snake = snake_case(name);
            (snake != name).then_some(snake)
        })
        .filter(|here| here != name && object_type.attribute(here).is_some());
    match aws {
        Some(here) => Some(format!("Here it is called `{here}`.")),
        None => did_you_mean(
            name,
            object_type
                .schema()
                .map(|attribute| attribute.name)
                .chain(META),
        ),
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
