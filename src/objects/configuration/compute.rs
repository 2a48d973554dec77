//! Where activities do their work, and whether that can be done there: what they run on, the tables and places of their scripts, and how
//! what is on this machine comes to a cluster.
//!
//! A run would find these mistakes, too, when a cluster has been paid for. What the activity itself says is looked at where its attributes
//! are ([`super::groups`]); this is about what comes from its pipeline, and about what several objects say together.

use std::sync::Arc;

use jiff::SignedDuration;

use super::Configuration;
use super::attribute_names::any;
use super::attribute_names::title;
use super::in_vain;
use crate::diag::Diagnostic;
use crate::lang::Value;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::objects::address::Address;
use crate::objects::group::Group;
use crate::objects::group::either;
use crate::objects::kind::Kind;
use crate::objects::machines::RELEASE;
use crate::objects::object::Object;
use crate::objects::programs;
use crate::objects::schema::Support;
use crate::objects::settings;
use crate::objects::steps;
use crate::objects::tables;
use crate::time::parse_duration;

/// The longest script that is told to a cluster with its step, in bytes.
const SHORT: usize = 9_000;

/// How many steps of a cluster EMR runs at once at most, and from which release on it runs several.
const MOST_STEPS: i64 = 256;
const SEVERAL_STEPS: (u32, u32) = (5, 28);

/// For how short and how long a time without work EMR lets a cluster be.
const SHORTEST_IDLE: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_IDLE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The blocks of scripts that a cluster runs before and after the rest.
const AROUND: [&str; 2] = ["pre_activity_task_config", "post_activity_task_config"];

/// Checks an activity.
pub(super) fn check(
    activity: &Object,
    configuration: &Configuration,
    report: &mut impl FnMut(Diagnostic),
) {
    let Some(types) = only_on(activity) else {
        return;
    };
    if activity.object_type.support != Support::Full {
        return; // nothing is done there yet
    }
    let place = Place {
        activity,
        configuration,
    };
    let resource = match place.resource(types) {
        Ok(resource) => resource,
        Err(finding) => return report(*finding),
    };
    place.steps(report);
    if let Some(resource) = resource {
        let on_cluster = resource.object_type.name == "emr_cluster";
        place.data(on_cluster, report);
        in_vain::check(&configuration.objects, activity, report);
        place.around(resource, report);
        if on_cluster {
            place.program(resource, report);
            place.release(resource, report);
            place.code(report);
        }
    }
}

/// Checks what a cluster says.
pub(super) fn check_cluster(cluster: &Object, report: &mut impl FnMut(Diagnostic)) {
    check_level(cluster, &mut |finding: Diagnostic| {
        report(finding.of("step_concurrency_level"));
    });
    check_idle(cluster, report);
    in_vain::check_bootstrap(cluster, report);
}

/// As many steps run at once as EMR takes, on releases that can do it.
fn check_level(cluster: &Object, report: &mut impl FnMut(Diagnostic)) {
    let level = match cluster.get("step_concurrency_level") {
        Some(Value::Number(level)) => level.to_i64(),
        _ => return,
    };
    if level.is_none_or(|level| level > MOST_STEPS) {
        let detail = format!(
            "`step_concurrency_level` is more than {MOST_STEPS}, and EMR runs no more steps of a cluster at once."
        );
        let help = format!("Set it to a number between 1 and {MOST_STEPS}.");
        report(Diagnostic::error("Invalid number", detail).help(help));
    }
    let is_old = lacks(cluster, |label| {
        programs::release_numbers(label).is_some_and(|release| release < SEVERAL_STEPS)
    });
    if is_old && level != Some(1) {
        let detail = "Clusters run several steps at once from release 5.28 on, and this one has an earlier release.";
        let help = format!(
            "Set `release_label` to a later one, e.g. `{RELEASE}`, or leave `step_concurrency_level` out."
        );
        report(Diagnostic::error("Attribute of a later release", detail).help(help));
    }
}

/// Whether the release of a cluster is known to be one of these; clusters from before releases always are.
fn lacks(cluster: &Object, is_old: impl Fn(&str) -> bool) -> bool {
    match set(cluster, "release_label") {
        Some(Value::String(label)) => is_old(label),
        Some(_) => false,
        None => set(cluster, "ami_version").is_some(),
    }
}

