//! `activity "hive"`: a script, with the tables that it uses around it.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use sha2::Digest as _;
use sha2::Sha256;

use super::super::ExecError;
use super::super::emr::Step;
use super::super::preflight::Need;
use super::super::sql::Script;
use super::command;
use super::scripts::Depot;
use super::scripts::Reached;
use super::scripts::text;
use super::settings;
use super::statements::any_begins;
use super::statements::is_open;
use super::tables::Dialect;
use super::tables::Placed;
use super::tables::Statements;
use super::tables::Table;
use crate::connect::place::Place;

/// A Hive script with everything resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Hive {
    /// The script.
    pub script: Script,
    /// Whether `${input1}` and the like are tables.
    pub stage: bool,
    /// What it reads: `${input1}`, `${input2}`, ….
    pub inputs: Vec<Staged>,
    /// What it writes: `${output1}`, ….
    pub outputs: Vec<Staged>,
    /// Values for it: names and texts.
    pub variables: Vec<(String, String)>,
    /// The queue of the cluster's scheduler.
    pub queue: Option<String>,
}

/// A data node that may be a table of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Staged {
    /// How it is a table, or why it cannot be one.
    pub table: Result<Table, String>,
    /// Where its files are, for each of its intervals, with their names.
    pub places: Vec<(String, Place)>,
    /// Whether what other intervals have put there stays.
    pub accumulates: bool,
}

/// A data node that a script does use as a table.
pub(super) struct Used<'h> {
    /// The variable, e.g. `input1`.
    pub(super) variable: String,
    /// Its number among the inputs, or among the outputs, from 0.
    pub(super) number: usize,
    pub(super) table: &'h Table,
    pub(super) places: &'h [(String, Place)],
    pub(super) written: bool,
}

/// A script with its tables.
pub(super) struct Whole {
    pub(super) text: String,
    /// Its variables, those of tables first.
    pub(super) variables: Vec<(String, String)>,
}

impl Hive {
    pub(super) fn needs(&self) -> BTreeSet<Need> {
        let script = match &self.script {
            Script::Text(_) => None,
            Script::At(place) => Some(Need::readable(place)),
        };
        let outputs = self.outputs.iter().flat_map(|staged| &staged.places);
        let inputs = self.inputs.iter().flat_map(|staged| &staged.places);
        script
            .into_iter()
            .chain(outputs.map(|(_, place)| Need::writable(place)))
            .chain(inputs.filter_map(|(_, place)| Need::reachable(place)))
            .collect()
    }

