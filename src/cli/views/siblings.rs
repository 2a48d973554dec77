//! What is the same of several objects of one `for_each` or `count` is told once: `pipeline.export[*] (200)`.

use indexmap::IndexMap;

use crate::objects::Address;
use crate::plan::keys;

/// An address with `[*]` in the place of its keys.
pub(super) fn pattern(address: &Address) -> String {
    let text = address.as_str();
    let mut pattern = String::new();
    let mut from = 0;
    for (open, _, close) in keys(text) {
        pattern.push_str(text.get(from..open).unwrap_or_default());
        pattern.push_str("[*]");
        from = close;
    }
    pattern.push_str(text.get(from..).unwrap_or_default());
    pattern
}

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
            [first, ..] => format!("{} ({})", pattern(first), self.addresses.len()),
            [] => String::new(),
        }
    }
}

/// Puts together what has the same text but for its keys, each where the first of its kind stands.
pub(super) fn together(texts: impl Iterator<Item = (Address, String)>) -> Vec<Siblings> {
    let mut groups: IndexMap<(String, String), Siblings> = IndexMap::new();
    for (address, text) in texts {
        let id = (pattern(&address), without_keys(&address, &text));
        if let Some(group) = groups.get_mut(&id) {
            group.keyed |= group.text != text;
            group.addresses.push(address);
        } else {
            let group = Siblings {
                addresses: vec![address],
                text,
                keyed: false,
            };
            groups.insert(id, group);
        }
    }
    groups.into_values().collect()
}

/// A text without the keys of an address, where these stand as words of their own. Numbers stay: they may be anything.
fn without_keys(address: &Address, text: &str) -> String {
    let mut text = text.to_owned();
    for (_, key, _) in keys(address.as_str()) {
        let Ok(serde_json::Value::String(key)) = serde_json::from_str(key) else {
            continue;
        };
        if key.is_empty() {
            continue;
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        let mut before = ' ';
        while let Some(at) = rest.find(&key) {
            let (passed, found) = rest.split_at(at);
            let behind = found.get(key.len()..).unwrap_or_default();
            let before_it = passed.chars().next_back().unwrap_or(before);
            let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
            let whole = !is_word(before_it) && !behind.chars().next().is_some_and(is_word);
            out.push_str(passed);
            out.push_str(if whole { "\u{0}" } else { &key });
            before = key.chars().next_back().unwrap_or(' ');
            rest = behind;
        }
        out.push_str(rest);
        text = out;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(texts: &[(&str, &str)]) -> Vec<String> {
        let texts = texts
            .iter()
            .map(|(address, text)| (Address::new(*address), (*text).to_owned()));
        together(texts)
            .iter()
            .map(|group| format!("{}: {}", group.name(), group.text))
            .collect()
    }

    #[test]
    fn what_differs_in_the_key_alone_is_told_once() {
        assert_eq!(
            told(&[
                ("pipeline.p[\"a\"].activity.x", "copy a all"),
                ("pipeline.p[\"b\"].activity.x", "copy b all"),
                ("pipeline.p[\"c\"].activity.x", "copy c some"),
                ("pipeline.q", "copy a all"),
                ("pipeline.p[\"d\"].activity.x", "copy d all"),
            ]),
            [
                "pipeline.p[*].activity.x (3): copy a all",
                "pipeline.p[\"c\"].activity.x: copy c some",
                "pipeline.q: copy a all",
            ]
        );
        assert_eq!(
            told(&[("activity.x[0]", "0 times"), ("activity.x[1]", "1 times")]),
            ["activity.x[0]: 0 times", "activity.x[1]: 1 times"]
        );
        assert_eq!(
            told(&[
                ("activity.x[\"a\"]", "banana"),
                ("activity.x[\"b\"]", "bbnbnb")
            ])
            .len(),
            2
        );
    }
}