/// EMR ends a cluster that has nothing to do after a time that it takes, and on releases that can do it.
fn check_idle(cluster: &Object, report: &mut impl FnMut(Diagnostic)) {
    let timeout = match set(cluster, "idle_timeout") {
        Some(Value::String(text)) => parse_duration(text).ok(),
        _ => None,
    };
    let ends = match set(cluster, "auto_termination") {
        Some(Value::Bool(ends)) => Some(*ends),
        _ => None,
    };
    let takes = SHORTEST_IDLE..=LONGEST_IDLE;
    if timeout.is_some_and(|timeout| !takes.contains(&timeout)) {
        let detail = "EMR takes an `idle_timeout` from a minute to 7 days.";
        let help = "Set it to a length between these, or leave it out and set `auto_termination = false`: then only the runner ends the cluster.";
        let finding = Diagnostic::error("Invalid duration", detail).help(help);
        report(finding.of("idle_timeout"));
    }
    if timeout.is_some() && ends == Some(false) {
        let detail = "`idle_timeout` says when EMR ends the cluster, and `auto_termination = false` that it does not.";
        let finding = Diagnostic::error("Conflicting attributes", detail);
        report(finding.help("Leave one of the two out.").of("idle_timeout"));
        return;
    }
    let can =
        |label: &str| programs::release_numbers(label).is_none() || programs::ends_when_idle(label);
    if (timeout.is_some() || ends == Some(true)) && lacks(cluster, |label| !can(label)) {
        let detail = "EMR ends clusters that have nothing to do from releases 5.30 and 6.1 on, and this one has an earlier release.";
        let help = format!(
            "Set `release_label` to a later one, e.g. `{RELEASE}`, or leave `auto_termination` and `idle_timeout` out."
        );
        let finding = Diagnostic::error("Attribute of a later release", detail).help(help);
        report(finding.of(if timeout.is_some() {
            "idle_timeout"
        } else {
            "auto_termination"
        }));
    }
}

/// What is kept for looking into failed steps is kept where the logs of a cluster go.
pub(super) fn check_debugging(
    cluster: &Object,
    configuration: &Configuration,
    report: &mut impl FnMut(Diagnostic),
) {
    let objects = &configuration.objects;
    if cluster.get("enable_debugging") != Some(&Value::Bool(true)) {
        return;
    }
    let says = |object: &Object| {
        let place = settings::inherited(objects, object, "log_uri");
        place.is_some_and(|place| match place {
            Value::String(place) => place.starts_with("s3://"),
            other => *other != Value::NULL,
        })
    };
    let runs_on_it = |activity: &&Object| programs::runs_on(objects, activity, &cluster.address);
    let mut users = objects
        .values()
        .filter(|object| object.kind() == Kind::Activity)
        .filter(runs_on_it);
    if cluster.get("emr_log_uri").is_some() || says(cluster) || users.any(says) {
        return;
    }
    report(
        Diagnostic::error(
            "Missing attribute",
            "`enable_debugging` keeps what the cluster's logs say, and nothing says where in S3 these go.",
        )
        .of("enable_debugging")
        .help("Set `log_uri` or `emr_log_uri`, or `log_uri` on the pipeline."),
    );
}

/// An attribute, unless it is null.
fn set<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    let value = object.get(name)?;
    (!matches!(value, Value::Null(_))).then_some(value)
}

/// The types of resources that an activity runs on, if it does not run just anywhere.
fn only_on(activity: &Object) -> Option<&'static [&'static str]> {
    let groups = activity.object_type.groups.iter();
    groups.copied().find_map(|group| match group {
        Group::Types("runs_on", types) => Some(types),
        _ => None,
    })
}

/// An activity, and what is around it.
struct Place<'a> {
    activity: &'a Object,
    configuration: &'a Configuration,
}

