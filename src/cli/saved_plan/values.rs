//! The files of values that a plan was made with: whether they still give what they gave.
//!
//! What is compared are values, not texts: a comment changes nothing, and a file may hold what nobody may guess from a digest.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Map;
use serde_json::Value as Json;

use super::Saved;
use super::key;
use crate::cli::context::Context;
use crate::cli::planning::Planned;
use crate::cli::root_module::is_json;
use crate::fetch::Folder;
use crate::lang::stored as stored_value;
use crate::lang::variables::automatic_files;
use crate::lang::variables::written;
use crate::plan::saved::Variable;
use crate::plan::saved::digest_of_text;
use crate::plan::saved::key::Key;

/// The digests of the files of values that a plan was made with. `None`: it was made of the state alone.
///
/// Left out are files that are gone when they are read, such as pipes, and those without anything to compare, but for files that are
/// read without being asked for: another one of these is seen to be new.
pub(super) fn read(
    context: &Context,
    planned: &Planned,
    variables: &BTreeMap<String, Variable>,
    key: Option<&Key>,
) -> Option<BTreeMap<String, String>> {
    let sources = &planned.sources;
    sources.iter().next()?;
    let mut digests = BTreeMap::new();
    for file in &planned.origin.value_files {
        let (name, text) = (sources.name(*file), sources.text(*file));
        let given = compared(name, text, variables, key.is_some());
        let given = given.unwrap_or_default();
        let is_file =
            context.directory.join(name).is_file() && !Path::new(name).starts_with("/dev");
        if is_file {
            digests.insert(name.to_owned(), digest(given, key));
        }
    }
    Some(digests)
}

/// What a file gives to variables that there are, and may be compared. `None`: it cannot be read any more.
fn compared(
    name: &str,
    text: &str,
    variables: &BTreeMap<String, Variable>,
    has_key: bool,
) -> Option<Map<String, Json>> {
    let mut given = written(text, is_json(name))?;
    given.retain(|name, _| match variables.get(&**name) {
        Some(Variable::Value(_)) => true,
        Some(Variable::Sensitive) => has_key,
        None => false,
    });
    let given = given.iter();
    let given = given.map(|(name, value)| (name.to_string(), stored_value::to_json(value)));
    Some(given.collect())
}

/// A digest of values that tells nobody without the key what they are, if there is a key.
fn digest(given: Map<String, Json>, key: Option<&Key>) -> String {
    let text = format!("values {}", Json::Object(given));
    match key {
        None => digest_of_text(text.as_bytes()),
        Some(key) => key.sign(text.as_bytes()),
    }
}

impl Saved {
    /// Says of the files of values which do not give what they gave when the plan was made, and which would be read besides.
    pub(super) fn changed_values(&self, context: &Context, say: &mut impl FnMut(&str, &str)) {
        let configuration = &self.plan.configuration;
        let Some(known) = &configuration.values else {
            return;
        };
        let key = key(context).ok().flatten();
        let nothing = digest(Map::new(), key.as_ref());
        for (name, digest_then) in known {
            let path = context.directory.join(name);
            if path.exists() && !path.is_file() {
                say(name, "is no regular file");
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else {
                // A file of secrets alone, say, need not be where the plan is checked.
                if *digest_then != nothing || !automatic_files([name.as_str()]).is_empty() {
                    say(name, "cannot be read any more");
                }
                continue;
            };
            let given = compared(name, &text, &configuration.variables, key.is_some());
            let now = given.map(|given| digest(given, key.as_ref()));
            if now.as_ref() != Some(digest_then) {
                say(name, "has changed");
            }
        }
        let names = Folder::root(&context.directory).names();
        let names = names.unwrap_or_default();
        for name in automatic_files(names.iter().map(String::as_str)) {
            if !known.contains_key(name) {
                say(name, "is new");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of a text, with the variables `open` and `hidden`.
    fn of(text: &str, key: Option<&Key>) -> Option<String> {
        let variables = BTreeMap::from([
            ("open".to_owned(), Variable::Value(Json::Null)),
            ("hidden".to_owned(), Variable::Sensitive),
        ]);
        let given = compared("a.pipevars", text, &variables, key.is_some())?;
        Some(digest(given, key))
    }

    #[test]
    fn files_of_values_are_compared_by_what_they_give() {
        let one = of("open = [1, 2]\n", None);
        let alike = of("# why\nopen = [\n  1,\n  2,\n]\nother = 1\n", None);
        assert!(one.is_some());
        assert_eq!(one, alike);
        assert_ne!(one, of("open = [2, 1]\n", None));
        assert_eq!(of("open = [\n", None), None);
    }

    #[test]
    fn what_is_sensitive_is_compared_with_a_key_only() {
        let one = "open = 1\nhidden = \"a\"\n";
        let other = "open = 1\nhidden = \"b\"\n";
        assert_eq!(of(one, None), of(other, None));
        let key = Key::parse(&"07".repeat(32)).expect("a key");
        let (one, other) = (of(one, Some(&key)), of(other, Some(&key)));
        assert!(one.is_some() && one != other);
    }
}
