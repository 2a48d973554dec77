//! From preconditions to what is looked at.

use super::Assembler;
use super::required;
use crate::connect::aws::Settings;
use crate::connect::s3::Location;
use crate::engine::InstanceKey;
use crate::exec::Check;
use crate::exec::dynamodb_data_exists::DynamoDbDataExists;
use crate::exec::dynamodb_table_exists::DynamoDbTableExists;
use crate::exec::exists::Exists;
use crate::exec::looking::Thing;
use crate::exec::preflight::Need;
use crate::exec::s3_key_exists::S3KeyExists;
use crate::exec::s3_prefix_not_empty::S3PrefixNotEmpty;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::Try;

impl Assembler<'_> {
    /// The checks of an instance's preconditions, each with its address.
    pub fn checks(&self, key: &InstanceKey, of: Try) -> Result<Vec<(Address, Check)>, String> {
        let Some(owner) = self.resolver.objects.get(&key.object) else {
            return Ok(Vec::new());
        };
        self.can_run(&key.object)?;
        owner
            .references("precondition")
            .into_iter()
            .map(|(_, address)| {
                let check = self.check(owner, key, &address, of)?;
                Ok((address, check))
            })
            .collect()
    }

    fn check(
        &self,
        owner: &Object,
        key: &InstanceKey,
        address: &Address,
        of: Try,
    ) -> Result<Check, String> {
        let resolved = self
            .resolver
            .serving(address, &key.object, key.interval, of, Vec::new())
            .map_err(|diagnostics| self.resolver.sentences(&diagnostics))?;
        let resolved = self.revealed(resolved)?;
        match resolved.object.object_type.name {
            "exists" if owner.kind() == Kind::DataNode => self.exists(key, of).map(Check::Exists),
            "exists" => {
                Err("`exists` checks a data node; it cannot stand on an activity".to_owned())
            }
            "shell_command" => self.command(&resolved).map(Box::new).map(Check::Shell),
            "s3_key_exists" => {
                let place = required(&resolved, "s3_key")?;
                let aws = self.aws_of(&resolved, of)?;
                s3_key(aws, "s3_key", &place).map(there)
            }
            "s3_prefix_not_empty" => {
                let place = required(&resolved, "s3_prefix")?;
                let aws = self.aws_of(&resolved, of)?;
                s3_prefix(aws, "s3_prefix", &place).map(there)
            }
            "dynamodb_table_exists" => Ok(there(Thing::Table(DynamoDbTableExists {
                aws: self.aws_of(&resolved, of)?,
                table: required(&resolved, "table_name")?,
            }))),
            "dynamodb_data_exists" => Ok(there(Thing::Data(DynamoDbDataExists {
                aws: self.aws_of(&resolved, of)?,
                table: required(&resolved, "table_name")?,
            }))),
            other => Err(format!(
                "this version of pipeform cannot check preconditions of type `{other}`"
            )),
        }
    }

    /// What is looked for of a data node that nothing brings.
    pub fn data(&self, key: &InstanceKey, of: Try) -> Result<Need, String> {
        Ok(match self.exists(key, of)? {
            Exists::File(path) => Need::Data(path),
            Exists::Aws(Thing::Table(table)) => Need::TableRead(table),
            Exists::Aws(thing) => Need::DataInS3(thing),
            Exists::Table { connection, table } => Need::Rows { connection, table },
        })
    }

    /// What is looked for of a table that is written, and that nothing makes; `None` of another data node.
    pub fn written_table(&self, key: &InstanceKey, of: Try) -> Result<Option<Need>, String> {
        Ok(match self.exists(key, of)? {
            Exists::Aws(Thing::Table(table)) => Some(Need::TableWritten(table)),
            _ => None,
        })
    }

    fn exists(&self, key: &InstanceKey, of: Try) -> Result<Exists, String> {
        let node = self
            .resolver
            .node(&key.object, key.interval, of)
            .map_err(|diagnostics| self.resolver.sentences(&diagnostics))?;
        Ok(match node.object.object_type.name {
            "s3" => Exists::Aws(s3_data(&node, self.aws_of(&node, of)?)?),
            "dynamodb" => {
                let mut aws = self.aws_of(&node, of)?;
                if let Some(region) = node.text("region") {
                    aws.region = Some(region.to_owned());
                }
                let table = required(&node, "table_name")?;
                Exists::Aws(Thing::Table(DynamoDbTableExists { aws, table }))
            }
            "sql" => Exists::Table {
                connection: self.connection(&node, of)?,
                table: required(&node, "table")?,
            },
            _ => Exists::File(self.path(&node)?),
        })
    }
}

/// What must be there of a data node in S3: its manifest, if it names one, else its object or something below its prefix.
fn s3_data(node: &Resolved<'_>, aws: Settings) -> Result<Thing, String> {
    if let Some(manifest) = node.text("manifest_file_path") {
        return s3_key(aws, "manifest_file_path", manifest);
    }
    let place = required(node, "path")?;
    if place.ends_with('/') {
        s3_prefix(aws, "path", &place)
    } else {
        s3_key(aws, "path", &place)
    }
}

/// The object of S3 that an attribute names.
fn s3_key(aws: Settings, attribute: &str, place: &str) -> Result<Thing, String> {
    let object = s3_place(attribute, place)?;
    if object.key.is_empty() {
        return Err(format!(
            "`{attribute}` is `{place}`, which names no object of S3: its key is missing behind the bucket"
        ));
    }
    Ok(Thing::Key(S3KeyExists { aws, object }))
}

/// All of S3 that an attribute names.
fn s3_prefix(aws: Settings, attribute: &str, place: &str) -> Result<Thing, String> {
    let prefix = s3_place(attribute, place)?;
    Ok(Thing::Prefix(S3PrefixNotEmpty { aws, prefix }))
}

fn there(thing: Thing) -> Check {
    Check::Exists(Exists::Aws(thing))
}

fn s3_place(attribute: &str, place: &str) -> Result<Location, String> {
    Location::parse(place).map_err(|reason| format!("`{attribute}`: {reason}"))
}
