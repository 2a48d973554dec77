//! The attributes of an object: which it has, which it must have, and their values.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::attribute_names::any;
use super::attribute_names::suggestion;
use super::attribute_names::title;
use super::block_values::first_of;
use super::builder::Asked;
use super::builder::Builder;
use super::builder::Name;
use super::convert;
use super::frames::Frame;
use super::ignore::Ignored;
use super::references;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::Reference;
use crate::lang::Scope as _;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Attribute;
use crate::lang::ast::ExprKind;
use crate::lang::named;
use crate::lang::types::Type;
use crate::objects::address::Address;
use crate::objects::kind::Kind;
use crate::objects::lifecycle::Lifecycle;
use crate::objects::object::Object;
use crate::objects::object::references_in;
use crate::objects::registry;
use crate::objects::run;
use crate::objects::run::Data;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Default;

/// Attributes that say where something is, what is in it, or whether that stays. Whether one is right shows beside other objects, or to
/// those that do the work, so that its place is noted also when its value is known.
const PLACES: [&str; 15] = [
    "path",
    "manifest_file_path",
    "reject_to",
    "script_uri",
    "stdout",
    "stderr",
    "log_uri",
    "s3_key",
    "s3_prefix",
    "topic",
    "url",
    "column",
    "endpoint_url",
    "region",
    "accumulate",
];

impl<'m> Builder<'m> {
    /// All attributes of an object that are set, after reporting unknown and missing ones.
    pub(super) fn attributes(&self, frame: &Rc<Frame<'m>>) -> BTreeMap<Arc<str>, Value> {
        let declaration = self.declaration(frame.id);
        let object_type = declaration.object_type;
        if let Some(block) = declaration.block
            && self.checked.borrow_mut().insert(frame.id)
        {
            self.check_names(frame, block, object_type);
        }
        let mut attributes = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        for schema in object_type.schema() {
            match self.attribute_value(frame, schema) {
                None => {
                    self.note_incomplete(frame, schema.name);
                    unknown.insert(schema.name);
                }
                Some(Value::Null(_)) => {}
                Some(value) => drop(attributes.insert(Arc::from(schema.name), value)),
            }
        }
        self.check_groups(frame, &attributes, &unknown);
        attributes
    }

    /// Reads one attribute by name, for `self.NAME` and `data_node.archive.NAME`: its default if it is not set.
    pub(super) fn attribute(&self, frame: &Rc<Frame<'m>>, step: &Step) -> Option<Value> {
        let declaration = self.declaration(frame.id);
        let object_type = declaration.object_type;
        let Some(schema) = object_type.attribute(&step.name) else {
            if declaration.damaged {
                return None; // there may be several of it, and this a key
            }
            self.report(
                Diagnostic::error(
                    "Unsupported attribute",
                    format!(
                        "{} has no attribute `{}`.",
                        any(&title(object_type)),
                        step.name
                    ),
                )
                .at(step.span)
                .help_if(suggestion(&step.name, object_type)),
            );
            return None;
        };
        match self.attribute_value(frame, schema)? {
            Value::Null(_) => Some(match schema.default {
                Default::Text(text) => Value::string(text),
                Default::Integer(number) => Value::Number(number.into()),
                Default::Bool(value) => Value::Bool(value),
                Default::Required | Default::None => Value::NULL,
            }),
            value => Some(value),
        }
    }

    /// An attribute as its readers get it: a large residual goes by the attribute's name. What is kept as it was applied has
    /// names of what was configured then, which are read below its own.
    pub(super) fn read_attribute(&self, frame: &Rc<Frame<'m>>, step: &Step) -> Option<Value> {
        let value = self.attribute(frame, step)?;
        let lifecycle = self.declaration(frame.id).lifecycle.as_ref();
        let keeps = lifecycle.is_some_and(|it| !matches!(it.ignored, Ignored::Nothing));
        let name = format!("{}.{}", frame.address, step.name);
        let value = if keeps {
            named::below(value, &name)
        } else {
            value
        };
        Some(named::called(value, || named::path(&name)))
    }

