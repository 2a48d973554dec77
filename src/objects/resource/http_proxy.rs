//! The way to the services of AWS from a network without one: `http_proxy { … }`.

use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;
use crate::objects::schema::BlockSchema;
use crate::objects::shared;

/// The description of the block.
pub(super) static HTTP_PROXY: BlockSchema = BlockSchema {
    name: "http_proxy",
    aws: Some("HttpProxy"),
    attributes: &[
        AttributeSchema::new("hostname", AttributeType::String, "The host of the proxy.")
            .required()
            .deferrable(),
        AttributeSchema::new("port", AttributeType::String, "Its port.")
            .required()
            .deferrable(),
        AttributeSchema::new("username", AttributeType::String, "Who asks.").secret(),
        AttributeSchema::new(
            "password",
            AttributeType::String,
            "The password: `secret(\"env://NAME\")` or `secret(\"file://PATH\")`.",
        )
        .sensitive()
        .secret()
        .aws(Aws::Fields(&["*password"])),
        AttributeSchema::new(
            "windows_domain",
            AttributeType::String,
            "The Windows domain, for a proxy with NTLM.",
        )
        .deferrable(),
        AttributeSchema::new(
            "windows_workgroup",
            AttributeType::String,
            "The Windows workgroup, for a proxy with NTLM.",
        )
        .deferrable(),
        AttributeSchema::new(
            "s3_no_proxy",
            AttributeType::Bool,
            "Whether Amazon S3 is reached without the proxy.",
        ),
        shared::AWS_ID,
        shared::AWS_FIELDS,
    ],
};
