//! `ignore_changes`: attributes, or parts of them, that stay as they were applied whatever the configuration says.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::Configuration;
use super::attribute_names::any;
use super::attribute_names::suggestion;
use super::attribute_names::title;
use super::builder::Builder;
use super::frames::Frame;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::parse_expression;
use crate::objects::address::Address;
use crate::objects::object::Object;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;

/// The word for all attributes.
const ALL: &str = "all";

/// What is ignored.
#[derive(Debug, Default)]
pub(super) enum Ignored {
    /// Nothing.
    #[default]
    Nothing,
    /// Every change.
    All,
    /// Changes of these.
    These(Vec<Part>),
}

/// An attribute, or an element of it.
#[derive(Debug)]
pub(super) struct Part {
    attribute: &'static str,
    element: Option<Element>,
    span: Span,
}

/// Which element of a collection.
#[derive(Debug)]
enum Element {
    Key(Arc<str>),
    Index(usize),
}

impl Ignored {
    /// Reads the value of `ignore_changes`: names, which are not evaluated.
    pub(super) fn decode(
        expr: &Expr,
        object_type: &'static ObjectType,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        match &expr.kind {
            ExprKind::Name(name) if &*name.text == ALL => Self::All,
            ExprKind::Tuple(list) => {
                let mut reader = Reader {
                    object_type,
                    diagnostics,
                };
                Self::These(list.iter().filter_map(|item| reader.item(item)).collect())
            }
            _ => {
                diagnostics.push(
                    Diagnostic::error(
                        "Invalid ignore_changes",
                        "`ignore_changes` is a list of attributes, e.g. `[description, environment[\"A\"]]`, or `all`, without quotes.",
                    )
                    .at(expr.span),
                );
                Self::Nothing
            }
        }
    }

    /// Whether all of an attribute is ignored.
    fn whole(&self, attribute: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::These(parts) => parts
                .iter()
                .any(|part| part.attribute == attribute && part.element.is_none()),
        }
    }

    /// The elements of an attribute that are ignored.
    fn elements(&self, attribute: &str) -> impl Iterator<Item = (&Element, Span)> {
        let parts = match self {
            Self::These(parts) => parts.as_slice(),
            _ => &[],
        };
        parts
            .iter()
            .filter(move |part| part.attribute == attribute)
            .filter_map(|part| Some((part.element.as_ref()?, part.span)))
    }
}

struct Reader<'d> {
    object_type: &'static ObjectType,
    diagnostics: &'d mut Diagnostics,
}

impl Reader<'_> {
    fn item(&mut self, item: &Expr) -> Option<Part> {
        match &item.kind {
            ExprKind::Value(Value::String(text)) => self.quoted(text, item.span),
            ExprKind::Name(name) => self.part(name, None, item.span),
            ExprKind::Get(source, key) => {
                let name = self.name(source)?;
                self.part(name, Some(Element::Key(key.text.clone())), item.span)
            }
            ExprKind::Index(source, key) => {
                let name = self.name(source)?;
                let element = match &key.kind {
                    ExprKind::Value(Value::String(key)) => Some(Element::Key(key.clone())),
                    ExprKind::Value(Value::Number(number)) => number
                        .to_i64()
                        .and_then(|number| usize::try_from(number).ok())
                        .map(Element::Index),
                    _ => None,
                };
                if element.is_none() {
                    self.refuse(
                        "The key of an element is written out here, e.g. `environment[\"A\"]`.",
                        key.span,
                    );
                }
                self.part(name, Some(element?), item.span)
            }
            _ => {
                self.not_an_attribute(item.span);
                None
            }
        }
    }

    /// Terraform once took names in quotes, and still does with a warning.
    fn quoted(&mut self, text: &str, span: Span) -> Option<Part> {
        let parsed = parse_expression(FileId::default(), text, &mut Diagnostics::new());
        let Some(parsed) = parsed.filter(|expr| !matches!(expr.kind, ExprKind::Value(_))) else {
            self.not_an_attribute(span);
            return None;
        };
        self.diagnostics.push(
            Diagnostic::warning(
                "Quoted reference",
                format!("The attributes to ignore are written without quotes: `{text}`."),
            )
            .at(span),
        );
        let part = self.item(&placed(&parsed, span))?;
        Some(Part { span, ..part })
    }

    fn name<'e>(&mut self, source: &'e Expr) -> Option<&'e Ident> {
        if let ExprKind::Name(name) = &source.kind {
            return Some(name);
        }
        self.not_an_attribute(source.span);
        None
    }

    fn part(&mut self, name: &Ident, element: Option<Element>, span: Span) -> Option<Part> {
        let Some(schema) = self.object_type.attribute(&name.text) else {
            let help = match &*name.text {
                ALL => Some("`all` stands alone: `ignore_changes = all`.".to_owned()),
                other => suggestion(other, self.object_type),
            };
            self.diagnostics.push(
                Diagnostic::error(
                    "Unsupported attribute",
                    format!(
                        "{} has no attribute `{}` whose changes could be ignored.",
                        any(&title(self.object_type)),
                        name.text
                    ),
                )
                .at(name.span)
                .help_if(help),
            );
            return None;
        };
        let fits = match &element {
            None => true,
            Some(Element::Key(_)) => matches!(
                schema.value,
                AttributeType::StringMap | AttributeType::Params | AttributeType::NamedRefs(_)
            ),
            Some(Element::Index(_)) => {
                matches!(schema.value, AttributeType::Strings | AttributeType::Params)
            }
        };
        if !fits {
            let detail = format!(
                "`{0}` has no such elements: only all of it can be ignored, as `{0}`.",
                schema.name
            );
            self.refuse(&detail, span);
            return None;
        }
        Some(Part {
            attribute: schema.name,
            element,
            span,
        })
    }

    fn not_an_attribute(&mut self, span: Span) {
        self.refuse(
            "This is not the name of an attribute of this object, e.g. `description`, or of an element of one, e.g. `environment[\"A\"]`.",
            span,
        );
    }

    fn refuse(&mut self, detail: &str, span: Span) {
        self.diagnostics
            .push(Diagnostic::error("Invalid ignore_changes", detail).at(span));
    }
}