    /// The value of an attribute, evaluated once; `Null`: not set.
    pub(super) fn attribute_value(
        &self,
        frame: &Rc<Frame<'m>>,
        schema: &'static AttributeSchema,
    ) -> Option<Value> {
        if let Some(value) = self.plain(frame, schema) {
            return Some(value);
        }
        let place = self
            .written(frame, schema.name)
            .map_or_else(|| self.place(frame), |attribute| attribute.name.span);
        self.once(
            Asked::Attribute(frame.number, schema.name),
            || Name::Attribute(frame.address.clone(), schema.name),
            place,
            || {
                if !self.preconditions_hold(frame) {
                    return None;
                }
                let value = self.evaluate_attribute(frame, schema)?;
                let value = self.with_waits(frame, schema, value);
                self.with_ignored(frame, schema, value)
            },
        )
    }

    /// An attribute of which nothing is said, which most are, or that is set to a plain value and takes it: then there is nothing
    /// to evaluate and to remember.
    fn plain(&self, frame: &Frame<'m>, schema: &'static AttributeSchema) -> Option<Value> {
        let declaration = self.declaration(frame.id);
        let said_elsewhere = matches!(
            schema.value,
            AttributeType::Provider | AttributeType::DependsOn
        );
        let alone = declaration.block?.body.blocks.is_empty();
        if !alone || said_elsewhere || declaration.lifecycle.is_some() || declaration.damaged {
            return None;
        }
        let Some(attribute) = self.written(frame, schema.name) else {
            return Some(Value::NULL);
        };
        let implies = schema.value == AttributeType::Ref(Kind::DataFormat);
        if implies || schema.sensitive || self.symbolic || schema.value.block().is_some() {
            return None;
        }
        let value = match &attribute.expr.kind {
            ExprKind::Value(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
                convert::convert(schema, value, Vec::new()).ok()
            }
            _ => None,
        };
        if value.is_some() && PLACES.contains(&schema.name) {
            self.note_place(frame, schema.name, attribute.expr.span);
        }
        value
    }

    fn evaluate_attribute(
        &self,
        frame: &Rc<Frame<'m>>,
        schema: &'static AttributeSchema,
    ) -> Option<Value> {
        match schema.value {
            AttributeType::Block(_) | AttributeType::Blocks(_) => {
                return self.block_value(frame, schema);
            }
            AttributeType::Provider => return self.provider_value(frame, schema),
            _ => {}
        }
        let nested = self.nested_references(frame, schema.name);
        let Some(attribute) = self.written(frame, schema.name) else {
            return Some(match nested.as_slice() {
                [] if self.declaration(frame.id).damaged => return None,
                [] => Value::NULL,
                [only] => only.clone(),
                _ => Value::tuple(nested),
            });
        };
        let mut scope = self.attribute_scope(frame, schema);
        if schema.value == AttributeType::DependsOn {
            scope = scope.waiting();
        }
        let value = self.evaluate(&attribute.expr, &scope)?;
        let span = attribute.expr.span;
        if scope.symbolic && value.has_deferred() {
            self.note_place(frame, schema.name, span);
            return Some(value);
        }
        let value = self.imply_format(frame, schema, value, span)?;
        let value = convert::convert(schema, &value, nested)
            .map_err(|problem| scope.report(problem.into_diagnostic(schema, span)))
            .ok()?;
        if value.has_deferred() {
            self.check_names_of_run((frame, span), &value, &scope)?;
            self.note_place(frame, schema.name, span);
        } else if self.symbolic || PLACES.contains(&schema.name) {
            self.note_place(frame, schema.name, span);
        }
        if value == Value::NULL && schema.default == Default::Required {
            scope.report(missing(schema, &declaration_title(self, frame)).at(span));
            return None;
        }
        self.storable(schema, value, (&scope, span))
    }

