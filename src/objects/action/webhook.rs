//! `action "webhook"`: a request to an address.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Default;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Action,
    name: "webhook",
    doc: "Makes a request to an address when an instance has failed, finished or is late; `run.node` is that instance. Each has the headers `X-Pipeform-Delivery`, an id that stays when it is made again, and `X-Pipeform-Timestamp`, in seconds since 1970; any answer of 2xx will do, and redirects are not followed.",
    aws: &[],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        shared::PROVIDER.meaning("With which provider secrets are fetched that are kept at AWS; left out: `provider \"aws\"` of its module or of one that calls it, else the environment says all."),
        AttributeSchema::new(
            "url",
            AttributeType::String,
            "Where it goes: `https://hooks.example.com/…`.",
        )
        .required()
        .secret()
        .ours(),
        AttributeSchema::new(
            "method",
            AttributeType::OneOf(&["post", "put", "patch"]),
            "The method.",
        )
        .or(Default::Text("post"))
        .ours(),
        AttributeSchema::new(
            "headers",
            AttributeType::StringMap,
            "Headers, besides those that it has anyway.",
        )
        .secret()
        .ours(),
        AttributeSchema::new(
            "body",
            AttributeType::String,
            "The body, e.g. `jsonencode({ text = run.node.error })`; left out: a JSON object with `delivery`, `action`, `address`, `pipeline`, `status`, `error`, `attempt`, `scheduled_start` and `scheduled_end`.",
        )
        .deferrable()
        .ours(),
        AttributeSchema::new(
            "hmac_secret",
            AttributeType::String,
            "What it is signed with. The header `X-Pipeform-Signature` is then `sha256=` and the HMAC-SHA256, in hexadecimal digits, of the timestamp, a dot and the body.",
        )
        .sensitive()
        .secret()
        .ours(),
        AttributeSchema::new(
            "timeout",
            AttributeType::Duration,
            "How long the receiver may take to answer.",
        )
        .or(Default::Text("30 seconds"))
        .ours(),
        shared::RETRIES,
    ]],
    groups: &[],
    nested: &[],
};
