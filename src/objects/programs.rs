//! The programs of clusters: which an activity needs, and which clusters have that do not say theirs.
//!
//! Clusters are asked for with this, and plans find with it that a cluster lacks a program, so that both mean the same.

use super::address::Address;
use super::object::Object;
use super::settings;
use super::settings::Objects;
use super::steps;
use crate::lang::Value;
use crate::lang::print;

/// What clusters have that do not say it, as EMR calls it: all that activities here need. Which of them will share a cluster is not known
/// when it is asked for.
pub const USUAL: [&str; 3] = ["Hive", "Pig", SPARK];
const SPARK: &str = "Spark";

/// How Spark is started by a step, and by which jar.
const SUBMIT: &str = "spark-submit";
const RUNNER: &str = "command-runner.jar";

/// Whether an activity does its work on the clusters of a resource.
pub fn runs_on(objects: &Objects, activity: &Object, resource: &Address) -> bool {
    let on = settings::inherited(objects, activity, "runs_on");
    matches!(on, Some(Value::Ref(on)) if *on.address == *resource.as_str())
}

/// The program that an activity needs and that a cluster, as far as it says what it has, does not have.
pub fn missing(activity: &Object, resource: &Object) -> Option<&'static str> {
    let program = needed(activity)?;
    let said = said(resource)?;
    let has = said.iter().any(|own| own.eq_ignore_ascii_case(program));
    (!has).then_some(program)
}

/// The program that an activity needs, as far as that is certain.
fn needed(activity: &Object) -> Option<&'static str> {
    match activity.object_type.name {
        "hive" | "hive_copy" => Some("Hive"),
        "pig" => Some("Pig"),
        "spark" => Some(SPARK),
        "emr" => submits(activity).then_some(SPARK),
        _ => None,
    }
}

/// The programs that a cluster says. `None`: it says none, or only a run knows them.
fn said(resource: &Object) -> Option<Vec<&str>> {
    let Some(Value::List(list) | Value::Tuple(list)) = resource.get("applications") else {
        return None;
    };
    let names = list.iter().map(|name| match name {
        Value::String(name) => Some(&**name),
        _ => None,
    });
    let names: Vec<&str> = names.collect::<Option<_>>()?;
    (!names.is_empty()).then_some(names)
}

/// Whether a step of `activity "emr"` certainly starts Spark.
fn submits(activity: &Object) -> bool {
    let blocks = elements(activity.get("step"));
    let texts = elements(activity.get("steps"));
    blocks.iter().any(block_submits) || texts.iter().any(text_submits)
}

fn block_submits(block: &Value) -> bool {
    let Value::Object(block) = block else {
        return false;
    };
    if block.get("jar") != Some(&Value::string(RUNNER)) {
        return false;
    }
    match block.get("args") {
        Some(Value::List(args) | Value::Tuple(args)) => {
            args.first() == Some(&Value::string(SUBMIT))
        }
        // `concat(["spark-submit", …], …)`.
        Some(Value::Deferred(formula)) => {
            let text = print::expression(formula);
            let (call, rest) = text.split_once('"').unwrap_or_default();
            let is_list = call
                .chars()
                .all(|c| c.is_ascii_alphabetic() || "([".contains(c));
            is_list && rest.starts_with(&format!("{SUBMIT}\""))
        }
        _ => false,
    }
}

fn text_submits(text: &Value) -> bool {
    match text {
        Value::String(text) => {
            let parts = steps::parts(text);
            let mut parts = parts.iter().map(String::as_str);
            parts.next() == Some(RUNNER) && parts.next() == Some(SUBMIT)
        }
        Value::Deferred(formula) => {
            print::expression(formula).starts_with(&format!("\"{RUNNER},{SUBMIT},"))
        }
        _ => false,
    }
}

/// Whether a step of `activity "emr"` certainly runs a program of the cluster, as can be done from release 4 on.
pub fn uses_runner(activity: &Object) -> bool {
    let runner = Value::string(RUNNER);
    let block_does = |block: &Value| match block {
        Value::Object(block) => block.get("jar") == Some(&runner),
        _ => false,
    };
    let text_does = |text: &Value| match text {
        Value::String(text) => steps::parts(text).first().is_some_and(|jar| jar == RUNNER),
        _ => false,
    };
    let blocks = elements(activity.get("step"));
    let texts = elements(activity.get("steps"));
    blocks.iter().any(block_does) || texts.iter().any(text_does)
}

/// The first two numbers of a release: 7 and 5 of `emr-7.5.0`.
pub fn release_numbers(label: &str) -> Option<(u32, u32)> {
    let numbers = label.strip_prefix("emr-")?;
    let mut numbers = numbers.split('.').map(|part| part.parse::<u32>().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Whether clusters of a release can end by themselves: from 5.30 and from 6.1 on.
pub fn ends_when_idle(release: &str) -> bool {
    release_numbers(release).is_some_and(|(major, minor)| match major {
        5 => minor >= 30,
        6 => minor >= 1,
        major => major > 6,
    })
}

fn elements(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::List(list) | Value::Tuple(list)) => list,
        _ => &[],
    }
}
