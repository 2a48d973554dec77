//! What a cluster would be started and paid for in vain, as far as activities and clusters say it: nothing to do, data that a script names and
//! that is not there, a condition that is none, and scripts that no machine reaches.

use super::compute::text_in;
use crate::diag::Diagnostic;
use crate::lang::Value;
use crate::objects::object::Object;
use crate::objects::settings;
use crate::objects::settings::Objects;

/// What `activity "emr"` does: each of them may be left out.
const WORK: [&str; 4] = ["step", "steps", "pre_step_command", "post_step_command"];

/// Checks an activity that runs on a cluster, or on Spark of this machine.
pub(super) fn check(objects: &Objects, activity: &Object, report: &mut impl FnMut(Diagnostic)) {
    match activity.object_type.name {
        "emr" => check_work(activity, report),
        "hive" => check_data(objects, activity, "hive_script", report),
        "pig" => check_data(objects, activity, "script", report),
        "hive_copy" => check_filter(activity, report),
        _ => {}
    }
}

/// Nothing to do is a warning: AWS Data Pipeline takes it, and a cluster that only begins may be what somebody wants to see.
fn check_work(activity: &Object, report: &mut impl FnMut(Diagnostic)) {
    let is_empty = |value: &Value| match value {
        Value::List(list) | Value::Tuple(list) => list.is_empty(),
        Value::Null(_) => true,
        _ => false,
    };
    if WORK
        .iter()
        .all(|name| activity.get(name).is_none_or(is_empty))
    {
        report(
            Diagnostic::warning(
                "Nothing to do",
                "This activity has no step and no command: a cluster is started and paid for, and nothing is done on it.",
            )
            .help("Write a `step { … }`, or leave the activity out."),
        );
    }
}

/// Data that a script names by a number that no data node has. It would stay in the script as it is written.
fn check_data(
    objects: &Objects,
    activity: &Object,
    attribute: &str,
    report: &mut impl FnMut(Diagnostic),
) {
    let Some(script) = activity.get(attribute).map(text_in) else {
        return; // in a file that is read when it runs
    };
    if settings::boolean(objects, activity, "stage") != Some(true) {
        return;
    }
    let Some(own) = own_variables(activity) else {
        return;
    };
    let mut seen: Vec<Named> = Vec::new();
    for named in named_in(&script, attribute == "hive_script") {
        let there = activity.references(named.attribute).len();
        let is_own = own
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&named.name()))
            || sets(&script, &named.name());
        if (1..=there).contains(&named.number) || is_own || seen.contains(&named) {
            continue;
        }
        let (name, list) = (&named.written, named.attribute);
        let has = match there {
            0 => "no data node".to_owned(),
            1 => "one data node".to_owned(),
            more => format!("{more} data nodes"),
        };
        let detail = format!(
            "The script uses `{name}`, and the activity has {has} as `{list}`: nothing would be put in its place."
        );
        let help = format!(
            "Correct the number, or add the data node to `{list}`. A value of your own is told in `script_variable`."
        );
        report(
            Diagnostic::error("Missing data node", detail)
                .of(attribute)
                .help(help),
        );
        seen.push(named);
    }
}

/// A data node as a script names it.
#[derive(PartialEq)]
struct Named {
    attribute: &'static str,
    number: usize,
    /// As it is written, with its sign.
    written: String,
}

impl Named {
    fn name(&self) -> String {
        format!("{}{}", self.attribute, self.number)
    }
}

/// The data nodes that a script names; those in comments are left out.
fn named_in(script: &str, is_hive: bool) -> Vec<Named> {
    let mut found = Vec::new();
    for line in script.lines() {
        let code = line.split("--").next().unwrap_or_default();
        for after in code.split('$').skip(1) {
            let Some((name, written)) = variable(after, is_hive) else {
                continue;
            };
            for attribute in ["input", "output"] {
                if let Some(number) = number_of(&name, attribute, is_hive) {
                    found.push(Named {
                        attribute,
                        number,
                        written: written.clone(),
                    });
                }
            }
        }
    }
    found
}

