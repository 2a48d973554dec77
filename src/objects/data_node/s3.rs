//! `data_node "s3"`: files in Amazon S3.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataNode,
    name: "s3",
    doc: "Files in Amazon S3, one or all below a prefix.",
    aws: &["S3DataNode"],
    support: Support::Full,
    attributes: &[
        &[
            AttributeSchema::new(
                "path",
                AttributeType::String,
                "Where they are: `s3://acme/logs/${run.date}/` for all below, with a slash at its end (AWS: directoryPath), without one a single file (filePath).",
            )
            .required()
            .deferrable()
            .aws(Aws::Fields(&["directoryPath", "filePath"])),
            AttributeSchema::new(
                "format",
                AttributeType::Ref(Kind::DataFormat),
                "How records are laid out; left out: bytes are copied as they are. A type name (`\"csv\"`) stands for that format with its defaults.",
            )
            .aws(Aws::Fields(&["dataFormat"])),
            AttributeSchema::new(
                "compression",
                AttributeType::OneOf(&["none", "gzip", "zstd"]),
                "How files are compressed; left out: a file whose name ends in `.gz` is `gzip`, one that ends in `.zst` is `zstd`, any other `none`. Files that are copied below a prefix are packed anew where it says another compression, and stay as they are where it says none.",
            ),
            AttributeSchema::new(
                "manifest_file_path",
                AttributeType::String,
                "A key in Amazon S3: the list of the files below `path` that are meant, as Amazon Redshift writes and reads it; left out: those of its `_SUCCESS`, else all. For what reads the data node.",
            )
            .deferrable(),
            AttributeSchema::new(
                "s3_encryption_type",
                AttributeType::OneOf(&["server_side_encryption", "none"]),
                "Whether every write asks S3 to encrypt with its own keys, as some buckets demand; left out, or `none`: the bucket's own encryption, which every bucket has.",
            )
            .aws(Aws::Words("s3EncryptionType", &["SERVER_SIDE_ENCRYPTION", "NONE"])),
            shared::OVERWRITE,
            shared::ACCUMULATE,
            shared::PROVIDER,
        ],
        shared::WAITS,
        shared::RUNNABLE,
        shared::NODE_ATTEMPTS,
    ],
    groups: &[shared::LATE],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION, shared::NESTED_FORMAT],
};
