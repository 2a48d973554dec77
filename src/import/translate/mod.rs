//! From definitions to HCL that people would have written.
//!
//! A definition becomes a file with one `pipeline` block that holds all its objects, a file of variables, one of their values, and a
//! file for each long script. What `Default` says is set on the pipeline; what other parents say is written out where it is inherited. Everything has a place, or
//! a finding that says that it has none.

mod blocks;
mod completed;
mod formula;
mod hcl;
mod identifiers;
mod index;
mod kept;
mod layout;
mod literals;
mod locals;
mod names;
mod notes;
mod objects;
mod parameters;
mod parents;
mod parts;
mod pipeline;
mod references;
mod scripts;
mod secrets;
mod shell;
mod values;
mod varying;

use std::collections::BTreeSet;

use super::definition::Definition;
use crate::diag::Diagnostics;
use crate::objects::Kind;
pub use identifiers::unique;
use index::Index;
use locals::Locals;
use objects::Objects;
pub use parameters::WHERE_THE_SECRET_IS;
pub use parameters::parameter_id;
pub use parameters::parameter_type;
use scripts::Scripts;
use secrets::Places;
pub use shell::is_only_expanded;

/// The texts of a definition that nobody may see, as they stand there.
pub fn hidden(definition: &Definition) -> BTreeSet<String> {
    completed::hidden(definition)
}

/// A file of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path, relative to the root module.
    pub name: String,
    /// Its text, in the canonical format.
    pub text: String,
}

/// Translates definitions that all become pipelines of one root module, so that no two pipelines and no two variables get the same
/// name, and no two secrets the same place.
#[derive(Debug, Default)]
pub struct Translator {
    pipelines: BTreeSet<String>,
    variables: BTreeSet<String>,
    secrets: Places,
    /// Variables that the root module has already, and their files.
    declared: Vec<(String, String)>,
}

impl Translator {
    /// One for a root module that has these variables already, in these files.
    pub fn beside(declared: Vec<(String, String)>) -> Self {
        Self {
            declared,
            ..Self::default()
        }
    }

    /// The files of a definition. `found` gets what has no place in HCL as it was; with errors among that the files are not whole.
    pub fn translate(&mut self, definition: &Definition, found: &mut Diagnostics) -> Vec<File> {
        let Some(pipeline) = crate::objects::registry::find(Kind::Pipeline, "") else {
            return Vec::new();
        };
        let name = self.name(definition);
        let definition = &completed::completed(definition, found);
        if found.has_errors() {
            return Vec::new();
        }
        let index = Index::new(definition);
        let mut taken = self.taken(&name);
        let variables = parameters::variables(definition, &mut taken, &mut self.secrets);
        let names = variables.values().map(|variable| variable.name.clone());
        self.variables.extend(names);
        let locals = Locals::new(&definition.stack, &variables);
        let mut objects = Objects {
            index: &index,
            variables: &variables,
            locals: &locals,
            found,
            environment: Vec::new(),
            secrets: &mut self.secrets,
            scripts: Scripts::new(&name),
            parts: BTreeSet::new(),
            unfit: BTreeSet::new(),
            nested: Vec::new(),
            kept_as_text: BTreeSet::new(),
        };
        let block = objects.pipeline(&name, pipeline);
        let scripts = objects.scripts.files;
        let mut files = vec![File {
            name: format!("{name}.pipe.hcl"),
            text: layout::file(&[block]),
        }];
        if !variables.is_empty() {
            files.push(File {
                name: variables_file(&name),
                text: layout::file(&parameters::blocks(definition, &variables)),
            });
        }
        if let Some(text) = parameters::values(definition, &variables, found) {
            files.push(File {
                name: format!("{name}.auto.pipevars"),
                text,
            });
        }
        files.extend(scripts);
        files
    }

    /// The names that variables of a pipeline cannot get. Those in the file that is written anew are free.
    fn taken(&self, pipeline: &str) -> BTreeSet<String> {
        let own = variables_file(pipeline);
        let declared = self.declared.iter().filter(|(_, file)| *file != own);
        let declared = declared.map(|(name, _)| name.clone());
        declared.chain(self.variables.iter().cloned()).collect()
    }

    /// What the pipeline of a definition is called.
    fn name(&mut self, definition: &Definition) -> String {
        let id = definition.id.as_deref();
        let label = definition.name.as_deref().or(id).unwrap_or("pipeline");
        let name = match (identifiers::snake_case(label), id) {
            (name, Some(id)) if name == identifiers::UNNAMED => identifiers::snake_case(id),
            (name, _) => name,
        };
        unique(identifiers::short(&name), &mut self.pipelines)
    }
}

