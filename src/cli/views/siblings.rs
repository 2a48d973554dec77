//! What is the same of several objects of one `for_each` or `count` is told once: `pipeline.export[*] (200)`.

use indexmap::IndexMap;

use crate::objects::Address;
use crate::plan::keys;

/// An address with `[*]` in the place of its keys.
pub(super) fn pattern(address: &Address) -> String {
    starred(address, |_, _| true)
}

/// An address with `[*]` in the place of some keys: those of which `stars` says so, by their number and text.
fn starred(address: &Address, stars: impl Fn(usize, &str) -> bool) -> String {
    let text = address.as_str();
    let mut pattern = String::new();
    let mut from = 0;
    for (number, (open, key, close)) in keys(text).into_iter().enumerate() {
        pattern.push_str(text.get(from..open).unwrap_or_default());
        if stars(number, key) {
            pattern.push_str("[*]");
        } else {
            pattern.push_str(text.get(open..close).unwrap_or_default());
        }
        from = close;
    }
    pattern.push_str(text.get(from..).unwrap_or_default());
    pattern
}

/// How many siblings are named.
const NAMED: usize = 20;

/// Several with one text.
pub(super) struct Siblings {
    /// The addresses, in order.
    pub(super) addresses: Vec<Address>,
    /// The text of the first.
    pub(super) text: String,
    /// Whether the others' differ from it, in their keys alone.
    pub(super) keyed: bool,
}

impl Siblings {
    /// How they are called.
    pub(super) fn name(&self) -> String {
        match self.addresses.as_slice() {
            [only] => only.to_string(),
            several => format!("{} ({})", self.pattern(), several.len()),
        }
    }

    /// Their addresses in one, with `[*]` in the place of keys that are not the same in all.
    pub(super) fn pattern(&self) -> String {
        let Some((first, others)) = self.addresses.split_first() else {
            return String::new();
        };
        starred(first, |number, key| {
            let same = |other: &Address| {
                let keys = keys(other.as_str());
                keys.get(number).is_some_and(|(_, own, _)| *own == key)
            };
            !others.iter().all(same)
        })
    }
}

impl Siblings {
    /// Their keys: `["eu"], ["us"] and 3 more`.
    pub(super) fn members(&self) -> String {
        let names: Vec<String> = self
            .addresses
            .iter()
            .take(NAMED)
            .map(|address| {
                let found = keys(address.as_str());
                let keys = found.iter().map(|(_, key, _)| format!("[{key}]"));
                keys.collect::<String>()
            })
            .collect();
        let mut text = names.join(", ");
        let more = self.addresses.len().saturating_sub(NAMED);
        if more > 0 {
            text.extend([" and ", &more.to_string(), " more"]);
        }
        text
    }
}

/// What may differ in the texts of siblings.
#[derive(Clone, Copy)]
pub(super) enum Likeness {
    /// Their addresses alone.
    Address,
    /// Their keys, where these are words that can be nothing else.
    Keys,
}

/// Puts together what has the same text but for that, each where the first of its kind stands.
pub(super) fn together(
    texts: impl Iterator<Item = (Address, String)>,
    likeness: Likeness,
) -> Vec<Siblings> {
    let mut groups: IndexMap<(String, String), Siblings> = IndexMap::new();
    for (address, text) in texts {
        let pattern = pattern(&address);
        let plain = text.replace(address.as_str(), &pattern);
        let masked = match likeness {
            Likeness::Address => plain.clone(),
            Likeness::Keys => without_keys(&address, plain.clone()),
        };
        if let Some(group) = groups.get_mut(&(pattern.clone(), masked.clone())) {
            let first = group.addresses.first();
            let same =
                first.is_some_and(|first| group.text.replace(first.as_str(), &pattern) == plain);
            group.keyed |= !same;
            group.addresses.push(address);
        } else {
            let group = Siblings {
                addresses: vec![address],
                text,
                keyed: false,
            };
            groups.insert((pattern, masked), group);
        }
    }
    groups.into_values().collect()
}

/// A text with a mark for each key of an address, wherever that stands as a word of its own: so two texts are the same where the one
/// becomes the other by its keys. Keys that may be anything else stay: numbers, `true`, `false`, `null`, single letters; and all of
/// an address that has one key twice.
fn without_keys(address: &Address, mut text: String) -> String {
    let found = keys(address.as_str());
    let names: Vec<String> = found
        .iter()
        .filter_map(|(_, key, _)| serde_json::from_str(key).ok())
        .collect();
    let mut distinct: Vec<&String> = names.iter().collect();
    distinct.sort();
    distinct.dedup();
    if distinct.len() < names.len() || names.len() < found.len() {
        return text;
    }
    for (number, key) in names.iter().enumerate() {
        if is_name(key) {
            text = marked(&text, key, &format!("\u{0}{number}\u{0}"));
        }
    }
    text
}

