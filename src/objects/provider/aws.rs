//! `provider "aws"`: with which region, credentials and endpoints objects reach AWS.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::BlockSchema;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Provider,
    name: "aws",
    doc: "The region, credentials and endpoints with which objects reach AWS. What it leaves out the environment says: `AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, …, and the files in `~/.aws`.",
    aws: &[],
    support: Support::Full,
    attributes: &[&[
        AttributeSchema::new(
            "alias",
            AttributeType::String,
            "The name behind `aws.`, written as it is, without expressions; left out: this is the provider `aws`.",
        ),
        AttributeSchema::new(
            "region",
            AttributeType::String,
            "The region, e.g. `eu-west-1`; left out: that of the runner's environment.",
        ),
        AttributeSchema::new(
            "profile",
            AttributeType::String,
            "Which profile of the runner's AWS configuration has the credentials.",
        ),
        AttributeSchema::new(
            "endpoint_url",
            AttributeType::String,
            "Where all services are, instead of at AWS: for an emulator or a private endpoint.",
        ),
        AttributeSchema::new(
            "assume_role",
            AttributeType::Block(&ASSUME_ROLE),
            "The role that is taken on with those credentials.",
        ),
        AttributeSchema::new(
            "endpoints",
            AttributeType::Block(&ENDPOINTS),
            "Where single services are; it goes before `endpoint_url`.",
        ),
    ]],
    groups: &[],
    nested: &[],
};

static ASSUME_ROLE: BlockSchema = BlockSchema {
    name: "assume_role",
    aws: None,
    attributes: &[
        AttributeSchema::new("role_arn", AttributeType::String, "The ARN of the role.").required(),
        AttributeSchema::new(
            "session_name",
            AttributeType::String,
            "The name of the session, as AWS records it.",
        ),
        AttributeSchema::new(
            "external_id",
            AttributeType::String,
            "What the role's owner asks for besides the credentials.",
        ),
    ],
};

static ENDPOINTS: BlockSchema = BlockSchema {
    name: "endpoints",
    aws: None,
    attributes: &[
        endpoint("s3"),
        endpoint("sns"),
        endpoint("sqs"),
        endpoint("ssm"),
        endpoint("secretsmanager"),
        endpoint("sts"),
        endpoint("emr"),
        endpoint("ec2"),
        endpoint("dynamodb"),
    ],
};

const fn endpoint(service: &'static str) -> AttributeSchema {
    AttributeSchema::new(service, AttributeType::String, "The URL of this service.")
}
