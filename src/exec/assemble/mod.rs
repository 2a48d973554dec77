//! From resolved objects to work: what each type of object needs of its attributes, and of those of the objects it uses.
//!
//! Every value is known by now; what is still wrong with one is an error of the attempt.

mod actions;
mod aws;
mod checks;
mod cluster;
mod command;
mod copy;
mod hive_copy;
mod jobs;
#[cfg(test)]
mod tests;
mod transfer;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use super::Assignment;
use super::Work;
use super::secrets::Keeper;
use super::secrets::Kept;
use super::sql::Script;
use super::sql::Sql;
use crate::connect::sqlite::Param;
use crate::connect::sqlite::Params;
use crate::engine::InstanceKey;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::AttributeSchema;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::ResolvedActivity;
use crate::objects::resolve::Resolver;
use crate::objects::resolve::Try;
use crate::objects::support;

pub use actions::ActionCall;
pub use aws::aws_of_cluster;

/// Turns objects into work. Errors are those of an attempt: sentences for `status` and the log.
pub struct Assembler<'a> {
    /// Evaluates what is deferred.
    pub resolver: Resolver<'a>,
    /// Where relative paths begin: the root module's directory.
    pub directory: &'a Path,
    /// What commands inherit: PATH, HOME, LANG, TZ.
    pub inherited: &'a BTreeMap<String, String>,
    /// Resolves secrets.
    pub secrets: &'a dyn Keeper,
    /// The texts that logs and messages must not show, as far as they have been met.
    pub hidden: RefCell<Vec<String>>,
}

impl<'a> Assembler<'a> {
    /// What an activity does for one of its intervals.
    pub fn activity(&self, key: &InstanceKey, of: Try) -> Result<Assignment, String> {
        self.can_run(&key.object)?;
        let mut resolved = self
            .resolver
            .activity(&key.object, key.interval, of)
            .map_err(|diagnostics| self.resolver.sentences(&diagnostics))?;
        resolved.activity = self.revealed(resolved.activity)?;
        for node in resolved
            .inputs
            .values_mut()
            .chain(resolved.outputs.values_mut())
            .flatten()
        {
            *node = self.revealed(node.clone())?;
        }
        Ok(Assignment {
            work: self.activity_work(&resolved, of)?,
            archive: self.archive(&resolved, of)?,
        })
    }

    /// Refuses what this version cannot run, before anything of it is evaluated.
    fn can_run(&self, address: &Address) -> Result<(), String> {
        let object = self.resolver.objects.get(address);
        let reason = object.and_then(|object| support::cannot_run(self.resolver.objects, object));
        reason.map_or(Ok(()), Err)
    }

