//! What the names in expressions mean here.

use std::cell::RefCell;

use indexmap::IndexMap;

use super::completed;
use super::formula;
use super::formula::Formula;
use super::formula::Gives;
use super::hcl;
use super::index::Index;
use super::index::Named;
use super::locals::Locals;
use super::parameters::Variable;
use super::shell;
use super::shell::Secret;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::import::expression;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::objects::AttributeType;
use crate::objects::Kind;
use crate::objects::configuration::misfit;
use crate::objects::registry;

/// The object that an action or a precondition serves, as an id.
const NODE: &str = "\u{0}node";

/// The field that says of a path that it is a directory.
pub(super) const DIRECTORY: &str = "directoryPath";

/// What that object reads and writes, as ids.
const NODE_DATA: [(&str, &str); 2] = [("input", "\u{0}node.input"), ("output", "\u{0}node.output")];

/// How deep fields may be made of other fields.
const MAX_DEPTH: usize = 16;

/// The names in a field of an object.
pub(super) struct Names<'a, 'd> {
    pub(super) index: &'a Index<'d>,
    pub(super) variables: &'a IndexMap<String, Variable>,
    pub(super) locals: &'a Locals<'d>,
    /// The object whose field it is.
    pub(super) object: &'d Object,
    /// The field.
    pub(super) key: &'a str,
    pub(super) secrets: Secrets<'a>,
    pub(super) depth: usize,
}

/// What becomes of a secret that a field reads.
#[derive(Clone, Copy)]
pub(super) enum Secrets<'a> {
    /// It stands there: nobody sees the value.
    Stay,
    /// The command reads it from its environment; it is collected here, and marked in the text.
    ToEnvironment(&'a RefCell<Vec<Secret>>),
    /// It would be seen.
    None,
}

