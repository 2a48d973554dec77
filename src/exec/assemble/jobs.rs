//! What activities on clusters need: their programs, their data as tables or places, and where they run.

use std::collections::BTreeMap;

use super::Assembler;
use super::command::as_many;
use super::command::in_order;
use super::required;
use crate::connect::place::Place;
use crate::exec::emr::SCRIPT_RUNNER;
use crate::exec::emr::Step;
use crate::exec::jobs;
use crate::exec::jobs::Code;
use crate::exec::jobs::Hive;
use crate::exec::jobs::Job;
use crate::exec::jobs::Layout;
use crate::exec::jobs::LocalSpark;
use crate::exec::jobs::On;
use crate::exec::jobs::Parameter;
use crate::exec::jobs::Pig;
use crate::exec::jobs::Program;
use crate::exec::jobs::Spark;
use crate::exec::jobs::Staged;
use crate::exec::jobs::Table;
use crate::exec::sql::Script;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::ResolvedActivity;
use crate::objects::resolve::Try;
use crate::objects::settings;
use crate::objects::steps;
use crate::objects::tables;

impl<'a> Assembler<'a> {
    /// What an activity on a cluster does, and where.
    pub(super) fn job(&self, resolved: &ResolvedActivity<'a>, of: Try) -> Result<Job, String> {
        let activity = &resolved.activity;
        let on = self.on(resolved, of)?;
        let name = activity.object.address.name().to_owned();
        let mut job = Job {
            program: self.program(resolved, &on)?,
            before: Vec::new(),
            after: Vec::new(),
            name,
            on,
        };
        if matches!(job.on, On::Cluster { .. }) {
            job.before = around(activity, "pre_activity_task_config", "pre_step_command");
            job.after = around(activity, "post_activity_task_config", "post_step_command");
        } else if ["pre_activity_task_config", "post_activity_task_config"]
            .iter()
            .any(|block| activity.get(block).is_some())
        {
            return Err("`pre_activity_task_config` and `post_activity_task_config` are run by a cluster, and it is told to run on this machine".to_owned());
        }
        Ok(job)
    }

    fn program(&self, resolved: &ResolvedActivity<'a>, on: &On) -> Result<Program, String> {
        let activity = &resolved.activity;
        Ok(match activity.object.object_type.name {
            "emr" => Program::Steps(steps(activity)?),
            "hadoop" => Program::Steps(vec![hadoop(activity)?]),
            "hive" => Program::Hive(self.hive(resolved, on)?),
            "hive_copy" => Program::Hive(self.hive_copy(resolved)?),
            "pig" => Program::Pig(self.pig(resolved)?),
            _ => Program::Spark(self.spark(activity, on)?),
        })
    }

    /// Where an activity runs.
    fn on(&self, resolved: &ResolvedActivity<'a>, of: Try) -> Result<On, String> {
        let object = resolved.activity.object;
        if let Some(cluster) = self.cluster(resolved, of)? {
            return Ok(On::Cluster {
                cluster: Box::new(cluster),
                kept: self.kept(resolved, of)?,
            });
        }
        let objects = self.resolver.objects;
        let spark = match settings::inherited(objects, object, "runs_on") {
            Some(Value::Ref(on)) => objects.get(&Address::new(on.address.clone())),
            _ => None,
        };
        let spark = spark.filter(|spark| spark.object_type.name == "local_spark");
        let spark = spark.ok_or_else(|| {
            format!(
                "`{}` has no `runs_on` that says on which cluster it runs",
                object.address
            )
        })?;
        let run = resolved.activity.run.clone();
        let spark = self
            .resolver
            .served_by(&spark.address, run, resolved.activity.interval, of)
            .map_err(|diagnostics| self.resolver.sentences(&diagnostics))?;
        let spark = self.revealed(spark)?;
        let home = spark.text("spark_home");
        Ok(On::Local(Box::new(LocalSpark {
            spark_home: home.map(|home| self.directory.join(home)),
            master: required(&spark, "master")?,
            packages: spark.texts("packages"),
            properties: texts_by_name(spark.get("properties")),
            environment: texts_by_name(spark.get("environment")),
            inherited: self.inherited.clone(),
            working_dir: self.directory.to_path_buf(),
            aws: self.aws(object),
        })))
    }