impl<'a> Place<'a> {
    /// What the activity runs on. `None`: that is for workers to know, or was reported.
    fn resource(
        &self,
        types: &'static [&'static str],
    ) -> Result<Option<&'a Object>, Box<Diagnostic>> {
        let (activity, objects) = (self.activity, &self.configuration.objects);
        let own = any(&title(activity.object_type));
        let Some(Value::Ref(on)) = settings::inherited(objects, activity, "runs_on") else {
            if settings::inherited(objects, activity, "worker_group").is_some() {
                return Ok(None);
            }
            let detail = format!(
                "{own} runs on a resource of type {}, and neither it nor its pipeline says on which.",
                either(types)
            );
            let help = "Set `runs_on`, here or on the pipeline.";
            return Err(Box::new(
                Diagnostic::error("Missing attribute", detail).help(help),
            ));
        };
        let Some(resource) = objects.get(&Address::new(Arc::clone(&on.address))) else {
            return Ok(None);
        };
        if types.contains(&resource.object_type.name) {
            return Ok(Some(resource));
        }
        if activity.get("runs_on").is_some() {
            return Ok(None); // said where its attributes are looked at
        }
        let detail = format!(
            "{own} takes a resource of type {} as `runs_on`; `{}`, which its pipeline says, is of type `{}`.",
            either(types),
            resource.address,
            resource.object_type.name
        );
        let finding = Diagnostic::error("Wrong type of object", detail)
            .help("Set `runs_on` on the activity, which goes before that of the pipeline.");
        let pipeline = activity.pipeline.as_ref();
        let pipeline = pipeline.and_then(|pipeline| self.configuration.places.get(pipeline));
        Err(Box::new(match pipeline {
            Some(span) => finding.label(*span, "its pipeline"),
            None => finding,
        }))
    }

    /// Steps that cannot be taken apart, or that do not look as if they began with a jar.
    fn steps(&self, report: &mut impl FnMut(Diagnostic)) {
        let Some(Value::List(list) | Value::Tuple(list)) = self.activity.get("steps") else {
            return;
        };
        for step in list.iter() {
            let Value::String(text) = step else {
                continue;
            };
            let jar = steps::parts(text).into_iter().next().unwrap_or_default();
            let finding = match steps::mistake(text) {
                Some(mistake) => {
                    Diagnostic::error("Invalid step", format!("In `steps`, {mistake}."))
                }
                None if steps::looks_like_jar(&jar) => continue,
                None => {
                    let detail = format!(
                        "In `steps`, the step `{text}` begins with `{jar}`, which has no `/` and does not end in `.jar`: EMR would look for a jar of this name."
                    );
                    Diagnostic::warning("Step without a jar", detail)
                }
            };
            let help = "A step is a jar and its arguments: `\"s3://acme/x.jar,one,two\"`.";
            report(finding.of("steps").help(help));
        }
    }

    /// Data that the script uses as a table or as a place, and that cannot be one.
    fn data(&self, on_cluster: bool, report: &mut impl FnMut(Diagnostic)) {
        let (activity, objects) = (self.activity, &self.configuration.objects);
        let is_hive = match activity.object_type.name {
            "hive" => true,
            "pig" => false,
            "hive_copy" => return self.copied(report),
            _ => return,
        };
        let script = activity.get(if is_hive { "hive_script" } else { "script" });
        let Some(script) = script.map(text_in) else {
            return; // in a file that is read when it runs
        };
        if settings::boolean(objects, activity, "stage") != Some(true) {
            return;
        }
        for (attribute, written) in [("input", false), ("output", true)] {
            for (number, (_, address)) in (1..).zip(activity.references(attribute)) {
                let variable = format!("{attribute}{number}");
                let Some(node) = objects.get(&address) else {
                    continue;
                };
                let why = if is_hive && mentions(&script, &variable) {
                    tables::why_not(
                        objects,
                        node,
                        tables::Use {
                            written,
                            on_cluster,
                            copied: false,
                        },
                    )
                } else if !is_hive && pig_mentions(&script, &variable) {
                    no_place(node)
                } else {
                    None
                };
                if let Some(why) = why {
                    report(self.unfit(&address, (&variable, is_hive), &why));
                }
            }
        }
    }

    /// Data that a copy between DynamoDB and S3 cannot read or write as its format says.
    fn copied(&self, report: &mut impl FnMut(Diagnostic)) {
        let objects = &self.configuration.objects;
        let mut fit = Vec::new();
        for (attribute, written) in [("input", false), ("output", true)] {
            for (_, address) in self.activity.references(attribute) {
                let Some(node) = objects.get(&address) else {
                    continue;
                };
                let of = tables::Use {
                    written,
                    on_cluster: true,
                    copied: true,
                };
                let Some(why) = tables::why_not(objects, node, of) else {
                    fit.push((written, node));
                    continue;
                };
                let detail = format!("`{address}` cannot be copied by Hive: {why}.");
                let finding = Diagnostic::error("Data that is no table", detail);
                report(self.showing(finding, &address));
            }
        }
        if let [(false, input), (true, output)] = fit[..]
            && let Some(finding) = self.half_exported(input, output)
        {
            report(finding);
        }
    }

    /// A copy of whole items into columns, or of columns into whole items.
    fn half_exported(&self, input: &Object, output: &Object) -> Option<Diagnostic> {
        let objects = &self.configuration.objects;
        let is_export = |node: &Object| {
            let format = node.reference("format");
            let format = format.and_then(|format| objects.get(&format));
            format.is_some_and(|format| format.object_type.name == "dynamodb_export")
        };
        let (whole, other) = match (is_export(input), is_export(output)) {
            (true, false) => (input, output),
            (false, true) => (output, input),
            _ => return None,
        };
        let (whole, other) = (&whole.address, &other.address);
        let detail = format!(
            "`{whole}` has the format `dynamodb_export`, which is whole items, and `{other}` has columns: Hive copies items as items, and columns as columns."
        );
        let help = format!(
            "Give `{other}` the format `dynamodb_export`, too, or `{whole}` one with the columns: `dynamodb` for a table, `tsv` and the like for files."
        );
        let finding = Diagnostic::error("Items and columns", detail).help(help);
        Some(self.showing(self.showing(finding, whole), other))
    }

    /// A finding with the place of a data node.
    fn showing(&self, finding: Diagnostic, node: &Address) -> Diagnostic {
        match self.configuration.places.get(node) {
            Some(span) => finding.label(*span, "the data node"),
            None => finding,
        }
    }

    fn unfit(&self, node: &Address, (variable, is_hive): (&str, bool), why: &str) -> Diagnostic {
        let (summary, what, variable) = if is_hive {
            ("Data that is no table", "a table", variable.to_owned())
        } else {
            ("Data that is no place", "a place", variable.to_uppercase())
        };
        let detail = format!("`${{{variable}}}` of the script cannot be {what}: {why}.");
        self.showing(Diagnostic::error(summary, detail), node)
    }

    /// A program that the cluster does not have.
    fn program(&self, cluster: &Object, report: &mut impl FnMut(Diagnostic)) {
        let Some(program) = programs::missing(self.activity, cluster) else {
            return;
        };
        let address = &cluster.address;
        let own = any(&title(self.activity.object_type));
        let what = match self.activity.object_type.name {
            "emr" => " for `spark-submit`",
            _ => "",
        };
        let detail = format!(
            "{own} needs {program}{what}, and `{address}`, on which it runs, says in `applications` that its clusters do not have it."
        );
        let help = format!(
            "Add `\"{program}\"` to `applications` of `{address}`, or leave that out: then its clusters have Hive, Pig and Spark."
        );
        report(Diagnostic::error("Missing program", detail).help(help));
    }

    /// What is run by a program that clusters from before release 4 do not have. A warning: definitions of AWS Data Pipeline have such clusters.
    fn release(&self, cluster: &Object, report: &mut impl FnMut(Diagnostic)) {
        if set(cluster, "ami_version").is_none() || set(cluster, "release_label").is_some() {
            return;
        }
        let activity = self.activity;
        let mut commands = ["pre_step_command", "post_step_command"].into_iter();
        let what = match activity.object_type.name {
            "hive" | "hive_copy" | "pig" | "spark" => any(&title(activity.object_type)),
            "emr" if programs::uses_runner(activity) => {
                "A step with `command-runner.jar`".to_owned()
            }
            _ => match commands.find(|name| set(activity, name).is_some()) {
                Some(name) => format!("`{name}`"),
                None => return,
            },
        };
        let address = &cluster.address;
        let detail = format!(
            "{what} is run by `command-runner.jar`, which clusters have from release 4 on; `{address}` is from before, as its `ami_version` says."
        );
        let help = format!(
            "Set `release_label` on `{address}` in place of `ami_version`, e.g. to `{RELEASE}`."
        );
        report(Diagnostic::warning("Program of a later release", detail).help(help));
    }

    /// Scripts before and after the rest: a cluster runs them, and it has to reach them.
    fn around(&self, resource: &Object, report: &mut impl FnMut(Diagnostic)) {
        let on_cluster = resource.object_type.name == "emr_cluster";
        for name in AROUND {
            let Some(Value::Object(block)) = self.activity.get(name) else {
                continue;
            };
            if !on_cluster {
                let detail = format!(
                    "`{name}` is run by a cluster, and `{}`, on which the activity runs, is none.",
                    resource.address
                );
                report(
                    Diagnostic::error("Script without a cluster", detail).of(name).help(
                        "Leave it out, or make it an activity `shell_command` that comes before or after, by `depends_on`.",
                    ),
                );
                continue;
            }
            if let Some(Value::String(path)) = block.get("script_uri")
                && !path.contains("://")
                && !path.starts_with('/')
            {
                let detail = format!(
                    "`script_uri` of `{name}` is `{path}`, a file of this machine, and it is not brought to the cluster."
                );
                report(
                    Diagnostic::error("No way to the cluster", detail).of(name).help(
                        "Put it to S3, and say where it is then: `s3://acme/code/prepare.sh`. A path that begins with `/` is one of the cluster's master machine.",
                    ),
                );
            }
        }
    }

    /// What is on this machine and cannot come to the cluster.
    fn code(&self, report: &mut impl FnMut(Diagnostic)) {
        if self.has_depot() {
            return;
        }
        let files = ["main_file", "py_files", "jars"].into_iter();
        let files = files.filter_map(|name| Some((name, self.activity.get(name)?)));
        let files = files.flat_map(|(name, value)| match value {
            Value::List(list) | Value::Tuple(list) => {
                list.iter().map(|file| (name, file)).collect()
            }
            value => vec![(name, value)],
        });
        let is_spark = self.activity.object_type.name == "spark";
        for (name, file) in files.filter(|_| is_spark) {
            if let Value::String(file) = file
                && !file.contains("://")
                && !file.starts_with('/')
            {
                let what = format!("`{name}` is `{file}`, a file of this machine");
                report(no_depot(&what).of(name));
            }
        }
        for name in ["hive_script", "script"] {
            if let Some(Value::String(script)) = self.activity.get(name)
                && script.len() > SHORT
            {
                let what = format!(
                    "`{name}` has {} bytes, and no more than {SHORT} are told to a cluster with a step",
                    script.len()
                );
                report(no_depot(&what).of(name));
            }
        }
    }

    /// Whether there is a place in S3 where the cluster finds what is on this machine, as far as is known.
    fn has_depot(&self) -> bool {
        let objects = &self.configuration.objects;
        let own = self.activity.get("generated_scripts_path");
        let place = own.or_else(|| settings::inherited(objects, self.activity, "log_uri"));
        match place {
            None | Some(Value::Null(_)) => false,
            Some(Value::String(place)) => place.starts_with("s3://"),
            Some(_) => true,
        }
    }
}

