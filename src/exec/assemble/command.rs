//! What a command needs of its objects: its script, the data that is staged for it, where what it prints and its logs are put.

use std::collections::BTreeMap;

use super::Assembler;
use super::required;
use super::transfer::not_listed;
use crate::connect::place::Place;
use crate::connect::place::S3Place;
use crate::connect::s3::Encryption;
use crate::connect::s3::Location;
use crate::engine::InstanceKey;
use crate::exec::archive::Archive;
use crate::exec::archive::layout;
use crate::exec::shell_command::Program;
use crate::exec::shell_command::ShellCommand;
use crate::exec::staging::Left;
use crate::exec::staging::Staging;
use crate::lang::Value;
use crate::objects::Object;
use crate::objects::resolve::Nodes;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::ResolvedActivity;
use crate::objects::resolve::Try;
use crate::time::Interval;

impl<'a> Assembler<'a> {
    /// A command with its data.
    pub(super) fn activity_command(
        &self,
        resolved: &ResolvedActivity<'a>,
    ) -> Result<ShellCommand, String> {
        let activity = &resolved.activity;
        let mut command = self.command(activity)?;
        if activity.boolean("stage") {
            command.staging = self.staging(resolved)?;
        }
        Ok(command)
    }

    /// A command.
    pub(super) fn command(&self, resolved: &Resolved<'a>) -> Result<ShellCommand, String> {
        let program = match resolved.text("script_uri") {
            Some(script) => Program::Script(self.located(resolved, script)?),
            None => Program::Command(required(resolved, "command")?),
        };
        let printed = |name: &str| {
            let place = resolved.text(name);
            place.map(|place| self.located(resolved, place)).transpose()
        };
        let credentials = resolved.boolean("aws_credentials");
        Ok(ShellCommand {
            program,
            script_argument: resolved.texts("script_argument"),
            environment: environment(resolved),
            inherited: self.inherited.clone(),
            working_dir: self
                .directory
                .join(resolved.text("working_dir").unwrap_or(".")),
            staging: Staging::default(),
            stdout: printed("stdout")?,
            stderr: printed("stderr")?,
            credentials: credentials.then(|| self.aws(resolved.object)),
        })
    }

    /// A place that an attribute names: in S3 as the object reaches it, or on this machine.
    pub(super) fn located(&self, resolved: &Resolved<'a>, text: &str) -> Result<Place, String> {
        if !text.contains("://") {
            return Ok(Place::File(self.directory.join(text)));
        }
        Ok(Place::S3(Box::new(S3Place {
            settings: self.aws(resolved.object),
            at: Location::parse(text)?,
            encryption: Encryption::Bucket,
            manifest: None,
        })))
    }

    fn staging(&self, resolved: &ResolvedActivity<'a>) -> Result<Staging, String> {
        let object = resolved.activity.object;
        let mut staging = Staging::default();
        for nodes in in_order(object, "input", &resolved.inputs) {
            staging.inputs.push(self.places(nodes)?);
        }
        for nodes in in_order(object, "output", &resolved.outputs) {
            let [node] = nodes else {
                return Err(format!(
                    "`stage` puts what the command leaves to one data node, and the interval of `{}` overlaps {} of those that it writes. Give that data node the schedule of the activity",
                    object.address,
                    nodes.len()
                ));
            };
            let place = self.place(node)?;
            let left = match place {
                Some(place) => {
                    not_listed(node, &place)?;
                    let compression = self.packed(node, &place)?;
                    Some(Left {
                        place,
                        compression,
                        accumulates: node.boolean("accumulate"),
                    })
                }
                None => None,
            };
            staging.outputs.push(left);
        }
        Ok(staging)
    }

    /// The places of the instances of a data node, each with the name that it has among them. `None`: it has none, as a table.
    pub(super) fn places(
        &self,
        nodes: &[Resolved<'a>],
    ) -> Result<Option<Vec<(String, Place)>>, String> {
        let mut places = Vec::new();
        for node in nodes {
            let Some(place) = self.place(node)? else {
                return Ok(None);
            };
            places.push((name_of(node.interval), place));
        }
        Ok(Some(places))
    }

    /// Where the logs of an attempt are put, if its activity or its pipeline says so.
    pub(super) fn archive(
        &self,
        resolved: &ResolvedActivity<'a>,
        of: Try,
    ) -> Result<Option<Archive>, String> {
        let activity = &resolved.activity;
        let Some(uri) = self.log_uri(activity, of)? else {
            return Ok(None);
        };
        let base = self.located(activity, &as_many(uri))?;
        Ok(Some(Archive(base.below(&Self::layout(activity, of)))))
    }

    /// The same of an attempt whose work cannot be put together, as long as its attributes can be evaluated.
    pub fn archive_of(&self, key: &InstanceKey, of: Try) -> Option<Archive> {
        let resolved = self.resolver.activity(&key.object, key.interval, of);
        self.archive(&resolved.ok()?, of).ok().flatten()
    }

    /// Where the logs of an activity go: what it says itself, else its pipeline.
    pub(super) fn log_uri(
        &self,
        activity: &Resolved<'a>,
        of: Try,
    ) -> Result<Option<String>, String> {
        let uri = match activity.text("log_uri") {
            Some(own) => Some(own.to_owned()),
            None => self.of_pipeline(activity, "log_uri", of)?,
        };
        Ok(uri.filter(|uri| !uri.is_empty()))
    }

    /// What tells an attempt from all others below a place that is shared.
    pub(super) fn layout(activity: &Resolved<'a>, of: Try) -> String {
        let object = activity.object;
        let pipeline = object.pipeline.as_ref();
        let pipeline = pipeline.map_or("", |pipeline| pipeline.as_str());
        let start = activity.interval.start.strftime("%Y-%m-%dT%H:%M:%S%.f");
        layout(
            pipeline.strip_prefix("pipeline.").unwrap_or(pipeline),
            object.address.name(),
            &start.to_string(),
            of.attempt,
        )
    }
}

/// A place that means all that is below it.
pub(super) fn as_many(mut uri: String) -> String {
    if !uri.ends_with('/') {
        uri.push('/');
    }
    uri
}

/// What the name of an instance is among those of its data node.
fn name_of(interval: Interval) -> String {
    interval.start.strftime("%Y-%m-%dT%H-%M-%S%.fZ").to_string()
}

/// The data nodes of an attribute in their order.
pub(super) fn in_order<'n, 'a>(
    object: &Object,
    attribute: &str,
    nodes: &'n Nodes<'a>,
) -> Vec<&'n [Resolved<'a>]> {
    let names = object.references(attribute).into_iter();
    names
        .filter_map(|(name, _)| nodes.get(&name).map(Vec::as_slice))
        .collect()
}

fn environment(resolved: &Resolved<'_>) -> BTreeMap<String, String> {
    let Some(Value::Map(map) | Value::Object(map)) = resolved.get("environment") else {
        return BTreeMap::new();
    };
    let texts = map.iter().filter_map(|(name, value)| {
        let (value, _) = value.clone().unmark_deep();
        match value {
            Value::String(text) => Some((name.to_string(), text.to_string())),
            _ => None,
        }
    });
    texts.collect()
}
