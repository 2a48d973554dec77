//! What is the same of several objects of one `for_each` or `count` is told once: `pipeline.export[*] (200)`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::objects::Address;
use crate::plan::keys;

/// An address with `[*]` in the place of its keys.
pub(crate) fn pattern(address: &Address) -> String {
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

    /// The text of the first with the pattern in the place of its address.
    fn unaddressed(&self) -> String {
        let first = self.addresses.first();
        first.map_or_else(String::new, |first| {
            self.text.replace(first.as_str(), &pattern(first))
        })
    }
}

/// What may differ in the texts of siblings.
#[derive(Clone, Copy)]
pub(super) enum Likeness {
    /// Their addresses alone.
    Address,
    /// Their keys, where these are names that can be nothing else.
    Keys,
}

/// Puts together what has the same text but for that, each where the first of its kind stands.
pub(super) fn together(
    texts: impl Iterator<Item = (Address, String)>,
    likeness: Likeness,
) -> Vec<Siblings> {
    let single = texts.map(|(address, text)| Siblings {
        addresses: vec![address],
        text,
        keyed: false,
    });
    match likeness {
        Likeness::Address => joined(single, |_, text| text.to_owned()),
        Likeness::Keys => {
            let by_words = joined(single, |address, text| {
                without_keys(address, text, Border::Word)
            });
            joined(by_words.into_iter(), |address, text| {
                without_keys(address, text, Border::None)
            })
        }
    }
}

/// Puts single ones together that have the same text once it is masked. What is together already stays as it is: so the texts of all
/// siblings come of one another in the same way.
fn joined(
    groups: impl Iterator<Item = Siblings>,
    masked: impl Fn(&Address, &str) -> String,
) -> Vec<Siblings> {
    let mut out: Vec<Siblings> = Vec::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for group in groups {
        let [address] = group.addresses.as_slice() else {
            out.push(group);
            continue;
        };
        let text = group.unaddressed();
        let kind = (pattern(address), masked(address, &text));
        let place = *places.entry(kind).or_insert(out.len());
        match out.get_mut(place) {
            None => out.push(group),
            Some(first) => {
                first.keyed |= first.unaddressed() != text;
                first.addresses.extend(group.addresses);
            }
        }
    }
    out
}

/// Where a key is taken for one in a text.
#[derive(Clone, Copy)]
enum Border {
    /// Between letters and digits it is a part of another word.
    Word,
    /// Anywhere.
    None,
}

/// A text with a mark for each key of an address, in capitals and small letters, too: so two texts are the same where the one
/// becomes the other by its keys. Keys that may be anything else stay: numbers, also those of `count`, `true`, `false`, `null`, single
/// letters; and all of an address that has one key twice, also in other letters.
fn without_keys(address: &Address, text: &str, border: Border) -> String {
    let mut text = text.to_owned();
    let found = keys(address.as_str()).into_iter().enumerate();
    let names: Vec<(usize, String)> = found
        .filter_map(|(number, (_, key, _))| Some((number, serde_json::from_str(key).ok()?)))
        .collect();
    // Marks know capitals and small letters, too.
    let mut distinct: Vec<String> = names.iter().map(|(_, key)| key.to_lowercase()).collect();
    distinct.sort();
    distinct.dedup();
    if distinct.len() < names.len() {
        return text;
    }
    let mut marks: Vec<(String, String)> = Vec::new();
    for (number, key) in names.iter().filter(|(_, key)| is_name(key)) {
        let cases = [key.clone(), key.to_uppercase(), key.to_lowercase()];
        for (case, word) in ["", "A", "a"].into_iter().zip(cases) {
            marks.push((word, format!("\u{0}{number}{case}\u{0}")));
        }
    }
    marks.sort_by_key(|(word, _)| Reverse(word.len()));
    for (word, mark) in &marks {
        text = marked(&text, (word.as_str(), border), mark);
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
fn marked(text: &str, (word, border): (&str, Border), mark: &str) -> String {
    let joins = |letter: char| matches!(border, Border::Word) && letter.is_alphanumeric();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(at) = rest.find(word) {
        let (passed, found) = rest.split_at(at);
        let behind = found.get(word.len()..).unwrap_or_default();
        let before_it = passed.chars().next_back().unwrap_or(before);
        let whole = !joins(before_it) && !behind.chars().next().is_some_and(joins);
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
    fn a_key_may_be_a_part_of_a_word_and_in_capitals() {
        for text in [
            "copy KEY_daily",
            "copy stg_KEY",
            "s3://lake/KEY-west/",
            "copy xKEY all",
            "copyKEY2",
        ] {
            let keys = ["orders", "items", "us"];
            let addresses = keys.map(|key| format!("p[\"{key}\"].x"));
            let in_words = keys.map(|key| text.replace("KEY", key));
            let in_capitals = keys.map(|key| text.replace("KEY", &key.to_uppercase()));
            for texts in [in_words, in_capitals] {
                let texts = addresses.iter().zip(&texts);
                let texts: Vec<(&str, &str)> = texts
                    .map(|(address, text)| (address.as_str(), text.as_str()))
                    .collect();
                assert_eq!(told(&texts, Likeness::Keys).len(), 1, "{texts:?}");
            }
        }
    }

    #[test]
    fn letters_that_are_a_key_by_chance_keep_nothing_apart() {
        let texts = [
            ("x[\"eu\"]", "queue for eu"),
            ("x[\"us\"]", "queue for us"),
            ("x[\"asia\"]", "queue for asia"),
        ];
        assert_eq!(told(&texts, Likeness::Keys), ["x[*] (3): queue for eu"]);
    }

    #[test]
    fn what_is_the_same_in_some_is_no_part_of_the_key_in_others() {
        let texts = [
            ("x[\"aa\"]", "1aa for aa"),
            ("x[\"bb\"]", "1aa for bb"),
            ("x[\"cc\"]", "1cc for cc"),
        ];
        assert_eq!(
            told(&texts, Likeness::Keys),
            ["x[*] (2): 1aa for aa", "x[\"cc\"]: 1cc for cc"]
        );
    }

    #[test]
    fn a_key_in_another_one_is_no_part_of_that() {
        let texts = [
            ("m[\"eu\"].x[\"europe\"]", "from europe in eu"),
            ("m[\"us\"].x[\"america\"]", "from america in us"),
        ];
        assert_eq!(told(&texts, Likeness::Keys).len(), 1);
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
    fn keys_of_count_keep_none_apart_that_stand_in_pipelines_of_one_for_each() {
        let addresses = ["orders", "users"].map(|key| [0, 1].map(|index| (key, index)));
        let addresses = addresses.as_flattened().iter();
        let texts: Vec<(String, String)> = addresses
            .flat_map(|(key, index)| {
                let of = |name: &str| format!("p[\"{key}\"].{name}[{index}]");
                [
                    (of("x"), format!("copy {key}")),
                    (of("y"), format!("copy {key} {index}")),
                ]
            })
            .collect();
        let texts: Vec<(&str, &str)> = texts
            .iter()
            .map(|(address, text)| (address.as_str(), text.as_str()))
            .collect();
        assert_eq!(
            told(&texts, Likeness::Keys),
            [
                "p[*].x[*] (4): copy orders",
                "p[*].y[0] (2): copy orders 0",
                "p[*].y[1] (2): copy orders 1",
            ]
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
            (
                ("x[\"aa\"]", "an aardvark"),
                ("x[\"bb\"]", "an aardvark bb"),
            ),
            (("x[\"a\"]", "copy a"), ("x[\"b\"]", "copy b")),
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