    /// The names that an attribute sees.
    pub(super) fn attribute_scope(
        &self,
        frame: &Rc<Frame<'m>>,
        schema: &AttributeSchema,
    ) -> ModuleScope<'_, 'm> {
        let scope = ModuleScope::object(self, frame.clone());
        if self.symbolic && super::symbolic::has_names(schema) {
            scope.symbolic()
        } else {
            scope
        }
    }

    /// A value that the state may keep; else that is reported.
    pub(super) fn storable(
        &self,
        schema: &AttributeSchema,
        value: Value,
        (scope, span): (&ModuleScope<'_, 'm>, Span),
    ) -> Option<Value> {
        let clear = schema.sensitive && value != Value::NULL && !value.has_secret();
        if (clear || value.has_sensitive()) && !self.surroundings.allow_plaintext {
            let what = format!("the value of `{}`", schema.name);
            let diagnostic = if schema.secret {
                stored_in_clear(&what).help("`secret(\"env://NAME\")` says where it is kept, as do `file://`, `ssm://` and `secretsmanager://`, and is resolved only when an attempt runs.")
            } else {
                stored_in_clear(&what)
            };
            scope.report(diagnostic.at(span));
            return None;
        }
        Some(value)
    }

    /// What an activity reads and writes, for the types of `run.inputs` and `run.outputs`. `None` if that is not known, or not
    /// yet because it is asked for inside `input` or `output`.
    pub(super) fn data_of(&self, frame: &Rc<Frame<'m>>) -> Option<Data> {
        let object_type = self.declaration(frame.id).object_type;
        if object_type.kind != Kind::Activity {
            return None;
        }
        let nodes = |name: &'static str| {
            let schema = object_type.attribute(name)?;
            if self.is_busy(&Asked::Attribute(frame.number, schema.name)) {
                return None;
            }
            let value = self.attribute_value(frame, schema)?;
            let mut types: BTreeMap<Arc<str>, Type> = BTreeMap::new();
            for (name, address) in references_in(&value) {
                let node = self.addressed(address.as_str())?;
                let ty = run::node_instance(self.declaration(node.id).object_type);
                let clash = types.insert(name.clone(), ty.clone());
                if clash.is_some_and(|other| other != ty) {
                    types.insert(name, Type::Any);
                }
            }
            Some(types)
        };
        Some(Data {
            inputs: nodes("input")?,
            outputs: nodes("output")?,
        })
    }

    /// Checks what a formula has from locals and modules, which do not know where they land: an activity has no `run.node`.
    pub(super) fn check_names_of_run(
        &self,
        (frame, place): (&Frame<'m>, Span),
        value: &Value,
        scope: &ModuleScope<'_, 'm>,
    ) -> Option<()> {
        let kind = self.declaration(frame.id).object_type.kind;
        let mut right = true;
        value.deferred_names(&mut |path| {
            if path.len() > 1
                && path.first().is_some_and(|root| &*root.name == "run")
                && let Err(diagnostic) = run::type_of(path, Some(kind), || None)
            {
                scope.report(diagnostic.label(place, "the attribute that it is for"));
                right = false;
            }
        });
        right.then_some(())
    }

    /// `depends_on` with what everything in the module waits for: activities, and data nodes whose preconditions are checked.
    fn with_waits(
        &self,
        frame: &Rc<Frame<'m>>,
        schema: &'static AttributeSchema,
        value: Value,
    ) -> Value {
        if schema.value != AttributeType::DependsOn || frame.module.is_root() {
            return value;
        }
        let object_type = self.declaration(frame.id).object_type;
        let guarded = || {
            let precondition = object_type.attribute("precondition");
            let value = precondition.and_then(|schema| self.attribute_value(frame, schema));
            value.is_some_and(|value| value != Value::NULL)
        };
        if object_type.kind != Kind::Activity && !guarded() {
            return value;
        }
        references::with_waits(value, &self.waits(&frame.module))
    }

    /// References to the blocks that stand for an attribute.
    fn nested_references(&self, frame: &Rc<Frame<'m>>, name: &str) -> Vec<Value> {
        let nested = self.nested(frame);
        let standing = nested.iter().filter(|(attribute, _)| *attribute == name);
        standing
            .map(|(_, nested)| {
                let kind = self.declaration(nested.id).object_type.kind;
                reference(kind, &nested.address)
            })
            .collect()
    }

    /// `format = "csv"`: a format of that type with its defaults, without a block of its own.
    fn imply_format(
        &self,
        frame: &Rc<Frame<'m>>,
        schema: &AttributeSchema,
        value: Value,
        span: Span,
    ) -> Option<Value> {
        let Value::String(name) = &value else {
            return Some(value);
        };
        if schema.value != AttributeType::Ref(Kind::DataFormat) {
            return Some(value);
        }
        let Some(object_type) = registry::find(Kind::DataFormat, name) else {
            self.report(
                Diagnostic::error(
                    "Unknown type",
                    format!("There is no data format of type `{name}`."),
                )
                .at(span)
                .help_if(did_you_mean(name, registry::names(Kind::DataFormat))),
            );
            return None;
        };
        if let Some(missing) = object_type
            .schema()
            .find(|attribute| attribute.default == Default::Required)
        {
            self.report(
                Diagnostic::error(
                    "Incomplete format",
                    format!("{} needs `{}`.", any(&title(object_type)), missing.name),
                )
                .at(span)
                .help(format!(
                    "Write a block in its place: `format \"{name}\" {{ {} = … }}`.",
                    missing.name
                )),
            );
            return None;
        }
        let address: Arc<str> = format!("{}.data_format.{name}", frame.address).into();
        self.implied.borrow_mut().push(Object {
            address: Address::new(address.clone()),
            object_type,
            attributes: BTreeMap::new(),
            written: BTreeMap::new(),
            pipeline: self.pipeline_address(frame).map(Address::new),
            lifecycle: Lifecycle::default(),
        });
        Some(reference(Kind::DataFormat, &address))
    }

    pub(super) fn written(&self, frame: &Frame<'m>, name: &str) -> Option<&Attribute> {
        self.declaration(frame.id)
            .block?
            .body
            .attributes
            .iter()
            .find(|attribute| attribute.name.text.as_ref() == name)
    }

    /// Where an attribute of an object is written, or the first of the blocks that stand for it.
    pub(super) fn attribute_place(&self, object: &Address, name: &str) -> Option<Span> {
        let frame = self.addressed(object.as_str())?;
        if let Some(attribute) = self.written(&frame, name) {
            return Some(attribute.name.span);
        }
        let block = self.declaration(frame.id).block?;
        first_of(&block.body.blocks, name)
    }

    pub(super) fn place(&self, frame: &Frame<'m>) -> Span {
        self.declaration(frame.id)
            .block
            .map(|block| block.span)
            .unwrap_or_default()
    }
}

/// Something sensitive would be kept in the state, without a span.
pub(super) fn stored_in_clear(what: &str) -> Diagnostic {
    Diagnostic::error(
        "Sensitive value would be stored in clear",
        format!("{} is sensitive, and what an object is made of is kept in the state.", capital(what)),
    )
    .help("Set `allow_plaintext = true` in the `pipeform` block if the state is protected well enough.")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// An attribute that is needed is null.
fn missing(schema: &AttributeSchema, title: &str) -> Diagnostic {
    Diagnostic::error(
        "Missing attribute",
        format!(
            "{} needs `{}`, and this is null: {}",
            any(title),
            schema.name,
            schema.doc
        ),
    )
}

fn declaration_title(builder: &Builder<'_>, frame: &Frame<'_>) -> String {
    title(builder.declaration(frame.id).object_type)
}

/// A reference as a value.
pub(super) fn reference(kind: Kind, address: &Arc<str>) -> Value {
    Value::Ref(Arc::new(Reference::new(kind.as_str(), address.clone())))
}