impl<'d> Names<'_, 'd> {
    /// A field of an object as a formula of the object whose field is translated: read where it is an attribute there, else
    /// written out.
    fn field(&self, of: &'d Object, key: &str) -> Result<Formula, String> {
        let Some((holder, fields)) = self.index.field(of, key) else {
            return Err(format!("`{}` has no field `{key}`.", of.id));
        };
        let references: Vec<&str> = fields
            .iter()
            .filter_map(|field| match &field.value {
                FieldValue::Reference(to) => Some(to.as_str()),
                FieldValue::Text(_) => None,
            })
            .collect();
        match references.as_slice() {
            [] => {}
            [one] => return Ok(reference(one)),
            several => {
                let first = several.first().copied().unwrap_or("");
                let list = Gives::List(Box::new(Gives::Reference(first.to_owned())));
                return Ok(Formula::new(hcl::text(first), list));
            }
        }
        let named = self.index.named(&of.id);
        let is_own = of.id == self.object.id;
        let is_default = holder.id == super::index::DEFAULT;
        if let Some(named) = named
            && !(is_own && (key == self.key || is_default))
            && let Some(attribute) = named.object_type.of_aws_field(key)
            && let Some(gives) = gives(attribute.value)
        {
            let path = if is_own {
                "self".to_owned()
            } else {
                path(named)
            };
            let of_pipeline = is_default && is_on_pipelines(attribute.name);
            let reads = is_own || (!named.name.is_empty() && !of_pipeline);
            let same_times = is_own || !attribute.deferrable || self.has_times_of(of);
            // What another object has in its environment is not in that of this one.
            if !is_own && self.reads_secret(of, key, 0) {
                return self.written_out(of, &fields, key);
            }
            if !is_own
                && matches!(
                    attribute.value,
                    AttributeType::Integer(_) | AttributeType::Number(..)
                )
            {
                // One that is no number is not set there.
                let written = self.written_out(of, &fields, key)?;
                let fits = match &written.expr.kind {
                    ExprKind::Value(value) => misfit(attribute, value).is_none(),
                    _ => true,
                };
                if !fits {
                    return Ok(written);
                }
            }
            if reads && same_times && !is_secret(key) {
                let read = hcl::path(&format!("{path}.{}", attribute.name));
                return Ok(Formula::new(as_it_was(read, key, &fields), gives));
            }
            if reads && !same_times {
                return Err(format!(
                    "`{}` has another schedule, so that its `{key}` is not that of the same interval; read it from `run.inputs`.",
                    of.id
                ));
            }
        }
        self.written_out(of, &fields, key)
    }

    /// Whether a field is made of a secret.
    fn reads_secret(&self, of: &'d Object, key: &str, depth: usize) -> bool {
        let fields = self.index.field(of, key).map(|(_, fields)| fields);
        let names = fields.into_iter().flatten().flat_map(completed::names_in);
        names.into_iter().any(|name| {
            let variable = self.variables.get(&name);
            name.starts_with('*')
                || variable.is_some_and(|variable| variable.is_secret)
                || (depth < MAX_DEPTH && name != key && self.reads_secret(of, &name, depth + 1))
        })
    }

    /// Whether an object has the intervals of the one whose field is translated.
    fn has_times_of(&self, of: &'d Object) -> bool {
        let schedule = |object| self.index.reference(object, "schedule");
        let ours = self.index.named(&self.object.id);
        let serves = ours.is_some_and(|named| {
            matches!(named.object_type.kind, Kind::Action | Kind::Precondition)
        });
        !serves && schedule(of) == schedule(self.object)
    }

    fn written_out(
        &self,
        of: &'d Object,
        fields: &[&'d Field],
        key: &str,
    ) -> Result<Formula, String> {
        if self.depth >= MAX_DEPTH {
            return Err(format!("`{key}` of `{}` is made of itself.", of.id));
        }
        let mut values = Vec::new();
        for field in fields {
            let FieldValue::Text(text) = &field.value else {
                continue;
            };
            let template = expression::parse(text).map_err(|error| error.message)?;
            let in_clear = |part: &expression::Part| matches!(part, expression::Part::Text(_));
            if is_secret(key) && template.parts.iter().any(in_clear) {
                return Err(format!(
                    "`{key}` of `{}` is hidden, and would stand here in clear.",
                    of.id
                ));
            }
            let mut inner = Names {
                index: self.index,
                variables: self.variables,
                locals: self.locals,
                object: self.object,
                key: self.key,
                secrets: self.secrets,
                depth: self.depth + 1,
            };
            // Names in it are those of the object that it is written out of.
            let mut of_it = Within {
                names: &mut inner,
                of,
            };
            values.push(formula::translate(&template, &mut of_it).map_err(|error| error.message)?);
        }
        if values.len() == 1 {
            return Ok(values.remove(0));
        }
        let gives = values
            .first()
            .map_or(Gives::Text, |value| value.gives.clone());
        let list = hcl::tuple(values.into_iter().map(|value| value.expr).collect());
        Ok(Formula::new(list, Gives::List(Box::new(gives))))
    }

    fn meaning_in(&self, of: &'d Object, name: &str) -> Result<Formula, String> {
        match name {
            "id" => return Ok(Formula::text(&of.id)),
            "name" => return Ok(Formula::text(of.name.as_deref().unwrap_or(&of.id))),
            "parent" => return Ok(reference(&of.id)),
            "node" if of.id == self.object.id && self.serves() => return Ok(reference(NODE)),
            _ => {}
        }
        if name.starts_with('@') {
            return if of.id == self.object.id {
                Self::runtime(name, "run")
            } else {
                Err(format!(
                    "`{name}` of another object is not known when an instance runs."
                ))
            };
        }
        if self.index.field(of, name).is_some() {
            return self.field(of, name);
        }
        if let Some(computed) = self.locals.value(name) {
            return Ok(computed);
        }
        let Some(variable) = self.variables.get(name) else {
            return Err(format!(
                "`{}` has no field `{name}`, and there is no parameter of this name.",
                of.id
            ));
        };
        if !variable.is_secret {
            return Ok(variable.read());
        }
        let path = hcl::path(&format!("var.{}", variable.name));
        let secret = hcl::call("secret", vec![path]);
        match self.secrets {
            Secrets::Stay => Ok(Formula::new(secret, Gives::Text)),
            Secrets::ToEnvironment(secrets) => {
                let mut secrets = secrets.borrow_mut();
                let known = secrets.iter().position(|known| known.id == name);
                let number = known.unwrap_or(secrets.len());
                if number == secrets.len() {
                    secrets.push(Secret {
                        id: name.to_owned(),
                        name: variable.name.clone(),
                        value: secret,
                    });
                }
                Ok(Formula::text(&shell::mark(number)))
            }
            Secrets::None => Err(format!(
                "The secret `{name}` would be seen here, in plans, logs or the list of processes."
            )),
        }
    }

    /// Whether the object serves others: only in actions and preconditions is there a `node`.
    fn serves(&self) -> bool {
        let named = self.index.named(&self.object.id);
        named.is_some_and(|named| {
            matches!(named.object_type.kind, Kind::Action | Kind::Precondition)
        })
    }

    /// What the service sets when an instance runs.
    fn runtime(name: &str, run: &str) -> Result<Formula, String> {
        let read =
            |field: &str, gives| Ok(Formula::new(hcl::path(&format!("{run}.{field}")), gives));
        match name {
            "@scheduledStartTime" => read("scheduled_start", Gives::Time(None)),
            "@scheduledEndTime" => read("scheduled_end", Gives::Time(None)),
            "@actualStartTime" => read("actual_start", Gives::Time(None)),
            "@pipelineId" => read("pipeline", Gives::Text),
            "@id" => read("id", Gives::Text),
            "@attemptCount" => read("attempt", Gives::Integer),
            "@status" if run != "run" => read("status", Gives::Text),
            "@failureReason" | "errorMessage" if run != "run" => read("error", Gives::Text),
            _ => Err(format!("`{name}` has nothing like it here.")),
        }
    }

    /// A field of the object that this action or precondition serves.
    fn of_node(&self, name: &str) -> Result<Formula, String> {
        let run = "run.node";
        if name.starts_with('@') || name == "errorMessage" {
            return Self::runtime(name, run);
        }
        if matches!(name, "id" | "name") {
            return Ok(Formula::new(hcl::path("run.node.object"), Gives::Text));
        }
        if let Some((_, id)) = NODE_DATA.iter().find(|(data, _)| *data == name) {
            return Ok(reference(id));
        }
        let served = self.index.served(&self.object.id);
        let read: Vec<_> = served
            .iter()
            .filter_map(|object| self.readable(object, name))
            .collect();
        if let Some(first) = read.first() {
            let all = read.len() == served.len();
            return Ok(first.formula(run, name, all));
        }
        // What is none of the attributes here is written out, if it is the same for all.
        let said = |object: &'d Object| {
            let (_, fields) = self.index.field(object, name)?;
            Some(
                fields
                    .into_iter()
                    .map(|field| &field.value)
                    .collect::<Vec<_>>(),
            )
        };
        match served.split_first() {
            Some((first, rest))
                if said(first).is_some() && rest.iter().all(|other| said(other) == said(first)) =>
            {
                self.field(first, name)
            }
            _ => Err(format!(
                "`node.{name}` is none of the attributes of what uses this object."
            )),
        }
    }

    /// A field of what the served object reads or writes: `node.input.directoryPath`.
    fn of_data(&self, data: &str, name: &str) -> Result<Formula, String> {
        let served = self.index.served(&self.object.id);
        let read: Vec<_> = served
            .iter()
            .filter_map(|object| {
                let to = self.index.object(self.index.reference(object, data)?)?;
                self.readable(to, name)
            })
            .collect();
        let first = read.first().ok_or_else(|| {
            format!("`node.{data}.{name}` is none of the attributes of what uses this object.")
        })?;
        let all = read.len() == served.len();
        Ok(first.formula(&format!("run.node.{data}"), name, all))
    }

    /// A field of an object that is an attribute of it here, and is set on it: what it has from its pipeline is not there to be read.
    fn readable(&self, object: &'d Object, name: &str) -> Option<Readable<'d>> {
        let object_type = self.index.named(&object.id)?.object_type;
        let attribute = object_type.of_aws_field(name)?;
        let (holder, fields) = self.index.field(object, name)?;
        let gives = gives(attribute.value)?;
        let of_pipeline = holder.id == super::index::DEFAULT && is_on_pipelines(attribute.name);
        (!of_pipeline && !self.reads_secret(object, name, 0)).then_some(Readable {
            attribute: attribute.name,
            gives,
            fields,
        })
    }
}