/// The variable whose sign was just read: its name, and how it is written. Pig needs no braces.
fn variable(after: &str, is_hive: bool) -> Option<(String, String)> {
    if let Some(rest) = after.strip_prefix('{') {
        let (name, _) = rest.split_once('}')?;
        let bare = name.strip_prefix("hivevar:").unwrap_or(name);
        return Some((bare.to_owned(), format!("${{{name}}}")));
    }
    if is_hive {
        return None;
    }
    let word = |character: &char| character.is_alphanumeric() || *character == '_';
    let name: String = after.chars().take_while(word).collect();
    let written = format!("${name}");
    Some((name, written))
}

/// Which one of the data nodes of an attribute a name means. Those of Pig have capitals.
fn number_of(name: &str, attribute: &str, is_hive: bool) -> Option<usize> {
    let digits = if is_hive {
        name.strip_prefix(attribute)?
    } else {
        name.strip_prefix(attribute.to_uppercase().as_str())?
    };
    let are_digits = digits.chars().all(|digit| digit.is_ascii_digit());
    digits.parse::<usize>().ok().filter(|_| are_digits)
}

/// The variables that an activity tells its script. `None`: only a run knows them.
fn own_variables(activity: &Object) -> Option<Vec<String>> {
    match activity.get("script_variable") {
        None | Some(Value::Null(_)) => Some(Vec::new()),
        Some(Value::List(list) | Value::Tuple(list)) => {
            let names = list.iter().map(|variable| {
                let text = text_in(variable);
                let (name, _) = text.split_once('=')?;
                Some(name.trim().to_owned())
            });
            names.collect()
        }
        Some(_) => None,
    }
}

/// Whether a script gives a variable its value itself: `SET hivevar:input3 = x;`, `%declare INPUT3 x`, `%default INPUT3 x`.
fn sets(script: &str, name: &str) -> bool {
    let script = script.to_lowercase();
    ["set hivevar:", "set ", "%declare ", "%default "]
        .iter()
        .any(|word| script.contains(&format!("{word}{name}")))
}

/// A condition that begins with `WHERE`, which is put before it.
fn check_filter(activity: &Object, report: &mut impl FnMut(Diagnostic)) {
    let Some(filter) = activity.get("filter_sql").map(text_in) else {
        return;
    };
    let first = filter.split_whitespace().next().unwrap_or_default();
    if first.eq_ignore_ascii_case("where") {
        report(
            Diagnostic::error(
                "Invalid condition",
                "`filter_sql` begins with `WHERE`, which is put before it, so that Hive would get it twice.",
            )
            .of("filter_sql")
            .help("Write the condition alone: `visits > 7`."),
        );
    }
}

/// Scripts that the machines of a cluster run when they begin: EMR takes them from S3, or from the machine itself.
pub(super) fn check_bootstrap(cluster: &Object, report: &mut impl FnMut(Diagnostic)) {
    let Some(Value::List(blocks) | Value::Tuple(blocks)) = cluster.get("bootstrap_action") else {
        return;
    };
    for block in blocks.iter() {
        let Value::Object(block) = block else {
            continue;
        };
        if let Some(Value::String(path)) = block.get("path")
            && !path.contains(":/")
            && !path.starts_with('/')
        {
            let detail = format!(
                "`path` of a `bootstrap_action` is `{path}`, a file of this machine, and it is not brought to the cluster."
            );
            report(
                Diagnostic::error("No way to the cluster", detail)
                    .of("bootstrap_action")
                    .help(
                        "Put it to S3, and say where it is then: `s3://acme/code/setup.sh`. A path that begins with `/` is one of the cluster's machines.",
                    ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_named_by_its_number_outside_of_comments() {
        let names = |script: &str, is_hive: bool| {
            let named = named_in(script, is_hive).into_iter();
            let named = named.map(|named| format!("{} {}", named.written, named.name()));
            named.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            names(
                "SELECT '${input2}' FROM ${hivevar:output10} -- ${input3}\n  -- ${input4}\n${input} ${inputs1} $input5 ${input+1}",
                true
            ),
            "${input2} input2, ${hivevar:output10} output10"
        );
        assert_eq!(
            names("a = LOAD '$INPUT1'; b = LOAD '${INPUT2}'; $input3", false),
            "$INPUT1 input1, ${INPUT2} input2"
        );
    }

    #[test]
    fn a_script_may_set_variables_itself() {
        assert!(sets("SET hivevar:input3 = x;", "input3"));
        assert!(sets("%default INPUT3 'x'", "input3"));
        assert!(!sets("SELECT input3", "input3"));
    }
}