    /// Where a cluster finds what is on this machine: `generated_scripts_path`, else where the logs go, if that is in S3.
    fn kept(&self, resolved: &ResolvedActivity<'a>, of: Try) -> Result<Option<Place>, String> {
        let activity = &resolved.activity;
        let place = match activity.text("generated_scripts_path") {
            Some(path) => {
                let place = self.located(activity, &as_many(path.to_owned()))?;
                Some(place.below(&Self::layout(activity, of)))
            }
            None => self.archive(resolved, of)?.map(|archive| archive.0),
        };
        Ok(place.filter(|place| matches!(place, Place::S3(_))))
    }

    fn script(&self, activity: &Resolved<'a>, own: &str) -> Result<Script, String> {
        match activity.text("script_uri") {
            Some(place) => self.located(activity, place).map(Script::At),
            None => required(activity, own).map(Script::Text),
        }
    }

    fn hive(&self, resolved: &ResolvedActivity<'a>, on: &On) -> Result<Hive, String> {
        let activity = &resolved.activity;
        let staged = |attribute: &str, nodes| -> Result<Vec<Staged>, String> {
            let of = tables::Use {
                written: attribute == "output",
                on_cluster: matches!(on, On::Cluster { .. }),
                copied: false,
            };
            let nodes = in_order(activity.object, attribute, nodes).into_iter();
            nodes.map(|nodes| self.staged(nodes, of)).collect()
        };
        Ok(Hive {
            script: self.script(activity, "hive_script")?,
            stage: activity.boolean("stage"),
            inputs: staged("input", &resolved.inputs)?,
            outputs: staged("output", &resolved.outputs)?
                .into_iter()
                .map(only_one)
                .collect(),
            variables: variables(activity),
            queue: activity.text("hadoop_queue").map(str::to_owned),
        })
    }

