//! `action "sns"`: a message to a topic.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Action,
    name: "sns",
    doc: "Sends a message to a topic of Amazon SNS when an instance has failed, finished or is late; `run.node` is that instance.",
    aws: &["SnsAlarm"],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        AttributeSchema::new("topic", AttributeType::String, "The ARN of the topic.")
            .required()
            .deferrable()
            .aws(Aws::Fields(&["topicArn"])),
        AttributeSchema::new(
            "subject",
            AttributeType::String,
            "The subject of the message: SNS takes at most 100 characters of ASCII in one line, and what does not fit is replaced or cut.",
        )
        .required()
        .deferrable(),
        AttributeSchema::new("message", AttributeType::String, "The message.")
            .required()
            .deferrable(),
        shared::PROVIDER,
        shared::ROLE,
        shared::RETRIES,
    ]],
    groups: &[],
    nested: &[],
};