fn variables_file(pipeline: &str) -> String {
    format!("{pipeline}.variables.pipe.hcl")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostic;
    use crate::diag::FileId;
    use crate::import::definition;

    #[test]
    fn a_path_that_becomes_another_one_is_told() {
        let text = r#"{"objects": [
            {"id": "Default", "scheduleType": "ondemand"},
            {"id": "In", "type": "S3DataNode", "directoryPath": "s3://acme/#{@pipelineId}/in/"},
            {"id": "Work", "type": "ShellCommandActivity", "command": "echo #{@pipelineId}", "input": {"ref": "In"}, "workerGroup": "w"}
        ]}"#;
        let (definitions, mut found) = definition::read(FileId::default(), text);
        let files = Translator::default().translate(definitions.first().unwrap(), &mut found);
        assert!(files[0].text.contains("\"s3://acme/${run.pipeline}/in/\""));
        let told: Vec<&str> = found.iter().map(|one| one.summary.as_str()).collect();
        assert_eq!(told, ["Path with the id of the pipeline"]);
    }

    #[test]
    fn a_cluster_has_its_actions_but_for_those_that_give_up_instances() {
        let text = r#"{"objects": [
            {"id": "Default", "scheduleType": "cron", "schedule": {"ref": "Daily"}},
            {"id": "Daily", "type": "Schedule", "period": "1 day", "startDateTime": "2026-11-01T00:00:00"},
            {"id": "Big", "type": "EmrCluster", "releaseLabel": "emr-7.5.0", "onFail": {"ref": "Tell"},
             "onSuccess": [{"ref": "Tell"}, {"ref": "Stop"}], "lateAfterTimeout": "2 hours",
             "onLateAction": [{"ref": "Stop"}, {"ref": "Tell"}]},
            {"id": "Tell", "type": "SnsAlarm", "topicArn": "arn:aws:sns:us-east-1:111122223333:t", "subject": "s", "message": "m"},
            {"id": "Stop", "type": "Terminate"},
            {"id": "Work", "type": "EmrActivity", "step": "s3://acme/x.jar", "runsOn": {"ref": "Big"}}
        ]}"#;
        let (definitions, mut found) = definition::read(FileId::default(), text);
        let files = Translator::default().translate(definitions.first().unwrap(), &mut found);
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = files[0].text.lines().map(words).collect();
        for expected in [
            "on_fail = [action.tell]",
            "on_success = [action.tell]",
            "on_late = [action.tell]",
            "late_after = \"2 hours\"",
        ] {
            assert!(lines.iter().any(|line| line == expected), "{lines:#?}");
        }
        let left_out = |one: &&Diagnostic| one.summary == "Reference left out";
        assert_eq!(found.iter().filter(left_out).count(), 2);
    }

    #[test]
    fn each_secret_has_a_place_of_its_own() {
        let database = |id: &str, address: &str, password: &str| {
            format!(
                r#"{{"id": "{id}", "type": "JdbcDatabase", "connectionString": "jdbc:mysql://h/x{address}", "jdbcDriverClass": "d", "username": "u", "*password": "{password}"}},
                {{"id": "Sql{password}", "type": "SqlActivity", "database": {{"ref": "{id}"}}, "script": "select 1", "workerGroup": "w"}}"#
            )
        };
        let definition = |objects: &[String]| {
            let text = format!(
                r#"{{"objects": [{{"id": "Default", "scheduleType": "ondemand"}}, {}]}}"#,
                objects.join(", ")
            );
            let (definitions, found) = definition::read(FileId::default(), &text);
            (definitions.into_iter().next().unwrap(), found)
        };
        let (first, mut found) = definition(&[
            database("Db", "?password=one1Secret", "two2Secret"),
            database("db", "", "three3Secret"),
            database("DB", "", "four4Secret"),
        ]);
        let (second, _) = definition(&[
            database("Db", "", "two2Secret"),
            database("db", "?password=five5Secret", "six6Secret"),
        ]);
        let mut translator = Translator::default();
        let mut files = translator.translate(&first, &mut found);
        files.extend(translator.translate(&second, &mut found));
        let text: String = files.into_iter().map(|file| file.text).collect();
        let places = text.match_indices("\"env://").map(|(at, _)| {
            let place = text.get(at + 1..).unwrap_or_default();
            place.split('"').next().unwrap_or_default()
        });
        let places: Vec<&str> = places.collect();
        let distinct: BTreeSet<&str> = places.iter().copied().collect();
        assert_eq!((places.len(), distinct.len()), (7, 6), "{places:?}");
        // One that both definitions have is one.
        let both = |place: &&&str| **place == "env://DB_PASSWORD_2";
        assert_eq!(places.iter().filter(both).count(), 2, "{places:?}");
    }

    #[test]
    fn files_that_runs_add_to_a_directory_stay_there() {
        let out = |activity: &str, out: &str| {
            let text = format!(
                r#"{{"objects": [
                {{"id": "Default", "scheduleType": "cron", "schedule": {{"ref": "Daily"}}, "workerGroup": "w"}},
                {{"id": "Daily", "type": "Schedule", "period": "1 day", "startDateTime": "2026-11-01T00:00:00"}},
                {{"id": "In", "type": "S3DataNode", "filePath": "s3://acme/#{{format(@scheduledStartTime, 'YYYY-MM-dd')}}.csv"}},
                {{"id": "Out", "type": "S3DataNode", {out}}},
                {{"id": "Work", {activity}, "input": {{"ref": "In"}}, "output": {{"ref": "Out"}}}}
            ]}}"#
            );
            let (definitions, mut found) = definition::read(FileId::default(), &text);
            let files = Translator::default().translate(definitions.first().unwrap(), &mut found);
            ["accumulate", "overwrite"].map(|name| {
                let set = |line: &&str| line.trim_start().starts_with(name);
                files[0].text.lines().filter(set).count()
            })
        };
        let copy = r#""type": "CopyActivity""#;
        let command = r#""type": "ShellCommandActivity", "command": "true", "stage": "true""#;
        for activity in [copy, command] {
            assert_eq!(
                out(activity, r#""directoryPath": "s3://acme/archive""#),
                [1, 0]
            );
            let by_month =
                r#""directoryPath": "s3://acme/#{format(@scheduledStartTime, 'YYYY/MM')}""#;
            assert_eq!(out(activity, by_month), [1, 0]);
            assert_eq!(out(activity, r#""filePath": "s3://acme/last.csv""#), [0, 1]);
            let by_day =
                r#""directoryPath": "s3://acme/#{format(@scheduledStartTime, 'YYYY-MM-dd')}""#;
            assert_eq!(out(activity, by_day), [0, 0]);
        }
    }
}