/// An expression whose names stand where `span` says.
fn placed(expr: &Expr, span: Span) -> Expr {
    let ident = |name: &Ident| Ident {
        text: name.text.clone(),
        span,
    };
    let kind = match &expr.kind {
        ExprKind::Name(name) => ExprKind::Name(ident(name)),
        ExprKind::Get(source, name) => ExprKind::Get(Arc::new(placed(source, span)), ident(name)),
        ExprKind::Index(source, key) => {
            ExprKind::Index(Arc::new(placed(source, span)), Arc::new(placed(key, span)))
        }
        other => other.clone(),
    };
    Expr { kind, span }
}

impl<'m> Builder<'m> {
    /// What an object is that was applied at the address of a frame, if something of its configuration is ignored. One
    /// whose type changes is made anew.
    fn applied(&self, frame: &Frame<'m>) -> Option<(&Ignored, &Object)> {
        let declaration = self.declaration(frame.id);
        let ignored = &declaration.lifecycle.as_ref()?.ignored;
        if matches!(ignored, Ignored::Nothing) {
            return None;
        }
        let prior = self
            .surroundings
            .prior?
            .get(&Address::new(frame.address.clone()))?;
        (prior.object_type == declaration.object_type).then_some((ignored, prior))
    }

    /// The value of an attribute after what is ignored stays as it was.
    pub(super) fn with_ignored(
        &self,
        frame: &Rc<Frame<'m>>,
        schema: &'static AttributeSchema,
        configured: Value,
    ) -> Option<Value> {
        let Some((ignored, prior)) = self.applied(frame) else {
            return Some(configured);
        };
        let kept = prior.get(schema.name);
        if ignored.whole(schema.name) {
            let kept = kept.cloned().unwrap_or(Value::NULL);
            self.note_kept(frame, schema.name);
            return Some(kept);
        }
        let mut value = configured;
        for (element, span) in ignored.elements(schema.name) {
            let Some(merged) = with_element(value, kept, element) else {
                let detail = format!(
                    "The elements of `{0}` are known only when an instance runs, so that none of them can be ignored by itself. Ignore all of it, as `{0}`.",
                    schema.name
                );
                self.report(
                    Diagnostic::error("Invalid ignore_changes", detail)
                        .at(span)
                        .about(frame.address.to_string()),
                );
                return None;
            };
            value = merged;
            self.note_kept(frame, schema.name);
        }
        Some(value)
    }

    /// Whether the blocks that stand for an attribute stay as they were, with all that is in them.
    pub(super) fn keeps_nested(&self, frame: &Frame<'m>, attribute: &str) -> bool {
        self.applied(frame)
            .is_some_and(|(ignored, _)| ignored.whole(attribute))
    }

