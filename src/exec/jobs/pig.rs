//! `activity "pig"`: a script, with the places of its data as parameters.

use std::collections::BTreeSet;

use super::super::ExecError;
use super::super::emr::Step;
use super::super::preflight::Need;
use super::super::sql::Script;
use super::command;
use super::hive::mentions;
use super::hive::pairs;
use super::scripts::Depot;
use super::scripts::Reached;
use super::scripts::text;
use super::settings;
use crate::connect::place::Place;

/// Writes its first argument into a file, and has Pig run that.
const TOLD: &str =
    "file=$(mktemp) && printf %s \"$1\" >\"$file\" && shift && exec pig -f \"$file\" \"$@\"";

/// A Pig script with everything resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Pig {
    /// The script.
    pub script: Script,
    /// The places of its data, if they are staged.
    pub data: Vec<Parameter>,
    /// Values for it: names and texts.
    pub variables: Vec<(String, String)>,
}

/// Data as a parameter of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// `INPUT1`, `OUTPUT1`, ….
    pub name: String,
    /// The places, with commas between them, as `LOAD` takes them; or why a script cannot be told.
    pub value: Result<String, String>,
}

impl Pig {
    pub(super) fn needs(&self) -> BTreeSet<Need> {
        match &self.script {
            Script::Text(_) => BTreeSet::new(),
            Script::At(place) => [Need::readable(place)].into(),
        }
    }

    /// The step that runs it.
    pub(super) async fn on_cluster(
        &self,
        name: &str,
        depot: &Depot<'_>,
    ) -> Result<Step, ExecError> {
        if self.data.is_empty()
            && let Script::At(place @ Place::S3(_)) = &self.script
        {
            return Ok(self.step_of(name, Reached::At(place.to_string()), &[]));
        }
        let script = text(&self.script, depot.ctx).await?;
        let data = self.parameters(&script)?;
        let step = |reached| self.step_of(name, reached, &data);
        match &self.script {
            Script::At(place @ Place::S3(_)) => Ok(step(Reached::At(place.to_string()))),
            _ => depot.script("script.pig", script, step).await,
        }
    }

    /// The data that a script uses, by the names that it uses for it: AWS writes them both ways.
    fn parameters(&self, script: &str) -> Result<Vec<(String, String)>, ExecError> {
        let mut found = Vec::new();
        for Parameter { name, value } in &self.data {
            for name in [name.clone(), name.to_lowercase()] {
                if !mentions(script, &name) && !script.contains(&format!("${name}")) {
                    continue;
                }
                let value = value.as_ref().map_err(|why| {
                    ExecError::ForGood(format!("`${{{name}}}` cannot be a place: {why}"))
                })?;
                found.push((name, value.clone()));
            }
        }
        Ok(found)
    }

    fn step_of(&self, name: &str, script: Reached, data: &[(String, String)]) -> Step {
        let mut words: Vec<String> = match script {
            Reached::At(place) => {
                let words = ["pig-script", "--run-pig-script", "--args", "-f"];
                words
                    .map(str::to_owned)
                    .into_iter()
                    .chain([place])
                    .collect()
            }
            Reached::Told(text) => {
                let words = ["bash", "-c", TOLD, "pig"];
                words.map(str::to_owned).into_iter().chain([text]).collect()
            }
        };
        words.extend(settings("-p", pairs(data)));
        words.extend(settings("-p", pairs(&self.variables)));
        command(name, words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pig(value: Result<&str, &str>) -> Pig {
        Pig {
            script: Script::Text(String::new()),
            data: vec![Parameter {
                name: "INPUT1".to_owned(),
                value: value.map(str::to_owned).map_err(str::to_owned),
            }],
            variables: vec![("day".to_owned(), "a b".to_owned())],
        }
    }

    #[test]
    fn data_and_values_are_parameters() {
        let pig = pig(Ok("s3://acme/a/,s3://acme/b/"));
        let data = pig.parameters("x = LOAD '${INPUT1}';").unwrap();
        let step = pig.step_of("clean", Reached::At("s3://acme/x.pig".to_owned()), &data);
        assert_eq!(
            step.args.join("|"),
            "pig-script|--run-pig-script|--args|-f|s3://acme/x.pig|-p|INPUT1=s3://acme/a/,s3://acme/b/|-p|day=a b"
        );
        let data = pig.parameters("x = LOAD '$input1';").unwrap();
        assert_eq!(data[0].0, "input1");
        let told = pig.step_of("clean", Reached::Told("DUMP x;".to_owned()), &[]);
        assert_eq!(told.args[3..].join("|"), "pig|DUMP x;|-p|day=a b");
    }

    #[test]
    fn data_without_a_place_is_no_mistake_until_it_is_used() {
        let pig = pig(Err("it is a table"));
        assert!(pig.parameters("DUMP x;").unwrap().is_empty());
        let error = pig.parameters("LOAD '${INPUT1}'").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`${INPUT1}` cannot be a place: it is a table"
        );
    }
}
