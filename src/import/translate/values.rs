//! Fields as values of attributes, in the spelling that they have here.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::formula;
use super::formula::Formula;
use super::formula::Gives;
use super::hcl;
use super::names;
use super::names::Names;
use super::names::Secrets;
use super::notes;
use super::objects::Objects;
use super::objects::Written;
use super::shell;
use super::shell::Secret;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::import::expression;
use crate::import::expression::Template;
use crate::lang::Number;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::lang::references;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;
use crate::objects::Aws;
use crate::objects::Default;
use crate::objects::Kind;

impl<'d> Objects<'_, 'd> {
    /// The value of an attribute.
    pub(super) fn attribute(
        &mut self,
        object: &'d Object,
        key: &str,
        schema: &AttributeSchema,
        fields: &[&'d Field],
    ) -> Option<Written> {
        let first = *fields.first()?;
        match schema.value {
            AttributeType::Ref(kind)
            | AttributeType::Refs(kind)
            | AttributeType::NamedRefs(kind) => {
                return self.references(object, key, Some(kind), schema, fields);
            }
            AttributeType::DependsOn => {
                return self.references(object, key, Some(Kind::Activity), schema, fields);
            }
            AttributeType::Block(_) | AttributeType::Blocks(_) => {
                let blocks = self.blocks(object, key, schema, fields, 0);
                return Some(Written::Blocks(blocks));
            }
            _ => {}
        }
        if let Aws::Pairs(_) = schema.aws {
            return self.pairs(object, key, fields).map(Written::Value);
        }
        if matches!(
            schema.value,
            AttributeType::Strings | AttributeType::Assignments
        ) {
            return Some(Written::Value(self.list(object, key, fields)));
        }
        if fields.len() > 1 {
            let finding = notes::one_value(key, &object.id, first.span);
            self.found.push(finding);
        }
        let FieldValue::Text(text) = &first.value else {
            let finding = notes::wrong_kind(&object.id, key, &object.id, first.span);
            self.found.push(finding);
            return None;
        };
        if let Some(secret) = self.secret_in_clear(object, key, text, first) {
            return Some(Written::Value(secret));
        }
        let mut formula = self.formula(object, key, text, first);
        // An attribute that is null is not set: it need not be an empty text, unless there must be one.
        let null = hcl::may_be_null(&formula.expr)
            .filter(|_| schema.default != Default::Required)
            .cloned();
        if let Some(read) = null {
            formula.expr = read.clone();
            let value = self.typed(object, key, schema, formula, first)?;
            return Some(Written::Value(match &value.kind {
                ExprKind::Get(..) => value,
                _ => hcl::or(&read, hcl::value(Value::NULL), value),
            }));
        }
        if key == names::DIRECTORY {
            formula.expr = directory(formula.expr);
        } else if schema
            .aws_fields()
            .iter()
            .any(|other| other == names::DIRECTORY)
            && text.ends_with('/')
        {
            let finding = notes::file_with_slash(key, &object.id, first.span);
            self.found.push(finding);
        }
        let value = self.typed(object, key, schema, formula, first)?;
        let named = self.index.named(&object.id);
        let owner = named.map_or(("", object.id.as_str()), |named| {
            (named.object_type.name, named.label.as_str())
        });
        Some(Written::Value(self.scripts.apart(
            owner,
            schema.name,
            value,
        )))
    }

    /// Where the value of a hidden field is read from that stands in the definition, or a part of which does.
    fn secret_in_clear(
        &mut self,
        object: &Object,
        key: &str,
        text: &str,
        field: &Field,
    ) -> Option<Expr> {
        let in_clear = |part: &expression::Part| matches!(part, expression::Part::Text(_));
        if !key.starts_with('*') || !expression::parse_all(text).0.parts.iter().any(in_clear) {
            return None;
        }
        let label = self.index.label(object);
        let name = format!("{label}_{}", key.trim_start_matches('*'));
        let place = self.secrets.of([&object.id, key, text], &name);
        let kept = text.strip_prefix("{{resolve:");
        let kept = kept.and_then(|rest| rest.strip_suffix("}}"));
        self.found.push(match kept {
            Some(kept) => notes::secret_elsewhere(key, &object.id, kept, &place, field.span),
            None => notes::secret_text(key, &object.id, &place, field.span),
        });
        Some(hcl::call("secret", vec![hcl::text(&place)]))
    }

    /// A text as a value of the attribute's type.
    fn typed(
        &mut self,
        object: &Object,
        key: &str,
        schema: &AttributeSchema,
        formula: Formula,
        field: &Field,
    ) -> Option<Expr> {
        let plain = match &formula.expr.kind {
            ExprKind::Value(Value::String(text)) => Some(text.to_string()),
            _ => None,
        };
        let Some(text) = plain else {
            return Some(self.computed(object, key, schema, formula, field));
        };
        let trimmed = text.trim();
        match schema.value {
            AttributeType::Bool => match trimmed.to_lowercase().as_str() {
                "true" => Some(hcl::value(Value::Bool(true))),
                "false" => Some(hcl::value(Value::Bool(false))),
                _ => {
                    let words = ["true", "false"];
                    let finding = notes::wrong_word(key, &object.id, &text, &words, field.span);
                    self.found.push(finding);
                    None
                }
            },
            AttributeType::Integer(_) | AttributeType::Number(..) => Some(
                Number::parse(trimmed)
                    .or_else(|| Number::parse(&format!("0.{}", trimmed.strip_prefix('.')?)))
                    .map_or(formula.expr, |number| hcl::value(Value::Number(number))),
            ),
            AttributeType::OneOf(words) => {
                let word = schema.word_of_aws(trimmed);
                if word.is_none() {
                    let finding = notes::wrong_word(key, &object.id, &text, words, field.span);
                    self.found.push(finding);
                }
                word.map(hcl::text)
            }
            AttributeType::Price(_) => {
                Some(hcl::text(schema.word_of_aws(trimmed).unwrap_or(trimmed)))
            }
            AttributeType::Duration | AttributeType::Period => {
                let is_number = trimmed.bytes().all(|sign| sign.is_ascii_digit());
                if is_number && !trimmed.is_empty() && key != "terminateAfter" {
                    let finding = notes::without_unit(key, &object.id, trimmed, field.span);
                    self.found.push(finding);
                }
                Some(hcl::text(&period(trimmed)))
            }
            AttributeType::DateTime => {
                if let Some(time) = time_of_call(trimmed) {
                    return Some(hcl::text(&time));
                }
                let whole = whole_seconds(trimmed);
                if whole.is_some() {
                    let finding = notes::parts_of_second(key, &object.id, field.span);
                    self.found.push(finding);
                }
                Some(whole.map_or(formula.expr, |whole| hcl::text(&whole)))
            }
            _ => Some(formula.expr),
        }
    }

    /// A value that is computed, in the spelling of the attribute.
    fn computed(
        &mut self,
        object: &Object,
        key: &str,
        schema: &AttributeSchema,
        formula: Formula,
        field: &Field,
    ) -> Expr {
        let (mut expr, mut gives) = (formula.expr, formula.gives);
        if let Gives::List(inner) = gives {
            let finding = notes::one_value(key, &object.id, field.span);
            self.found.push(finding);
            (expr, gives) = (hcl::index(expr, hcl::integer(0)), *inner);
        }
        let is_number = matches!(gives, Gives::Integer | Gives::Double);
        match schema.value {
            AttributeType::Duration | AttributeType::Period => {
                let known = self.known(field).unwrap_or_default();
                let digits = |text: &str| text.bytes().all(|sign| sign.is_ascii_digit());
                if is_number || known.first().is_some_and(|text| digits(text.trim())) {
                    return hcl::joined([expr, hcl::text(" hours")]);
                }
                lower(expr)
            }
            AttributeType::Bool => lower(expr),
            AttributeType::OneOf(words) => {
                let theirs = words.iter().map(|word| {
                    let theirs = schema.aws_word(word).unwrap_or(word);
                    (theirs.to_lowercase(), *word)
                });
                let theirs: Vec<(String, &str)> = theirs.collect();
                if theirs.iter().all(|(theirs, word)| theirs == word) {
                    return lower(expr);
                }
                let entries = theirs.iter();
                let entries = entries.map(|(theirs, word)| (hcl::text(theirs), hcl::text(word)));
                hcl::index(hcl::object(entries.collect()), lower(expr))
            }
            _ => expr,
        }
    }

    /// The values of the only parameter that a field is, as far as they are known: `#{myPeriod}`.
    pub(super) fn known(&self, field: &Field) -> Option<Vec<&'d str>> {
        let FieldValue::Text(text) = &field.value else {
            return None;
        };
        let name = text.trim().strip_prefix("#{")?.strip_suffix('}')?.trim();
        self.variables.get(name)?;
        Some(self.index.known(name))
    }

    /// The text of a field as a formula. What has no translation stays text, with a warning.
    pub(super) fn formula(
        &mut self,
        object: &'d Object,
        key: &str,
        text: &str,
        field: &Field,
    ) -> Formula {
        let object_type = self.index.named(&object.id).map(|named| named.object_type);
        let attribute = object_type.and_then(|of| of.of_aws_field(key));
        let has_environment = object_type.is_some_and(|of| of.attribute("environment").is_some());
        let read = RefCell::default();
        let secrets = match attribute {
            Some(attribute) if attribute.secret || attribute.sensitive => Secrets::Stay,
            // Of a part, which is no object here.
            None if key.starts_with('*') => Secrets::Stay,
            Some(attribute) if attribute.name == "command" && has_environment => {
                Secrets::ToEnvironment(&read)
            }
            _ => Secrets::None,
        };
        let is_text = attribute.is_none_or(|attribute| {
            !matches!(
                attribute.value,
                AttributeType::Integer(_) | AttributeType::Number(..) | AttributeType::Price(_)
            )
        });
        let mut names = Names {
            index: self.index,
            variables: self.variables,
            locals: self.locals,
            object,
            key,
            secrets,
            depth: 0,
        };
        let (mut template, errors) = expression::parse_all(text);
        let mut why: Vec<String> = errors.into_iter().map(|error| error.message).collect();
        // Each by itself first, so that many that fail take no longer than others.
        let expressions = template.parts.iter().filter_map(|part| match part {
            expression::Part::Expression(_) => Some(Template {
                parts: vec![part.clone()],
            }),
            expression::Part::Text(_) => None,
        });
        let failed: Vec<_> = expressions
            .filter_map(|one| formula::translate(&one, &mut names).err())
            .collect();
        read.take();
        for error in failed {
            template.leave_as_text(&error.at, text);
            why.push(error.message);
        }
        let formula = loop {
            match formula::translate(&template, &mut names) {
                Ok(formula) => break formula,
                Err(error) => {
                    let is_text = template.leave_as_text(&error.at, text);
                    why.push(error.message);
                    if !is_text {
                        read.take();
                        break Formula::text(text);
                    }
                }
            }
        };
        if is_text && formula::has_points(&template, &mut names) {
            self.found.push(notes::pointed(key, &object.id, field.span));
        }
        let is_in_path = |word: &str| word.contains("@pipelineId") && word.contains('/');
        if text
            .split([' ', '\t', '\n', ',', '"', '\''])
            .any(is_in_path)
        {
            let finding = notes::another_place(key, &object.id, field.span);
            self.found.push(finding);
        }
        let secrets = read.take();
        self.stays_text(object, key, &why, field);
        self.with_secrets(object, key, formula, &secrets, field)
    }

    /// Says why expressions in a field stay text, each reason once.
    fn stays_text(&mut self, object: &'d Object, key: &str, why: &[String], field: &Field) {
        let mut said = BTreeSet::new();
        for why in why {
            if said.insert(why) {
                let finding = notes::untranslated(key, &object.id, why, field.span);
                self.found.push(finding);
            }
            self.kept_as_text.insert(&object.id);
        }
    }

    /// A command that reads these secrets from its environment.
    fn with_secrets(
        &mut self,
        object: &Object,
        key: &str,
        formula: Formula,
        secrets: &[Secret],
        field: &Field,
    ) -> Formula {
        if secrets.is_empty() {
            return formula;
        }
        let has_quotes = |expr: &Expr| self.has_quotes(expr);
        let Some(command) = shell::with_secrets(&formula.expr, secrets, &has_quotes) else {
            let why = "A secret in it is in a list, or in what is computed.";
            let finding = notes::untranslated(key, &object.id, why, field.span);
            self.found.push(finding);
            let text = match &field.value {
                FieldValue::Text(text) => text,
                FieldValue::Reference(id) => id,
            };
            return Formula::text(text);
        };
        for id in &command.closed {
            let finding = notes::in_quoted_document(id, key, &object.id, field.span);
            self.found.push(finding);
        }
        for id in &command.unsure {
            let finding = notes::in_unsure_place(id, key, &object.id, field.span);
            self.found.push(finding);
        }
        for id in &command.behind_quotes {
            let finding = notes::behind_quotes(id, key, &object.id, field.span);
            self.found.push(finding);
        }
        self.environment.extend(command.environment);
        Formula::new(command.expr, formula.gives)
    }

    /// Whether a value of a variable that is read has quotes in it, as far as is known.
    fn has_quotes(&self, expr: &Expr) -> bool {
        references(expr).iter().any(|path| {
            let [root, name, ..] = path.as_slice() else {
                return false;
            };
            let mut variables = self.variables.iter();
            let id = variables.find(|(_, variable)| variable.name == *name.name);
            let known = id.map(|(id, _)| self.index.known(id)).unwrap_or_default();
            let quotes = ['\'', '"', '`', '\\'];
            &*root.name == "var" && known.iter().any(|text| text.contains(quotes))
        })
    }

    /// A list of texts. Where one of them gives a list, its elements are elements.
    fn list(&mut self, object: &'d Object, key: &str, fields: &[&'d Field]) -> Expr {
        for field in fields {
            if matches!(field.value, FieldValue::Reference(_)) {
                let finding = notes::wrong_kind(&object.id, key, &object.id, field.span);
                self.found.push(finding);
            }
        }
        let texts: Vec<(&str, &Field)> = fields
            .iter()
            .filter_map(|field| match &field.value {
                FieldValue::Text(text) => Some((text.as_str(), *field)),
                FieldValue::Reference(_) => None,
            })
            .collect();
        let formulas: Vec<Formula> = texts
            .iter()
            .map(|(text, field)| self.formula(object, key, text, field))
            .collect();
        flattened(formulas)
    }
}