    /// The instances of a data node as a table.
    pub(super) fn staged(&self, nodes: &[Resolved<'a>], of: tables::Use) -> Result<Staged, String> {
        let Some(first) = nodes.first() else {
            return Ok(Staged {
                table: Err("its interval overlaps none of its data".to_owned()),
                places: Vec::new(),
                accumulates: false,
            });
        };
        let why_not = tables::why_not(self.resolver.objects, first.object, of);
        Ok(Staged {
            table: why_not.map_or_else(|| self.table_of(first), Err),
            places: self.places(nodes)?.unwrap_or_default(),
            accumulates: first.boolean("accumulate"),
        })
    }

    /// How a data node is a table of Hive, or why it cannot be one.
    fn table_of(&self, node: &Resolved<'a>) -> Result<Table, String> {
        let address = node.object.address.to_string();
        let format = node.object.reference("format");
        let format = format.and_then(|format| self.resolver.objects.get(&format));
        let Some(format) = format else {
            return Err(format!(
                "`{address}` has no `format`, which says what its columns are"
            ));
        };
        let format = Resolved {
            object: format,
            interval: node.interval,
            attributes: format.attributes.clone(),
            run: Value::NULL,
        };
        self.format(node)?; // its columns are looked at there
        let columns = columns(&format.texts("column"));
        let types = (node.object.object_type.name, format.object.object_type.name);
        let (layout, columns) = match types {
            ("dynamodb", "dynamodb_export") => (dynamo(node, &[])?, exported()),
            (_, "dynamodb_export") => (items(), exported()),
            ("dynamodb", _) => (dynamo(node, &columns)?, columns),
            (_, name) => (layout(&format, name)?, columns),
        };
        let compression = node.text("compression").filter(|it| *it != "none");
        Ok(Table {
            address,
            layout,
            columns,
            compression: compression.map(str::to_owned),
        })
    }

    fn pig(&self, resolved: &ResolvedActivity<'a>) -> Result<Pig, String> {
        let activity = &resolved.activity;
        let mut data = Vec::new();
        if activity.boolean("stage") {
            for (attribute, nodes) in [("input", &resolved.inputs), ("output", &resolved.outputs)] {
                let nodes = in_order(activity.object, attribute, nodes).into_iter();
                for (number, nodes) in (1..).zip(nodes) {
                    data.push(Parameter {
                        name: format!("{}{number}", attribute.to_uppercase()),
                        value: self.told(nodes)?,
                    });
                }
            }
        }
        Ok(Pig {
            script: self.script(activity, "script")?,
            data,
            variables: variables(activity),
        })
    }

    /// The places of the instances of a data node as one text, with commas between them.
    fn told(&self, nodes: &[Resolved<'a>]) -> Result<Result<String, String>, String> {
        let mut texts = Vec::new();
        for node in nodes {
            let why = match self.place(node)? {
                Some(place @ Place::S3(_)) => {
                    texts.push(place.to_string());
                    continue;
                }
                Some(Place::File(_)) => "is on this machine, where no cluster reads",
                None => "has no files",
            };
            return Ok(Err(format!("`{}` {why}", node.object.address)));
        }
        Ok(Ok(texts.join(",")))
    }

    fn spark(&self, activity: &Resolved<'a>, on: &On) -> Result<Spark, String> {
        let code = |text: &str| self.code(activity, text, on);
        let all = |name: &str| -> Result<Vec<Code>, String> {
            activity.texts(name).iter().map(|text| code(text)).collect()
        };
        let optional = |name: &str| activity.text(name).map(str::to_owned);
        Ok(Spark {
            main_file: code(&required(activity, "main_file")?)?,
            main_class: optional("main_class"),
            arguments: activity.texts("argument"),
            properties: texts_by_name(activity.get("properties")),
            py_files: all("py_files")?,
            jars: all("jars")?,
            packages: activity.texts("packages"),
            queue: optional("hadoop_queue"),
            deploy_mode: optional("deploy_mode"),
        })
    }

    /// Code that is brought to where it runs, unless it is there.
    fn code(&self, activity: &Resolved<'a>, text: &str, on: &On) -> Result<Code, String> {
        let in_s3 = text.starts_with("s3://");
        let there = match on {
            On::Cluster { .. } => text.contains("://") || text.starts_with('/'),
            On::Local(_) => text.contains("://") && !in_s3,
        };
        if there {
            return Ok(Code::There(text.to_owned()));
        }
        self.located(activity, text).map(Code::Here)
    }
}

/// What is run before or after the rest: the script of a block, and the commands of a list.
fn around(activity: &Resolved<'_>, block: &str, list: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(Value::Object(block)) = activity.get(block)
        && let Some(script) = block.get("script_uri").and_then(text_of)
    {
        let name = last_part(&script);
        let arguments = block.get("script_argument").map(texts_of);
        steps.push(Step {
            name,
            jar: SCRIPT_RUNNER.to_owned(),
            args: [script]
                .into_iter()
                .chain(arguments.unwrap_or_default())
                .collect(),
            ..Step::default()
        });
    }
    let commands = activity.texts(list);
    steps.extend(commands.into_iter().map(|command| {
        let words = ["bash".to_owned(), "-c".to_owned(), command];
        jobs::command(list, words)
    }));
    steps
}

/// The steps of `activity "emr"`.
fn steps(activity: &Resolved<'_>) -> Result<Vec<Step>, String> {
    let mut list = Vec::new();
    if let Some(Value::Tuple(blocks) | Value::List(blocks)) = activity.get("step") {
        for block in blocks.iter() {
            let Value::Object(block) = block else {
                continue;
            };
            let jar = block.get("jar").and_then(text_of).unwrap_or_default();
            let args = block.get("args").map(texts_of).unwrap_or_default();
            list.push(step(jar, args));
        }
    }
    for text in activity.texts("steps") {
        if let Some(mistake) = steps::mistake(&text) {
            return Err(mistake);
        }
        let mut parts = steps::parts(&text).into_iter();
        let jar = parts.next().unwrap_or_default();
        list.push(step(jar, parts.collect()));
    }
    Ok(list)
}

/// A step that is called what it runs.
fn step(jar: String, args: Vec<String>) -> Step {
    let runs = match last_part(&jar).as_str() {
        "command-runner.jar" | "script-runner.jar" => {
            args.first().map(|program| last_part(program))
        }
        _ => None,
    };
    Step {
        name: runs.unwrap_or_else(|| last_part(&jar)),
        jar,
        args,
        ..Step::default()
    }
}

fn last_part(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The step of `activity "hadoop"`.
fn hadoop(activity: &Resolved<'_>) -> Result<Step, String> {
    let jar = required(activity, "jar_uri")?;
    let queue = activity.text("hadoop_queue");
    Ok(Step {
        name: last_part(&jar),
        main_class: activity.text("main_class").map(str::to_owned),
        args: activity.texts("argument"),
        properties: queue
            .map(|queue| ("mapreduce.job.queuename".to_owned(), queue.to_owned()))
            .into_iter()
            .collect(),
        jar,
        tag: None,
    })
}

/// `NAME=value`, each.
fn variables(activity: &Resolved<'_>) -> Vec<(String, String)> {
    let texts = activity.texts("script_variable").into_iter();
    texts
        .map(|text| {
            let (name, value) = text.split_once('=').unwrap_or((&text, ""));
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// An output has one place; the schedules of both say how many there are.
pub(super) fn only_one(mut staged: Staged) -> Staged {
    if staged.places.len() > 1 {
        staged.table = Err(
            "the interval overlaps several of those that are written. Give the data node the schedule of the activity".to_owned(),
        );
    }
    staged
}

/// `name TYPE`, each.
fn columns(texts: &[String]) -> Vec<(String, String)> {
    let column = |text: &String| {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default().to_owned();
        (name, words.next().unwrap_or("STRING").to_uppercase())
    };
    texts.iter().map(column).collect()
}

/// The columns of items of `DynamoDB` as they are: one, with the text of each attribute by its name.
pub(super) fn exported() -> Vec<(String, String)> {
    vec![("item".to_owned(), "MAP<STRING,STRING>".to_owned())]
}

/// How files of such items are laid out: an item a line, with Hive's own characters between its attributes.
fn items() -> Layout {
    Layout::Separated {
        header: false,
        separator: "\t".to_owned(),
        escape: None,
    }
}

/// How the files of a format are laid out.
fn layout(format: &Resolved<'_>, name: &str) -> Result<Layout, String> {
    let header = format.boolean("header");
    let escape = format.text("escape_char");
    let escape = escape.and_then(|text| text.chars().next());
    if format.text("record_separator").is_some_and(|it| it != "\n") {
        return Err(format!(
            "the records of `{}` do not end with a line",
            format.object.address
        ));
    }
    Ok(match name {
        "csv" => Layout::Csv { header, escape },
        "json_lines" => Layout::JsonLines,
        "parquet" => {
            let pages = format.text("compression").unwrap_or("zstd");
            Layout::Parquet(pages.to_owned())
        }
        "regex" => Layout::Regex(required(format, "input_regex")?),
        "tsv" | "custom" => Layout::Separated {
            header,
            separator: required(format, "column_separator")?,
            escape,
        },
        other => {
            return Err(format!(
                "files of the format `{other}` are read and written by `hive_copy` only"
            ));
        }
    })
}

/// The settings with which Hive reaches a table of `DynamoDB`. Without columns its items are read and written as they are.
fn dynamo(node: &Resolved<'_>, columns: &[(String, String)]) -> Result<Layout, String> {
    let names = columns.iter().map(|(name, _)| format!("{name}:{name}"));
    let mut settings = vec![("dynamodb.table.name", required(node, "table_name")?)];
    if !columns.is_empty() {
        let names = names.collect::<Vec<_>>().join(",");
        settings.push(("dynamodb.column.mapping", names));
    }
    for (name, setting) in [
        ("region", "dynamodb.region"),
        (
            "read_throughput_percent",
            "dynamodb.throughput.read.percent",
        ),
        (
            "write_throughput_percent",
            "dynamodb.throughput.write.percent",
        ),
    ] {
        settings.extend(
            node.get(name)
                .and_then(text_of)
                .map(|value| (setting, value)),
        );
    }
    let settings = settings.into_iter();
    Ok(Layout::Dynamo(
        settings
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    ))
}

fn texts_by_name(value: Option<&Value>) -> BTreeMap<String, String> {
    let Some(Value::Map(map) | Value::Object(map)) = value else {
        return BTreeMap::new();
    };
    map.iter()
        .filter_map(|(name, value)| Some((name.to_string(), text_of(value)?)))
        .collect()
}

fn text_of(value: &Value) -> Option<String> {
    let (value, _) = value.clone().unmark_deep();
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::Sensitive(inner) => texts_of(inner),
        Value::List(list) | Value::Tuple(list) => list.iter().filter_map(text_of).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_called_what_it_runs() {
        for (jar, args, expected) in [
            ("s3://acme/code/report.jar", &["x"][..], "report.jar"),
            ("command-runner.jar", &["spark-submit", "x"], "spark-submit"),
            (
                "s3://r.elasticmapreduce/libs/script-runner/script-runner.jar",
                &["s3://acme/a.sh"],
                "a.sh",
            ),
            ("command-runner.jar", &[], "command-runner.jar"),
        ] {
            let args = args.iter().map(|arg| (*arg).to_owned()).collect();
            assert_eq!(step(jar.to_owned(), args).name, expected);
        }
    }
}
