//! Policies over plans: rules in Rego that deny a plan, or warn of it.
//!
//! Texts of policies and a plan as JSON come in, what they say goes out. It is apart because only it knows the crate that evaluates Rego.

mod broken;
mod keys;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use regorus::Engine;
use regorus::Value;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value as Json;

pub use self::broken::Broken;
pub use self::keys::unknown_keys;
use crate::diag::Diagnostic;
use crate::diag::Sources;

/// In how many files of one package it is looked for who says something: each of them costs an evaluation.
const MANY: usize = 16;

/// What one rule says about a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Said {
    /// Whether it denies the plan; otherwise it warns of it.
    pub denies: bool,
    /// What it says.
    pub message: String,
    /// The rule, `data.pipeform.deny`.
    pub rule: String,
    /// The file that it stands in, where that is known.
    pub file: Option<String>,
}

impl Said {
    /// It as a finding.
    pub fn finding(&self) -> Diagnostic {
        let place = match &self.file {
            Some(file) => format!(" in `{file}`"),
            None => String::new(),
        };
        let detail = format!(
            "{}\n\nThe rule `{}`{place} says so.",
            self.message, self.rule
        );
        if self.denies {
            Diagnostic::error("Denied by a policy", detail)
        } else {
            Diagnostic::warning("Warning of a policy", detail)
        }
    }
}

/// What policies say about a plan, what denies it first. `policies`: their texts, by file.
///
/// All packages are asked for their rules `deny`, `violation` and `warn`, also with more behind a `_`. Fails when a policy cannot be read or
/// evaluated, and when none has such a rule: a policy that says nothing by mistake must not look like one that agrees. It may take any time and
/// memory, and a rule that calls itself without end takes the process along: whoever asks has to see to that.
pub fn judge(policies: &Sources, input: &Json) -> Result<Vec<Said>, Broken> {
    let input = Value::from_json_str(&input.to_string());
    let input = input.map_err(|error| Broken::Evaluation(error.to_string()))?;
    let mut all = Evaluation::new(policies, None, &input).map_err(Broken::Evaluation)?;
    let rules = all.rules().map_err(Broken::Evaluation)?;
    if rules.is_empty() {
        return Err(Broken::Silent);
    }
    let mut said = Vec::new();
    for (rule, messages) in &rules {
        if messages.is_empty() {
            continue;
        }
        let owners = all.owners(policies, rule);
        let by_file = said_by(policies, &input, (rule, messages), &owners);
        for message in messages {
            let file = by_file.iter().find(|(_, said)| said.contains(message));
            said.push(Said {
                denies: denies(name_of(rule)) == Some(true),
                message: message.clone(),
                rule: rule.clone(),
                file: file.map(|(file, _)| name(policies, *file).to_owned()),
            });
        }
    }
    said.sort_by_key(|said| !said.denies);
    Ok(said)
}

/// Whether a rule of this name denies what it is about; `None`: it is no rule that is asked.
fn denies(name: &str) -> Option<bool> {
    let (word, _) = name.split_once('_').unwrap_or((name, ""));
    match word {
        "deny" | "violation" => Some(true),
        "warn" => Some(false),
        _ => None,
    }
}

fn name_of(rule: &str) -> &str {
    rule.rsplit('.').next().unwrap_or(rule)
}

/// What each file says of a rule that the others do not say without it. `owners`: those that have such a rule.
fn said_by(
    policies: &Sources,
    input: &Value,
    (rule, messages): (&str, &BTreeSet<String>),
    owners: &[usize],
) -> Vec<(usize, BTreeSet<String>)> {
    match owners {
        [] => return Vec::new(),
        [only] => return vec![(*only, messages.clone())],
        many if many.len() > MANY => return Vec::new(),
        _ => {}
    }
    let mut said = Vec::new();
    for file in owners {
        let rest = Evaluation::new(policies, Some(*file), input);
        // Without a file that others use they cannot be evaluated: then it is not known which of them says it.
        if let Ok(mut rules) = rest.and_then(|mut rest| rest.rules()) {
            let without = rules.remove(rule).unwrap_or_default();
            said.push((*file, messages.difference(&without).cloned().collect()));
        }
    }
    said
}

/// Policies that are ready to be asked.
struct Evaluation {
    engine: Engine,
    /// The package of each file, `data.main`.
    packages: Vec<(usize, String)>,
}

impl Evaluation {
    /// `without`: a file that is left out.
    fn new(policies: &Sources, without: Option<usize>, input: &Value) -> Result<Self, String> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        let mut packages = Vec::new();
        for (at, (name, text)) in policies.iter().enumerate() {
            if without == Some(at) {
                continue;
            }
            let package = engine.add_policy(name.to_owned(), text.to_owned());
            packages.push((at, package.map_err(|error| error.to_string())?));
        }
        engine.set_input(input.clone());
        Ok(Self { engine, packages })
    }

    /// The files that have a rule of this name in its package.
    fn owners(&self, policies: &Sources, rule: &str) -> Vec<usize> {
        let name = name_of(rule);
        let package = rule.strip_suffix(name).unwrap_or(rule);
        let package = package.trim_end_matches('.');
        let has = |file: usize| {
            let text = policies.iter().nth(file).map_or("", |(_, text)| text);
            let mut lines = text.lines().map(str::trim_start);
            lines.any(|line| line.split(|c: char| !is_letter(c)).next() == Some(name))
        };
        let files = self.packages.iter().filter(|(_, of)| of == package);
        files
            .map(|(file, _)| *file)
            .filter(|file| has(*file))
            .collect()
    }

    /// What each rule that is asked says, by its path.
    fn rules(&mut self) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
        let results = self.engine.eval_query("data".to_owned(), false);
        let results = results.map_err(|error| error.to_string())?;
        let mut found = BTreeMap::new();
        for value in results
            .result
            .into_iter()
            .flat_map(|result| result.expressions)
        {
            let json = value
                .value
                .to_json_str()
                .map_err(|error| error.to_string())?;
            let data: Json = serde_json::from_str(&json).map_err(|error| error.to_string())?;
            let packages: BTreeSet<&str> =
                self.packages.iter().map(|(_, of)| of.as_str()).collect();
            for package in packages {
                let mut at = Some(&data);
                for part in package.split('.').skip(1) {
                    at = at.and_then(|inside| inside.get(part));
                }
                if let Some(Json::Object(rules)) = at {
                    collect(package, rules, &mut found)?;
                }
            }
        }
        Ok(found)
    }
}

/// Adds what the rules of a package say.
fn collect(
    package: &str,
    rules: &Map<String, Json>,
    found: &mut BTreeMap<String, BTreeSet<String>>,
) -> Result<(), String> {
    for (name, value) in rules.iter().filter(|(name, _)| denies(name).is_some()) {
        let path = format!("{package}.{name}");
        let Json::Array(items) = value else {
            return Err(format!(
                "`{path}` is {}, and has to be a set or a list of messages",
                kind(value)
            ));
        };
        let messages = items.iter().map(|item| {
            let text = item.as_str().or_else(|| item.get("msg")?.as_str());
            text.map(str::to_owned).ok_or_else(|| {
                format!(
                    "`{path}` has {} in it, and a message is a text or an object with `msg`",
                    kind(item)
                )
            })
        });
        found.insert(path.clone(), messages.collect::<Result<_, _>>()?);
    }
    Ok(())
}

fn kind(value: &Json) -> String {
    match value {
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        value => format!("`{value}`"),
    }
}

fn is_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn name(policies: &Sources, file: usize) -> &str {
    policies.iter().nth(file).map_or("", |(name, _)| name)
}