/// In small letters, as words and periods are written here. In a text that is made of parts only the text itself: what else is in it
/// is a number.
fn lower(expr: Expr) -> Expr {
    match expr.kind {
        ExprKind::Template(parts) => {
            let parts = parts.iter().map(|part| match part {
                Part::Literal(text) => Part::Literal(Arc::from(text.to_lowercase())),
                other => other.clone(),
            });
            Expr {
                kind: ExprKind::Template(Arc::new(parts.collect())),
                span: expr.span,
            }
        }
        _ => hcl::call("lower", vec![expr]),
    }
}

/// A length of time as it is written here: `1 day`, `2 hours`. A number alone counts hours, as `terminateAfter` did once.
fn period(text: &str) -> String {
    let text = text.to_lowercase();
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(count), None, None) if count.bytes().all(|sign| sign.is_ascii_digit()) => {
            format!("{count} {}", if count == "1" { "hour" } else { "hours" })
        }
        (Some("1"), Some(unit), None) => format!("1 {}", unit.trim_end_matches('s')),
        (Some(count), Some(unit), None) => format!("{count} {}s", unit.trim_end_matches('s')),
        _ => text,
    }
}

/// A time without its parts of a second, if it has some.
fn whole_seconds(time: &str) -> Option<String> {
    let (before, after) = time.split_once('.')?;
    let behind = after.trim_start_matches(|sign: char| sign.is_ascii_digit());
    Some(format!("{before}{behind}"))
}