    /// Adds the objects that stand for ignored attributes, as they were.
    pub(super) fn add_kept(
        &self,
        frame: &Frame<'m>,
        object: &Object,
        configuration: &mut Configuration,
    ) {
        let Some(((ignored, _), all)) = self.applied(frame).zip(self.surroundings.prior) else {
            return;
        };
        let inside = format!("{}.", frame.address);
        for attribute in object.attributes.keys() {
            if !ignored.whole(attribute) {
                continue;
            }
            for (_, address) in object.references(attribute) {
                if !address.as_str().starts_with(&inside) {
                    continue;
                }
                let kept = all
                    .range(address.clone()..)
                    .take_while(|(other, _)| other.as_str().starts_with(address.as_str()))
                    .filter(|(other, _)| **other == address || is_inside(other, &address));
                for (address, object) in kept {
                    let place = configuration.places.get(&object_address(frame)).copied();
                    if let Some(place) = place {
                        configuration.places.insert(address.clone(), place);
                    }
                    configuration
                        .objects
                        .insert(address.clone(), object.clone());
                }
            }
        }
    }

    /// Reports references of ignored attributes to what is not there any more.
    pub(super) fn check_kept(&self, configuration: &Configuration) {
        for (address, attribute) in self.kept.take() {
            let Some(object) = configuration.objects.get(&address) else {
                continue;
            };
            for (_, target) in object.references(&attribute) {
                if configuration.objects.contains_key(&target) {
                    continue;
                }
                let mut diagnostic = Diagnostic::error(
                    "Ignored change leaves a dangling reference",
                    format!(
                        "Changes of `{attribute}` are ignored, so that it still refers to `{target}`, which is not in the configuration any more. Keep that object, or do not ignore this attribute."
                    ),
                )
                .about(address.to_string());
                diagnostic.span = configuration.places.get(&address).copied();
                self.report(diagnostic);
            }
        }
    }

    fn note_kept(&self, frame: &Frame<'m>, attribute: &'static str) {
        self.kept
            .borrow_mut()
            .push((object_address(frame), Arc::from(attribute)));
    }
}

fn object_address(frame: &Frame<'_>) -> Address {
    Address::new(frame.address.clone())
}

fn is_inside(address: &Address, outer: &Address) -> bool {
    address
        .as_str()
        .strip_prefix(outer.as_str())
        .is_some_and(|rest| rest.starts_with('.'))
}

/// A collection with one element as another one has it: its value, or that it is not there. `None` if the elements are not
/// known.
fn with_element(value: Value, kept: Option<&Value>, element: &Element) -> Option<Value> {
    let sensitive = matches!(value, Value::Sensitive(_));
    let (value, _) = value.unmark();
    let kept = kept.map(Value::unmarked);
    if matches!(value, Value::Deferred(_)) || matches!(kept, Some(Value::Deferred(_))) {
        return None;
    }
    let merged = match (element, value) {
        (Element::Key(key), value) => {
            let unset = value == Value::NULL;
            let object = matches!(value, Value::Object(_));
            let mut entries: BTreeMap<Arc<str>, Value> = match value {
                Value::Map(entries) | Value::Object(entries) => entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect(),
                Value::Null(_) => BTreeMap::new(),
                other => return Some(other.mark(sensitive)),
            };
            match kept {
                Some(Value::Map(old) | Value::Object(old)) if old.contains_key(key) => {
                    entries.extend(old.get(key).map(|old| (key.clone(), old.clone())));
                }
                _ => {
                    entries.remove(key);
                }
            }
            match (unset && entries.is_empty(), object) {
                (true, _) => Value::NULL,
                (false, true) => Value::Object(Arc::new(entries.into())),
                (false, false) => Value::Map(Arc::new(entries.into())),
            }
        }
        (Element::Index(index), Value::List(items)) => {
            Value::List(Arc::new(with_item(&items, kept, *index).into()))
        }
        (Element::Index(index), Value::Tuple(items)) => {
            Value::Tuple(Arc::new(with_item(&items, kept, *index).into()))
        }
        (_, other) => other,
    };
    Some(merged.mark(sensitive))
}