    /// An object with its secrets resolved. What is sensitive in it is remembered, to be hidden.
    fn revealed(&self, resolved: Resolved<'a>) -> Result<Resolved<'a>, String> {
        let object = resolved.object;
        let settings = || self.aws(object);
        let secrets = Kept {
            keeper: self.secrets,
            settings: &settings,
        };
        let revealed = self
            .resolver
            .reveal(resolved, &secrets)
            .map_err(|diagnostics| self.resolver.sentences(&diagnostics))?;
        self.hidden.borrow_mut().extend(sensitive(&revealed));
        Ok(revealed)
    }

    fn activity_work(&self, resolved: &ResolvedActivity<'a>, of: Try) -> Result<Work, String> {
        let activity = &resolved.activity;
        match activity.object.object_type.name {
            "copy" => match self.transfer(resolved)? {
                Some(transfer) => Ok(Work::Transfer(transfer)),
                None => self.copy(resolved, of).map(Work::Copy),
            },
            "emr" | "hadoop" | "hive" | "hive_copy" | "pig" | "spark" => {
                self.job(resolved, of).map(Box::new).map(Work::Job)
            }
            "no_op" => Ok(Work::Nothing),
            "shell_command" => self
                .activity_command(resolved)
                .map(Box::new)
                .map(Work::Shell),
            "sql" => Ok(Work::Sql(Sql {
                connection: self.connection(activity, of)?,
                script: match activity.text("script_uri") {
                    Some(place) => Script::At(self.located(activity, place)?),
                    None => Script::Text(required(activity, "script")?),
                },
                params: params(activity.get("params").or(activity.get("script_argument")))?,
            })),
            other => Err(format!(
                "this version of pipeform cannot run activities of type `{other}`"
            )),
        }
    }

    /// The connection string of the database that an object refers to; relative paths start at the root module.
    fn connection(&self, node: &Resolved<'a>, of: Try) -> Result<String, String> {
        let address = node
            .object
            .reference("database")
            .ok_or_else(|| "`database` is missing".to_owned())?;
        let database = self
            .resolver
            .served_by(&address, node.run.clone(), node.interval, of)
            .map_err(|diagnostics| self.resolver.sentences(&diagnostics))?;
        let database = self.revealed(database)?;
        let text = required(&database, "connection_string")?;
        let path = text
            .strip_prefix("jdbc:")
            .unwrap_or(&text)
            .strip_prefix("sqlite:");
        Ok(match path {
            Some(path) if !path.is_empty() && !path.starts_with(':') => {
                let mut hidden = self.hidden.borrow_mut();
                if hidden.contains(&text) {
                    // Errors name the file alone.
                    hidden.push(path.to_owned());
                }
                format!("sqlite:{}", self.directory.join(path).display())
            }
            _ => text,
        })
    }
}

/// The texts of a resolved object that logs must not show.
fn sensitive(resolved: &Resolved<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in &resolved.attributes {
        let schema = resolved.object.object_type.attribute(name);
        collect_attribute(schema, value, &mut found);
    }
    found
}

/// The same in an attribute, which may be one of a block.
fn collect_attribute(schema: Option<&AttributeSchema>, value: &Value, found: &mut Vec<String>) {
    let content = schema.and_then(|schema| schema.value.block());
    match (content, value) {
        (Some(_), Value::Tuple(blocks)) => blocks
            .iter()
            .for_each(|block| collect_attribute(schema, block, found)),
        (Some(content), Value::Object(attributes)) => attributes
            .iter()
            .for_each(|(name, value)| collect_attribute(content.attribute(name), value, found)),
        _ => collect(value, schema.is_some_and(|schema| schema.sensitive), found),
    }
}

fn collect(value: &Value, sensitive: bool, found: &mut Vec<String>) {
    match value {
        Value::Sensitive(inner) => collect(inner, true, found),
        Value::String(text) if sensitive => found.push(text.to_string()),
        Value::Number(number) if sensitive => found.push(number.to_string()),
        Value::List(list) | Value::Tuple(list) | Value::Set(list) => {
            list.iter()
                .for_each(|value| collect(value, sensitive, found));
        }
        Value::Map(map) | Value::Object(map) => {
            map.values()
                .for_each(|value| collect(value, sensitive, found));
        }
        _ => {}
    }
}

fn required(resolved: &Resolved<'_>, name: &str) -> Result<String, String> {
    resolved
        .text(name)
        .map(str::to_owned)
        .ok_or_else(|| format!("`{name}` of `{}` came to null", resolved.object.address))
}

fn params(value: Option<&Value>) -> Result<Params, String> {
    match value {
        None => Ok(Params::default()),
        Some(Value::List(list) | Value::Tuple(list)) => list
            .iter()
            .map(param)
            .collect::<Result<_, _>>()
            .map(Params::List),
        Some(Value::Map(map) | Value::Object(map)) => map
            .iter()
            .map(|(name, value)| Ok((name.to_string(), param(value)?)))
            .collect::<Result<_, _>>()
            .map(Params::Map),
        Some(other) => Err(format!("`params` came to {}", other.describe())),
    }
}

fn param(value: &Value) -> Result<Param, String> {
    let (value, _) = value.clone().unmark();
    Ok(match &value {
        Value::Null(_) => Param::Null,
        Value::Bool(value) => Param::Bool(*value),
        Value::String(text) => Param::Text(text.to_string()),
        Value::Number(number) => match number.to_i64() {
            Some(integer) => Param::Integer(integer),
            None => number
                .to_string()
                .parse()
                .map(Param::Real)
                .map_err(|_| format!("the parameter {number} is too large for the database"))?,
        },
        other => return Err(format!("a parameter came to {}", other.describe())),
    })
}