/// A field that is read as an attribute.
struct Readable<'d> {
    attribute: &'static str,
    gives: Gives,
    fields: Vec<&'d Field>,
}

impl Readable<'_> {
    /// It as a formula; where not all objects have it, the others give an empty text.
    fn formula(&self, of: &str, key: &str, all: bool) -> Formula {
        let mut read = hcl::path(&format!("{of}.{}", self.attribute));
        if !all {
            read = hcl::call("try", vec![read, hcl::text("")]);
        }
        Formula::new(as_it_was(read, key, &self.fields), self.gives.clone())
    }
}

/// Whether an attribute may be set on a pipeline, which hands it on.
pub(super) fn is_on_pipelines(attribute: &str) -> bool {
    let pipeline = registry::find(Kind::Pipeline, "");
    pipeline.is_some_and(|pipeline| pipeline.attribute(attribute).is_some())
}

/// What is read of a directory: its path ends with `/` here, and need not in AWS Data Pipeline.
fn as_it_was(read: Expr, key: &str, fields: &[&Field]) -> Expr {
    let has_slash = fields
        .iter()
        .any(|field| matches!(&field.value, FieldValue::Text(text) if text.ends_with('/')));
    if key == DIRECTORY && !has_slash {
        hcl::call("trimsuffix", vec![read, hcl::text("/")])
    } else {
        read
    }
}

