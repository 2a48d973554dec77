//! Small object types and objects for the tests of plans and of their views.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::diag::Span;
use crate::lang::Number;
use crate::lang::Reference;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::ast::Part;
use crate::objects::Address;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;
use crate::objects::Aws;
use crate::objects::Default;
use crate::objects::Kind;
use crate::objects::Lifecycle;
use crate::objects::Object;
use crate::objects::ObjectType;
use crate::objects::Support;
use crate::time::Period;
use crate::time::Schedule;

const fn attribute(name: &'static str, value: AttributeType, default: Default) -> AttributeSchema {
    AttributeSchema {
        name,
        value,
        default,
        deferrable: false,
        secret: false,
        windows: false,
        sensitive: false,
        metadata: false,
        handling: false,
        cost: false,
        aws: Aws::None,
        support: Support::Full,
        doc: "",
    }
}

const fn object_type(
    kind: Kind,
    name: &'static str,
    attributes: &'static [&'static [AttributeSchema]],
) -> ObjectType {
    ObjectType {
        kind,
        name,
        doc: "",
        aws: &[],
        support: Support::Full,
        attributes,
        groups: &[],
        nested: &[],
    }
}

const DESCRIPTION: AttributeSchema = AttributeSchema {
    metadata: true,
    ..attribute("description", AttributeType::String, Default::None)
};

pub(crate) static PIPELINE: ObjectType = object_type(
    Kind::Pipeline,
    "",
    &[&[
        DESCRIPTION,
        attribute(
            "schedule",
            AttributeType::Ref(Kind::Schedule),
            Default::None,
        ),
    ]],
);

pub(crate) static SCHEDULE: ObjectType = object_type(
    Kind::Schedule,
    "",
    &[&[
        attribute("every", AttributeType::Period, Default::Required),
        attribute("timezone", AttributeType::TimeZone, Default::Text("UTC")),
        attribute("start", AttributeType::DateTime, Default::None),
    ]],
);

pub(crate) static FILE: ObjectType = object_type(
    Kind::DataNode,
    "file",
    &[&[
        attribute("path", AttributeType::String, Default::Required),
        attribute("overwrite", AttributeType::Bool, Default::Bool(false)),
    ]],
);

pub(crate) static TABLE: ObjectType = object_type(
    Kind::DataNode,
    "sql",
    &[&[attribute("table", AttributeType::String, Default::Required)]],
);

pub(crate) static JDBC: ObjectType = object_type(
    Kind::Database,
    "jdbc",
    &[&[
        attribute(
            "connection_string",
            AttributeType::String,
            Default::Required,
        ),
        AttributeSchema {
            sensitive: true,
            ..attribute("password", AttributeType::String, Default::None)
        },
    ]],
);

pub(crate) static EXISTS: ObjectType = object_type(Kind::Precondition, "exists", &[&[]]);

pub(crate) static KEY_EXISTS: ObjectType = object_type(Kind::Precondition, "s3_key_exists", &[&[]]);

pub(crate) static SHELL: ObjectType = object_type(
    Kind::Activity,
    "shell_command",
    &[&[
        attribute("command", AttributeType::String, Default::Required),
        attribute("script_argument", AttributeType::Strings, Default::None),
        attribute("environment", AttributeType::StringMap, Default::None),
        attribute(
            "input",
            AttributeType::NamedRefs(Kind::DataNode),
            Default::None,
        ),
        attribute(
            "output",
            AttributeType::NamedRefs(Kind::DataNode),
            Default::None,
        ),
        attribute("on_fail", AttributeType::Refs(Kind::Action), Default::None),
        attribute("depends_on", AttributeType::DependsOn, Default::None),
        attribute(
            "max_retries",
            AttributeType::Integer(0),
            Default::Integer(2),
        ),
        attribute(
            "retry_delay",
            AttributeType::Duration,
            Default::Text("30 seconds"),
        ),
        DESCRIPTION,
    ]],
);

/// An object at an address, in the pipeline that the address names.
pub(crate) fn object<const N: usize>(
    object_type: &'static ObjectType,
    address: &str,
    attributes: [(&str, Value); N],
) -> Object {
    let mut names = address.splitn(3, '.');
    let pipeline = match (names.next(), names.next()) {
        (Some("pipeline"), Some(name)) => Some(Address::new(format!("pipeline.{name}"))),
        _ => None,
    };
    Object {
        address: Address::new(address),
        object_type,
        attributes: attributes
            .into_iter()
            .map(|(name, value)| (Arc::from(name), value))
            .collect(),
        written: BTreeMap::new(),
        pipeline,
        lifecycle: Lifecycle::default(),
    }
}

pub(crate) fn side(objects: impl IntoIterator<Item = Object>) -> BTreeMap<Address, Object> {
    objects
        .into_iter()
        .map(|object| (object.address.clone(), object))
        .collect()
}

pub(crate) fn string(text: &str) -> Value {
    Value::string(text)
}

pub(crate) fn number(value: i64) -> Value {
    Value::Number(Number::from(value))
}

pub(crate) fn list<const N: usize>(elements: [Value; N]) -> Value {
    Value::list(Vec::from(elements))
}

pub(crate) fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::map(
        entries
            .into_iter()
            .map(|(name, value)| (Arc::from(name), value))
            .collect(),
    )
}

pub(crate) fn reference(kind: &str, address: &str) -> Value {
    Value::Ref(Arc::new(Reference::new(kind, address)))
}

/// `"before${run.date}after"`, as if it had been parsed from `at` on.
pub(crate) fn dated(before: &str, after: &str, span: Span) -> Value {
    let name = |text: &str| Ident {
        text: text.into(),
        span,
    };
    let run = Expr {
        kind: ExprKind::Name(name("run")),
        span,
    };
    let date = Expr {
        kind: ExprKind::Get(Arc::new(run), name("date")),
        span,
    };
    let parts = vec![
        Part::Literal(before.into()),
        Part::Interpolation(date),
        Part::Literal(after.into()),
    ];
    Value::Deferred(Arc::new(Expr {
        kind: ExprKind::Template(Arc::new(parts)),
        span,
    }))
}

pub(crate) fn schedule(start: &str, every: Period) -> Schedule {
    Schedule::new(start.parse().expect("a civil time"), every, TimeZone::UTC).expect("a start")
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}
