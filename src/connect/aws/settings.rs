//! What is said about how to reach AWS, in plain values.
//!
//! Apart from the session, because settings are known before anything is opened: work carries them, and they say which work shares
//! a session.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// What is said about how to reach AWS. What is left out is found as the SDK finds it: in the environment, in `~/.aws`, from the
/// machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The region, e.g. `eu-west-1`.
    pub region: Option<String>,
    /// The profile of `~/.aws`.
    pub profile: Option<String>,
    /// The address of a stand-in for AWS, e.g. `http://127.0.0.1:5000`.
    pub endpoint_url: Option<String>,
    /// The addresses of single services; they go before `endpoint_url`.
    pub endpoints: BTreeMap<Service, String>,
    /// The roles that are taken on, each with the credentials of the one before.
    pub assume_role: Vec<AssumeRole>,
    /// A file of certificates (PEM) that are trusted instead of the system's; left out: what `AWS_CA_BUNDLE` names, if it is set.
    pub ca_bundle: Option<PathBuf>,
}

/// A role that is taken on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct AssumeRole {
    /// Its ARN.
    pub role_arn: String,
    /// The name of the session, as AWS records it; left out: `pipeform`.
    pub session_name: Option<String>,
    /// What the role's owner asks for besides the credentials.
    pub external_id: Option<String>,
}

/// Services that may have an address of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Service {
    /// Tables of `DynamoDB`.
    DynamoDb,
    /// Machines.
    Ec2,
    /// Clusters.
    Emr,
    /// Files.
    S3,
    /// Secrets of Secrets Manager.
    SecretsManager,
    /// Messages to topics.
    Sns,
    /// Queues.
    Sqs,
    /// Parameters of Systems Manager.
    Ssm,
    /// Roles that are taken on.
    Sts,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::DynamoDb,
        Self::Ec2,
        Self::Emr,
        Self::S3,
        Self::SecretsManager,
        Self::Sns,
        Self::Sqs,
        Self::Ssm,
        Self::Sts,
    ];

    /// What it is called in `endpoints` of a provider.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::Ec2 => "ec2",
            Self::Emr => "emr",
            Self::S3 => "s3",
            Self::SecretsManager => "secretsmanager",
            Self::Sns => "sns",
            Self::Sqs => "sqs",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
        }
    }

    /// What the SDK calls it: `AWS_ENDPOINT_URL_` goes on with it, in capitals and with underscores.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::Ec2 => "EC2",
            Self::Emr => "EMR",
            Self::S3 => "S3",
            Self::SecretsManager => "Secrets Manager",
            Self::Sns => "SNS",
            Self::Sqs => "SQS",
            Self::Ssm => "SSM",
            Self::Sts => "STS",
        }
    }
}
