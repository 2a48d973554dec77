//! JSON, with what people put into it.

use jsonc_parser::CollectOptions;
use jsonc_parser::ParseOptions;
use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;

use super::Key;
use super::Node;
use super::Value;
use super::offset;
use crate::diag::Diagnostic;
use crate::diag::FileId;
use crate::diag::Span;

/// Comments and trailing commas pass; what else goes beyond JSON does not, because no tool of AWS ever read it.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn read(file: FileId, text: &str) -> Result<Node, Diagnostic> {
    let span = |range: jsonc_parser::common::Range| Span {
        file,
        start: offset(range.start),
        end: offset(range.end),
    };
    match jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &OPTIONS) {
        Ok(found) => found.value.map(|value| node(value, &span)).ok_or_else(|| {
            let detail = "There is nothing in this file. A definition is an object with `objects`, as `aws datapipeline get-pipeline-definition` prints it.";
            Diagnostic::error("Empty definition", detail).at(span(jsonc_parser::common::Range::new(0, 0)))
        }),
        Err(error) => {
            let detail = format!(
                "This is not JSON: {}. Comments and trailing commas are read, all else must be as JSON has it.",
                lower_first(&error.kind().to_string())
            );
            Err(Diagnostic::error("Invalid JSON", detail).at(span(error.range())))
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(signs).collect()
    })
}

fn node(value: ast::Value<'_>, span: &dyn Fn(jsonc_parser::common::Range) -> Span) -> Node {
    let at = span(value.range());
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(bool) => Value::Bool(bool.value),
        ast::Value::NumberLit(number) => Value::Number(number.value.to_owned()),
        ast::Value::StringLit(text) => Value::Text(text.value.into_owned()),
        ast::Value::Array(list) => {
            let elements = list.elements.into_iter();
            Value::List(elements.map(|element| node(element, span)).collect())
        }
        ast::Value::Object(map) => {
            let entries = map.properties.into_iter().map(|entry| {
                let key = Key {
                    span: span(entry.name.range()),
                    text: entry.name.into_string(),
                };
                (key, node(entry.value, span))
            });
            Value::Map(entries.collect())
        }
    };
    Node { span: at, value }
}