fn no_depot(what: &str) -> Diagnostic {
    let detail = format!(
        "{what}, and nothing says where in S3 the cluster finds it: there is neither `generated_scripts_path` nor `log_uri` in S3."
    );
    Diagnostic::error("No way to the cluster", detail).help(
        "Set `generated_scripts_path` on the activity, or `log_uri` on it or on its pipeline, to a place in S3. It is put there first.",
    )
}

/// The text of a script, as far as it is known: without what a run puts in.
pub(super) fn text_in(script: &Value) -> String {
    match script {
        Value::String(text) => text.to_string(),
        Value::Sensitive(inner) => text_in(inner),
        Value::Deferred(formula) => match &formula.kind {
            ExprKind::Template(parts) => {
                let parts = parts.iter().map(|part| match part {
                    Part::Literal(text) => &**text,
                    _ => "\u{fffc}",
                });
                parts.collect()
            }
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// Whether a script uses a variable.
fn mentions(script: &str, variable: &str) -> bool {
    ["", "hivevar:"]
        .iter()
        .any(|space| script.contains(&format!("${{{space}{variable}}}")))
}

/// The same in a script of Pig, where braces may be left out, and letters may be small.
fn pig_mentions(script: &str, variable: &str) -> bool {
    [variable.to_owned(), variable.to_uppercase()]
        .iter()
        .any(|name| mentions(script, name) || script.contains(&format!("${name}")))
}

/// Why a data node is no place that a cluster reads.
fn no_place(node: &Object) -> Option<String> {
    let why = match node.object_type.name {
        "s3" => return None,
        "file" => "is on this machine, where no cluster reads",
        _ => "has no files",
    };
    Some(format!("`{}` {why}", node.address))
}