/// Whether a key can be told from what else stands in a text.
fn is_name(key: &str) -> bool {
    key.chars().count() > 1
        && key.chars().any(char::is_alphabetic)
        && !["true", "false", "null"].contains(&key)
}

/// A text with a mark in the place of a word.
fn marked(text: &str, word: &str, mark: &str) -> String {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(at) = rest.find(word) {
        let (passed, found) = rest.split_at(at);
        let behind = found.get(word.len()..).unwrap_or_default();
        let before_it = passed.chars().next_back().unwrap_or(before);
        let whole = !is_word(before_it) && !behind.chars().next().is_some_and(is_word);
        out.push_str(passed);
        out.push_str(if whole { mark } else { word });
        before = word.chars().next_back().unwrap_or(' ');
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(texts: &[(&str, &str)], likeness: Likeness) -> Vec<String> {
        let texts = texts
            .iter()
            .map(|(address, text)| (Address::new(*address), (*text).to_owned()));
        together(texts, likeness)
            .iter()
            .map(|group| format!("{}: {}", group.name(), group.text))
            .collect()
    }

    #[test]
    fn what_differs_in_the_key_alone_is_told_once() {
        assert_eq!(
            told(
                &[
                    ("pipeline.p[\"aa\"].activity.x", "copy aa all"),
                    ("pipeline.p[\"bb\"].activity.x", "copy bb all"),
                    ("pipeline.p[\"cc\"].activity.x", "copy cc some"),
                    ("pipeline.q", "copy aa all"),
                    ("pipeline.p[\"dd\"].activity.x", "copy dd all"),
                ],
                Likeness::Keys
            ),
            [
                "pipeline.p[*].activity.x (3): copy aa all",
                "pipeline.p[\"cc\"].activity.x: copy cc some",
                "pipeline.q: copy aa all",
            ]
        );
    }

    #[test]
    fn a_key_that_all_have_is_named() {
        let texts = [
            ("p[\"aa\"].x[0]", "copy"),
            ("p[\"aa\"].x[1]", "move"),
            ("p[\"bb\"].x[0]", "copy"),
            ("p[\"bb\"].x[1]", "move"),
        ];
        assert_eq!(
            told(&texts, Likeness::Keys),
            ["p[*].x[0] (2): copy", "p[*].x[1] (2): move"]
        );
    }

    #[test]
    fn what_may_be_something_else_than_the_key_is_told_apart() {
        for (one, other) in [
            (("x[0]", "0 times"), ("x[1]", "1 times")),
            (
                ("x[\"true\"]", "active = true"),
                ("x[\"false\"]", "active = false"),
            ),
            (("x[\"06\"]", "at 06:00"), ("x[\"18\"]", "at 18:00")),
            (("x[\"3\"]", "3 runs"), ("x[\"9\"]", "9 runs")),
            (("x[\"aa\"]", "aardvark"), ("x[\"bb\"]", "bbrdvark")),
            (("x[\"eu\"]", "eu-west"), ("x[\"us\"]", "us-west")),
            (
                ("m[\"aa\"].x[\"bb\"]", "from aa to bb"),
                ("m[\"cc\"].x[\"dd\"]", "from dd to cc"),
            ),
            (
                ("m[\"aa\"].x[\"aa\"]", "from aa to aa"),
                ("m[\"cc\"].x[\"dd\"]", "from dd to cc"),
            ),
        ] {
            assert_eq!(told(&[one, other], Likeness::Keys).len(), 2, "{one:?}");
        }
    }

    #[test]
    fn where_only_addresses_may_differ_keys_count() {
        let texts = [
            ("p[\"aa\"]", "p[\"aa\"]: 3 runs"),
            ("p[\"bb\"]", "p[\"bb\"]: 3 runs"),
        ];
        assert_eq!(told(&texts, Likeness::Address).len(), 1);
        let texts = [("p[\"aa\"]", "copy aa"), ("p[\"bb\"]", "copy bb")];
        assert_eq!(told(&texts, Likeness::Address).len(), 2);
    }
}