/// Where there is a formula of a secret it is not read through another object.
fn is_secret(key: &str) -> bool {
    key.starts_with('*')
}

fn reference(id: &str) -> Formula {
    Formula::new(hcl::text(id), Gives::Reference(id.to_owned()))
}

/// `data_node.archive`.
pub(super) fn path(named: &Named) -> String {
    format!("{}.{}", named.object_type.kind.as_str(), named.name)
}

/// What an attribute gives that is read; `None` for references and blocks.
fn gives(value: AttributeType) -> Option<Gives> {
    Some(match value {
        AttributeType::Integer(_) => Gives::Integer,
        AttributeType::Number(..) => Gives::Double,
        AttributeType::Strings | AttributeType::Assignments => Gives::List(Box::new(Gives::Text)),
        AttributeType::DateTime => Gives::Start,
        AttributeType::String
        | AttributeType::OneOf(_)
        | AttributeType::Bool
        | AttributeType::Price(_)
        | AttributeType::Duration
        | AttributeType::Period
        | AttributeType::Regex => Gives::Text,
        _ => return None,
    })
}

impl formula::Scope for Names<'_, '_> {
    fn meaning(&mut self, of: Option<&str>, name: &str) -> Result<Formula, String> {
        match of {
            None => self.meaning_in(self.object, name),
            Some(NODE) => self.of_node(name),
            Some(id) if id.starts_with(NODE) => {
                let data = NODE_DATA.iter().find(|(_, of)| *of == id);
                self.of_data(data.map_or("", |(data, _)| data), name)
            }
            // Behind a reference, as in `parent.@id`, it is the id in the definition.
            Some(id) if name == "@id" => Ok(Formula::text(id)),
            Some(id) => {
                let of = self.index.object(id);
                let of = of.ok_or_else(|| format!("There is no object with the id `{id}`."))?;
                self.meaning_in(of, name)
            }
        }
    }
}

/// The names of a field that is written out where another object reads it.
struct Within<'n, 'a, 'd> {
    names: &'n mut Names<'a, 'd>,
    of: &'d Object,
}

impl formula::Scope for Within<'_, '_, '_> {
    fn meaning(&mut self, of: Option<&str>, name: &str) -> Result<Formula, String> {
        match of {
            None if name.starts_with('@') => formula::Scope::meaning(self.names, None, name),
            None => self.names.meaning_in(self.of, name),
            of => formula::Scope::meaning(self.names, of, name),
        }
    }
}