    /// The data nodes that a script uses as tables.
    pub(super) fn used(&self, script: &str) -> Result<Vec<Used<'_>>, ExecError> {
        let inputs = self.inputs.iter().enumerate();
        let inputs = inputs.map(|(number, staged)| (number, staged, false));
        let outputs = self.outputs.iter().enumerate();
        let outputs = outputs.map(|(number, staged)| (number, staged, true));
        let mut used = Vec::new();
        for (number, staged, written) in inputs.chain(outputs) {
            let word = if written { "output" } else { "input" };
            let variable = format!("{word}{}", number + 1);
            if !self.stage || !mentions(script, &variable) {
                continue;
            }
            let table = staged.table.as_ref().map_err(|why| {
                ExecError::ForGood(format!("`${{{variable}}}` cannot be a table: {why}"))
            })?;
            used.push(Used {
                variable,
                number,
                table,
                places: &staged.places,
                written,
            });
        }
        Ok(used)
    }

    /// The script with the statements for its tables. `directories` says where the files of each are.
    pub(super) fn whole(
        &self,
        script: &str,
        used: &[(Used<'_>, Vec<(String, String)>)],
        dialect: Dialect,
        attempt: &str,
    ) -> Result<Whole, ExecError> {
        // The same for all attempts of an instance, so that what one has left is dropped by the next.
        let instance = attempt.rsplit_once('#');
        let instance = instance.map_or(attempt, |(instance, _)| instance);
        let mark = HEXLOWER.encode(Sha256::digest(instance).get(..6).unwrap_or_default());
        // Then it leaves the database in which the tables are.
        let goes_elsewhere = any_begins(script, dialect, "use");
        let mut statements = Statements::default();
        let mut variables = Vec::new();
        for (used, directories) in used {
            let name = format!("pipeform_{mark}_{}", used.variable);
            let placed = Placed {
                table: used.table,
                name: name.clone(),
                directories: directories.clone(),
                written: used.written,
            };
            statements.add(&placed, dialect).map_err(|why| {
                ExecError::ForGood(format!(
                    "`{}` cannot be the table `${{{}}}`: {why}",
                    used.table.address, used.variable
                ))
            })?;
            let name = if goes_elsewhere {
                format!("default.{name}")
            } else {
                name
            };
            variables.push((used.variable.clone(), name));
        }
        let back = if goes_elsewhere && !statements.after.is_empty() {
            "USE default;\n"
        } else {
            ""
        };
        variables.extend(self.variables.iter().cloned());
        let end = if is_open(script, dialect) { ";\n" } else { "" };
        Ok(Whole {
            text: format!(
                "{}{}\n{end}{back}{}",
                statements.before,
                script.trim_end(),
                statements.after
            ),
            variables,
        })
    }

    /// The step that runs it on a cluster.
    pub(super) async fn on_cluster(
        &self,
        name: &str,
        depot: &Depot<'_>,
    ) -> Result<Step, ExecError> {
        if !self.stage
            && let Script::At(place @ Place::S3(_)) = &self.script
        {
            let there = Reached::At(place.to_string());
            return Ok(self.step_of(name, there, &self.variables));
        }
        let script = text(&self.script, depot.ctx).await?;
        let mut used = Vec::new();
        for one in self.used(&script)? {
            let directories = directories(&one)?;
            used.push((one, directories));
        }
        let whole = self.whole(&script, &used, Dialect::Hive, &depot.ctx.attempt_id)?;
        let step = |reached| self.step_of(name, reached, &whole.variables);
        depot.script("script.hql", whole.text, step).await
    }

    fn step_of(&self, name: &str, script: Reached, variables: &[(String, String)]) -> Step {
        let mut words: Vec<String> = match script {
            Reached::At(place) => {
                let words = ["hive-script", "--run-hive-script", "--args", "-f"];
                words
                    .map(str::to_owned)
                    .into_iter()
                    .chain([place])
                    .collect()
            }
            Reached::Told(text) => vec!["hive".to_owned(), "-e".to_owned(), text],
        };
        let queue = self.queue.iter().flat_map(|queue| {
            ["mapreduce.job.queuename", "tez.queue.name"].map(|name| (name, queue.as_str()))
        });
        words.extend(settings("-hiveconf", queue));
        words.extend(settings("-d", pairs(variables)));
        command(name, words)
    }
}

/// Where a cluster finds the files of a table.
fn directories(used: &Used<'_>) -> Result<Vec<(String, String)>, ExecError> {
    let mut directories = Vec::new();
    for (instance, place) in used.places {
        let why = match place {
            Place::File(_) => "is on this machine, where no cluster reads",
            Place::S3(s3) if s3.manifest.is_some() => {
                "has a manifest, and a table is all files below a prefix"
            }
            Place::S3(_) if !place.is_many() => {
                "is one file, and a table is all files below a prefix. Let its path end in `/`"
            }
            Place::S3(_) => {
                directories.push((instance.clone(), place.to_string()));
                continue;
            }
        };
        return Err(ExecError::ForGood(format!(
            "`${{{}}}` cannot be a table: `{place}` of `{}` {why}",
            used.variable, used.table.address
        )));
    }
    Ok(directories)
}

pub(super) fn pairs(variables: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

/// Whether a script uses a variable.
pub(super) fn mentions(script: &str, variable: &str) -> bool {
    ["", "hivevar:"]
        .iter()
        .any(|space| script.contains(&format!("${{{space}{variable}}}")))
}

#[cfg(test)]
mod tests {
    use super::super::tables::Layout;
    use super::*;
    use crate::connect::aws::Settings;
    use crate::connect::place::S3Place;
    use crate::connect::s3::Encryption;
    use crate::connect::s3::Location;

    fn staged(place: Place) -> Staged {
        Staged {
            table: Ok(Table {
                address: "data_node.clicks".to_owned(),
                layout: Layout::JsonLines,
                columns: vec![("day".to_owned(), "STRING".to_owned())],
                compression: None,
            }),
            places: vec![("a".to_owned(), place)],
            accumulates: false,
        }
    }

    fn s3(text: &str) -> Place {
        Place::S3(Box::new(S3Place {
            settings: Settings::default(),
            at: Location::parse(text).unwrap(),
            encryption: Encryption::Bucket,
            manifest: None,
        }))
    }

    fn hive(script: &str, input: Staged) -> Hive {
        Hive {
            script: Script::Text(script.to_owned()),
            stage: true,
            inputs: vec![input],
            outputs: Vec::new(),
            variables: vec![("day".to_owned(), "2026-11-24".to_owned())],
            queue: Some("nightly".to_owned()),
        }
    }

    #[test]
    fn a_script_stands_between_the_statements_of_its_tables() {
        let text = "SELECT * FROM ${input1}";
        let hive = hive(text, staged(s3("s3://acme/in/")));
        let used = hive.used(text).unwrap();
        let used = used.into_iter().map(|used| {
            let directories = directories(&used).unwrap();
            (used, directories)
        });
        let used: Vec<_> = used.collect();
        let whole = hive.whole(text, &used, Dialect::Hive, "attempt").unwrap();
        assert!(
            whole
                .text
                .contains("LOCATION 's3://acme/in/';\nSELECT * FROM ${input1}\n;\nDROP TABLE")
        );
        assert!(
            whole.variables[0].1.starts_with("pipeform_")
                && whole.variables[0].1.ends_with("_input1")
        );
        let step = hive.step_of(
            "report",
            Reached::At("s3://acme/x.hql".to_owned()),
            &hive.variables,
        );
        assert_eq!(
            step.args.join(" "),
            "hive-script --run-hive-script --args -f s3://acme/x.hql -hiveconf mapreduce.job.queuename=nightly -hiveconf tez.queue.name=nightly -d day=2026-11-24"
        );
        let step = hive.step_of("report", Reached::Told("SELECT 1".to_owned()), &[]);
        assert_eq!(step.args[..3].join("|"), "hive|-e|SELECT 1");
    }

    /// The script with the statements of its tables.
    fn whole(text: &str, attempt: &str) -> Whole {
        let hive = hive(text, staged(s3("s3://acme/in/")));
        let used = hive.used(text).unwrap();
        let used = used.into_iter().map(|used| {
            let directories = directories(&used).unwrap();
            (used, directories)
        });
        let used: Vec<_> = used.collect();
        hive.whole(text, &used, Dialect::Hive, attempt).unwrap()
    }

    #[test]
    fn a_script_that_goes_to_another_database_finds_its_tables() {
        let elsewhere = whole("-- reports\nuse reports;\nSELECT * FROM ${input1};", "a#1");
        let name = &elsewhere.variables[0].1;
        assert!(name.starts_with("default.pipeform_"), "{name}");
        assert!(
            elsewhere
                .text
                .contains("${input1};\nUSE default;\nDROP TABLE"),
            "{}",
            elsewhere.text
        );
        let here = whole("SELECT used FROM ${input1} -- use it", "a#1");
        let name = &here.variables[0].1;
        assert!(name.starts_with("pipeform_"), "{name}");
        assert!(!here.text.contains("USE default"), "{}", here.text);
    }

    #[test]
    fn what_comes_after_a_script_is_no_part_of_its_last_statement() {
        for (script, expected) in [
            ("SELECT * FROM ${input1} -- all;", "-- all;\n;\nDROP TABLE"),
            ("SELECT * FROM ${input1}; -- all", "; -- all\nDROP TABLE"),
            ("SELECT '; use x' FROM ${input1};", "${input1};\nDROP TABLE"),
        ] {
            let text = whole(script, "a#1").text;
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn an_attempt_drops_what_the_one_before_has_left() {
        let [first, again, other] = ["a@1#1", "a@1#12", "a@2#1"]
            .map(|attempt| whole("SELECT * FROM ${input1}", attempt).variables);
        assert_eq!(first[0], again[0]);
        assert_ne!(first[0], other[0]);
    }

    #[test]
    fn what_a_script_does_not_use_need_not_be_a_table() {
        let mut input = staged(s3("s3://acme/in/"));
        input.table = Err("it has no `format`".to_owned());
        let hive = hive("", input);
        assert!(hive.used("SELECT 1; -- input1").unwrap().is_empty());
        let error = hive.used("SELECT * FROM ${hivevar:input1}").err().unwrap();
        assert_eq!(
            error.to_string(),
            "`${input1}` cannot be a table: it has no `format`"
        );
    }

    #[test]
    fn a_table_of_a_cluster_is_a_prefix_in_s3() {
        for (place, expected) in [
            (s3("s3://acme/in/one.csv"), "is one file"),
            (Place::File("/data/".into()), "is on this machine"),
        ] {
            let hive = hive("", staged(place));
            let used = hive.used("${input1}").unwrap();
            let error = directories(&used[0]).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