/// A list with one item as another list has it, if both have it.
fn with_item(items: &[Value], kept: Option<&Value>, index: usize) -> Vec<Value> {
    let mut items = items.to_vec();
    if let (Some(item), Some(Value::List(old) | Value::Tuple(old))) = (items.get_mut(index), kept)
        && let Some(old) = old.get(index)
    {
        item.clone_from(old);
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::print;
    use crate::objects::kind::Kind;
    use crate::objects::registry;

    /// What is ignored, and what is wrong with it.
    fn decoded(text: &str) -> (String, Vec<String>) {
        let mut diagnostics = Diagnostics::new();
        let expr = parse_expression(FileId(0), text, &mut diagnostics).unwrap();
        let object_type = registry::find(Kind::Activity, "shell_command").unwrap();
        let ignored = Ignored::decode(&expr, object_type, &mut diagnostics);
        let text = match ignored {
            Ignored::Nothing => "nothing".to_owned(),
            Ignored::All => "all".to_owned(),
            Ignored::These(parts) => {
                let part = |part: &Part| match &part.element {
                    None => part.attribute.to_owned(),
                    Some(Element::Key(key)) => format!("{}[\"{key}\"]", part.attribute),
                    Some(Element::Index(index)) => format!("{}[{index}]", part.attribute),
                };
                parts.iter().map(part).collect::<Vec<_>>().join(" ")
            }
        };
        let findings = diagnostics.iter().map(|found| {
            let help = found.help.iter().map(|help| format!(" {help}"));
            format!("{}{}", found.detail, help.collect::<String>())
        });
        (text, findings.collect())
    }

    #[test]
    fn names_of_attributes_and_elements_are_read() {
        for (text, expected) in [
            ("all", "all"),
            ("[]", ""),
            ("[command, schedule]", "command schedule"),
            (
                "[environment[\"A\"], environment.B, script_argument[1], script_argument.0]",
                "environment[\"A\"] environment[\"B\"] script_argument[1] script_argument[0]",
            ),
        ] {
            assert_eq!(decoded(text), (expected.to_owned(), Vec::new()), "{text}");
        }
        let (ignored, warnings) = decoded("[\"environment[\\\"A\\\"]\"]");
        assert_eq!(ignored, "environment[\"A\"]");
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn what_is_no_attribute_is_said() {
        for (text, expected) in [
            ("[comand]", "Did you mean `command`?"),
            ("[maximumRetries]", "Here it is called `max_retries`."),
            ("[all]", "`all` stands alone: `ignore_changes = all`."),
            ("[for_each]", "has no attribute `for_each`"),
            ("\"all\"", "or `all`, without quotes"),
            ("command", "is a list of attributes"),
            ("[command.x]", "`command` has no such elements"),
            ("[environment[var.x]]", "is written out here"),
            ("[environment.A.B]", "not the name of an attribute"),
            ("[\"1 +\"]", "not the name of an attribute"),
            ("[\"\"]", "not the name of an attribute"),
            ("[command()]", "not the name of an attribute"),
        ] {
            let (_, findings) = decoded(text);
            let [finding] = findings.as_slice() else {
                panic!("{text}: {findings:?}");
            };
            assert!(finding.contains(expected), "{text}: {finding}");
        }
    }

    fn value(text: &str) -> Value {
        let expr = parse_expression(FileId(0), text, &mut Diagnostics::new()).unwrap();
        match expr.kind {
            ExprKind::Value(value) => value,
            ExprKind::Tuple(items) => Value::List(Arc::new(
                items
                    .iter()
                    .map(|item| value(&print::expression(item)))
                    .collect(),
            )),
            ExprKind::Object(entries) => Value::Map(Arc::new(
                entries
                    .iter()
                    .map(|(key, item)| {
                        let key = print::expression(key).trim_matches(['"', '(', ')']).into();
                        (key, value(&print::expression(item)))
                    })
                    .collect(),
            )),
            _ => Value::Deferred(Arc::new(expr)),
        }
    }

    #[test]
    fn an_element_is_as_it_was_and_the_others_are_as_configured() {
        let key = Element::Key("a".into());
        for (configured, kept, element, expected) in [
            (
                "{ a = 1, b = 1 }",
                "{ a = 2, b = 2 }",
                &key,
                "{ a = 2, b = 1 }",
            ),
            ("{ b = 1 }", "{ a = 2 }", &key, "{ a = 2, b = 1 }"),
            ("{ a = 1, b = 1 }", "{ b = 2 }", &key, "{ b = 1 }"),
            ("{ a = 1 }", "null", &key, "{}"),
            ("null", "{ a = 2 }", &key, "{ a = 2 }"),
            ("null", "{ b = 2 }", &key, "null"),
            ("[1, 1]", "[2, 2]", &Element::Index(1), "[1, 2]"),
            ("[1]", "[2, 2]", &Element::Index(1), "[1]"),
            ("[1, 1]", "[2]", &Element::Index(1), "[1, 1]"),
        ] {
            let merged = with_element(value(configured), Some(&value(kept)), element).unwrap();
            let expected = print::value(&value(expected));
            assert_eq!(print::value(&merged), expected, "{configured} {kept}");
        }
        assert_eq!(
            with_element(value("run.x"), Some(&value("{ a = 1 }")), &key),
            None
        );
        assert_eq!(
            with_element(value("{ a = 1 }"), Some(&value("run.x")), &key),
            None
        );
    }
}