/// The time that a call gives which stands without `#{…}`, as the service once took it: `makeDate(2011, 5, 24)`.
fn time_of_call(text: &str) -> Option<String> {
    struct Nothing;
    impl expression::Names for Nothing {
        fn value(&mut self, _: Option<&str>, name: &str) -> Result<expression::Value, String> {
            Err(name.to_owned())
        }
    }
    let template = expression::parse(&format!("#{{{text}}}")).ok()?;
    match expression::evaluate(&template, &mut Nothing).ok()? {
        time @ expression::Value::Time(_) => Some(time.to_string()),
        _ => None,
    }
}

/// A path that ends with `/`: that is how a directory is told from a file.
fn directory(path: Expr) -> Expr {
    let last = match &path.kind {
        ExprKind::Template(parts) => parts.last().cloned(),
        ExprKind::Value(Value::String(text)) => Some(Part::Literal(Arc::clone(text))),
        _ => Some(Part::Interpolation(path.clone())),
    };
    let has_slash = match last {
        Some(Part::Literal(text)) => Some(text.ends_with('/')),
        // A day's folder has no slash at its end; the value of a variable may.
        Some(Part::Interpolation(last)) if is_only_of_run(&last) => Some(false),
        _ => None,
    };
    match has_slash {
        Some(true) => path,
        Some(false) => hcl::joined([path, hcl::text("/")]),
        None => {
            let without = hcl::call("trimsuffix", vec![path, hcl::text("/")]);
            hcl::joined([without, hcl::text("/")])
        }
    }
}

/// Whether an expression reads what only a run knows, and nothing else.
fn is_only_of_run(expr: &Expr) -> bool {
    let read = references(expr);
    let is_run = |path: &Vec<Step>| path.first().is_some_and(|root| &*root.name == "run");
    !read.is_empty() && read.iter().all(is_run)
}

/// One list of all.
pub(super) fn flattened(formulas: Vec<Formula>) -> Expr {
    let is_list = |formula: &Formula| matches!(formula.gives, Gives::List(_));
    let any = formulas.iter().any(is_list);
    let mut exprs: Vec<Expr> = formulas.into_iter().map(|formula| formula.expr).collect();
    match (any, exprs.len()) {
        (true, 1) => exprs.remove(0),
        (true, _) => hcl::call("flatten", vec![hcl::tuple(exprs)]),
        (false, _) => hcl::tuple(exprs),
    }
}
