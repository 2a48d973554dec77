//! Functions of strings.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Captures;
use regex::Regex;
use unicode_segmentation::UnicodeSegmentation as _;

use super::Accepts;
use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::patterns::compiled;
use super::text;
use crate::lang::types::Type;
use crate::lang::value::Value;

/// The longest result of functions that repeat what they are given, in bytes.
pub(super) const LONGEST: usize = 64 << 20;

/// One string.
const STR: &[Parameter] = &[Parameter::string("str")];

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::pure("chomp", STR, "Removes line ends from the end.", chomp),
    Function::pure(
        "endswith",
        &[Parameter::string("str"), Parameter::string("suffix")],
        "Says whether a string ends in another one.",
        endswith,
    ),
    Function::pure(
        "indent",
        &[Parameter::number("spaces"), Parameter::string("str")],
        "Puts spaces before every line but the first.",
        indent,
    ),
    Function {
        variadic: Some(Parameter::new("lists", Accepts::Strings)),
        ..Function::pure(
            "join",
            &[Parameter::string("separator")],
            "Joins the strings of lists with a separator.",
            join,
        )
    },
    Function::pure("lower", STR, "Returns the string in lower case.", lower),
    Function::pure(
        "regex",
        &[Parameter::string("pattern"), Parameter::string("string")],
        "Returns the first match of a regular expression: its groups, if it has any.",
        regex,
    ),
    Function::pure(
        "regexall",
        &[Parameter::string("pattern"), Parameter::string("string")],
        "Returns all matches of a regular expression.",
        regexall,
    ),
    Function::pure(
        "replace",
        &[
            Parameter::string("str"),
            Parameter::string("substr"),
            Parameter::string("replace"),
        ],
        "Replaces a text, or with `/…/` what a regular expression matches.",
        replace,
    ),
    Function::pure(
        "split",
        &[Parameter::string("separator"), Parameter::string("str")],
        "Splits a string at a separator.",
        split,
    ),
    Function::pure(
        "startswith",
        &[Parameter::string("str"), Parameter::string("prefix")],
        "Says whether a string begins with another one.",
        startswith,
    ),
    Function::pure(
        "strcontains",
        &[Parameter::string("str"), Parameter::string("substr")],
        "Says whether a string contains another one.",
        strcontains,
    ),
    Function::pure("strrev", STR, "Reverses the letters.", strrev),
    Function::pure(
        "substr",
        &[
            Parameter::string("str"),
            Parameter::number("offset"),
            Parameter::number("length"),
        ],
        "Returns a part, by letters; a negative offset counts from the end, a length of -1 means all.",
        substr,
    ),
    Function::pure(
        "title",
        STR,
        "Returns each word with a capital letter.",
        title,
    ),
    Function::pure(
        "trim",
        &[Parameter::string("str"), Parameter::string("cutset")],
        "Removes these letters from both ends.",
        trim,
    ),
    Function::pure(
        "trimprefix",
        &[Parameter::string("str"), Parameter::string("prefix")],
        "Removes a beginning, if it is there.",
        trimprefix,
    ),
    Function::pure(
        "trimspace",
        STR,
        "Removes white space from both ends.",
        trimspace,
    ),
    Function::pure(
        "trimsuffix",
        &[Parameter::string("str"), Parameter::string("suffix")],
        "Removes an end, if it is there.",
        trimsuffix,
    ),
    Function::pure("upper", STR, "Returns the string in upper case.", upper),
];

fn integer(arguments: &[Value], index: usize) -> Result<i64, CallError> {
    match arguments.get(index) {
        Some(Value::Number(number)) => number
            .to_i64()
            .ok_or_else(|| CallError::at(index, "a whole number is required")),
        _ => Err(CallError::at(index, "a number is required")),
    }
}

type Result1 = Result<Value, CallError>;

fn chomp(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    Ok(Value::string(
        text(arguments, 0)?.trim_end_matches(['\r', '\n']),
    ))
}

fn endswith(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    Ok(Value::Bool(
        text(arguments, 0)?.ends_with(text(arguments, 1)?),
    ))
}

fn startswith(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    Ok(Value::Bool(
        text(arguments, 0)?.starts_with(text(arguments, 1)?),
    ))
}

fn strcontains(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    Ok(Value::Bool(
        text(arguments, 0)?.contains(text(arguments, 1)?),
    ))
}

fn indent(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let spaces = usize::try_from(integer(arguments, 0)?)
        .map_err(|_| CallError::at(0, "the number of spaces cannot be negative"))?;
    let text = text(arguments, 1)?;
    let lines = text.matches('\n').count();
    let longest = spaces.checked_mul(lines).filter(|size| *size <= LONGEST);
    if longest.is_none() {
        return Err(CallError::at(0, "the result would be too long"));
    }
    let pad = format!("\n{}", " ".repeat(if lines == 0 { 0 } else { spaces }));
    Ok(Value::string(text.replace('\n', &pad)))
}

fn join(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let separator = text(arguments, 0)?;
    if arguments.len() < 2 {
        return Err(CallError::new("at least one list is required"));
    }
    let mut words: Vec<&str> = Vec::new();
    for (index, list) in arguments.iter().enumerate().skip(1) {
        let (Value::List(list) | Value::Tuple(list) | Value::Set(list)) = list else {
            return Err(CallError::at(index, "a list of strings is required"));
        };
        for (place, item) in list.iter().enumerate() {
            match item {
                Value::String(word) => words.push(word),
                _ => {
                    return Err(CallError::at(
                        index,
                        format!("element {place} is null; cannot concatenate null values"),
                    ));
                }
            }
        }
    }
    let letters: usize = words.iter().map(|word| word.len()).sum();
    check_length(letters, words.len(), separator.len())?;
    Ok(Value::string(words.join(separator)))
}

/// Refuses a result of `base` bytes and `times` insertions of `each` if it would be too long.
fn check_length(base: usize, times: usize, each: usize) -> Result<(), CallError> {
    if times.saturating_mul(each).saturating_add(base) > LONGEST {
        return Err(CallError::new("the result would be too long"));
    }
    Ok(())
}

fn lower(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let lower = |letter: char| letter.to_lowercase().next().unwrap_or(letter);
    let lower: String = text(arguments, 0)?.chars().map(lower).collect();
    Ok(Value::string(lower))
}

fn upper(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let upper: String = text(arguments, 0)?.chars().map(upper_letter).collect();
    Ok(Value::string(upper))
}

/// The one capital letter of a letter: those that would become several (`ß`, ligatures) stay.
fn upper_letter(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => greek_with_iota(letter).unwrap_or(letter),
    }
}

/// Greek letters with a small iota below: the capital with an iota beside it.
fn greek_with_iota(letter: char) -> Option<char> {
    let code = u32::from(letter);
    let distance = match code {
        0x1F80..=0x1F87 | 0x1F90..=0x1F97 | 0x1FA0..=0x1FA7 => 8,
        0x1FB3 | 0x1FC3 | 0x1FF3 => 9,
        _ => return None,
    };
    char::from_u32(code + distance)
}

/// The letter at the start of a word in a title: digraphs get one capital, Georgian has none in titles.
fn title_letter(letter: char) -> char {
    match letter {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        '\u{10D0}'..='\u{10FF}' => letter,
        letter => upper_letter(letter),
    }
}

fn title(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let mut out = String::new();
    let mut at_start = true;
    for letter in text(arguments, 0)?.chars() {
        out.push(if at_start {
            title_letter(letter)
        } else {
            letter
        });
        at_start = if letter.is_ascii() {
            !(letter.is_ascii_alphanumeric() || letter == '_')
        } else {
            letter.is_whitespace()
        };
    }
    Ok(Value::string(out))
}

fn pattern(arguments: &[Value]) -> Result<Regex, CallError> {
    compiled(text(arguments, 0)?, 0)
}

/// A match: its text, a list of its groups, or an object of its named groups.
fn matched(regex: &Regex, captures: &Captures<'_>) -> Value {
    let group = |index: usize| match captures.get(index) {
        Some(group) => Value::string(group.as_str()),
        None => Value::null_of(Type::String),
    };
    let names: Vec<Option<&str>> = regex.capture_names().skip(1).collect();
    if names.is_empty() {
        return group(0);
    }
    if names.iter().any(Option::is_some) {
        let groups: BTreeMap<Arc<str>, Value> = names
            .iter()
            .enumerate()
            .filter_map(|(index, name)| Some((Arc::from((*name)?), group(index + 1))))
            .collect();
        return Value::object(groups);
    }
    Value::tuple((1..=names.len()).map(group).collect())
}

/// Named and unnamed groups cannot be told apart in the result.
fn check_groups(regex: &Regex) -> Result<(), CallError> {
    let mut names = regex.capture_names().skip(1);
    let has_named = names.clone().any(|name| name.is_some());
    if has_named && names.any(|name| name.is_none()) {
        return Err(CallError::at(
            0,
            "invalid regexp pattern: cannot mix both named and unnamed capture groups",
        ));
    }
    Ok(())
}

fn regex(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let regex = pattern(arguments)?;
    check_groups(&regex)?;
    regex
        .captures(text(arguments, 1)?)
        .map(|captures| matched(&regex, &captures))
        .ok_or_else(|| CallError::new("pattern did not match any part of the given string"))
}

fn regexall(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let regex = pattern(arguments)?;
    check_groups(&regex)?;
    let all = regex
        .captures_iter(text(arguments, 1)?)
        .map(|captures| matched(&regex, &captures))
        .collect();
    Ok(Value::list(all))
}

fn replace(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let (text, substr, with) = (
        text(arguments, 0)?,
        text(arguments, 1)?,
        text(arguments, 2)?,
    );
    let expression = substr
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'));
    let Some(expression) = expression else {
        check_length(text.len(), text.matches(substr).count(), with.len())?;
        return Ok(Value::string(text.replace(substr, with)));
    };
    let regex = compiled(expression, 1)?;
    // Each reference to a group copies at most the whole text, over all matches.
    let copied = with.matches('$').count().saturating_mul(text.len());
    check_length(
        text.len().saturating_add(copied),
        regex.find_iter(text).count(),
        with.len(),
    )?;
    Ok(Value::string(regex.replace_all(text, with).into_owned()))
}

fn split(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let (separator, text) = (text(arguments, 0)?, text(arguments, 1)?);
    let parts: Vec<Value> = if separator.is_empty() {
        text.graphemes(true).map(Value::string).collect()
    } else {
        text.split(separator).map(Value::string).collect()
    };
    Ok(Value::list(parts))
}

fn strrev(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let reversed: String = text(arguments, 0)?.graphemes(true).rev().collect();
    Ok(Value::string(reversed))
}

fn substr(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let text = text(arguments, 0)?;
    let (offset, length) = (integer(arguments, 1)?, integer(arguments, 2)?);
    let letters: Vec<&str> = text.graphemes(true).collect();
    let count = i64::try_from(letters.len()).unwrap_or(i64::MAX);
    let start = if offset < 0 {
        (count + offset).max(0)
    } else {
        offset.min(count)
    };
    let end = if length < 0 {
        count
    } else {
        start.saturating_add(length).min(count)
    };
    let range = usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
    Ok(Value::string(
        letters.get(range).map(<[&str]>::concat).unwrap_or_default(),
    ))
}

fn trim(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let cutset: Vec<char> = text(arguments, 1)?.chars().collect();
    Ok(Value::string(
        text(arguments, 0)?.trim_matches(cutset.as_slice()),
    ))
}

fn trimprefix(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let text_of = text(arguments, 0)?;
    let prefix = text(arguments, 1)?;
    Ok(Value::string(
        text_of.strip_prefix(prefix).unwrap_or(text_of),
    ))
}

fn trimsuffix(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    let text_of = text(arguments, 0)?;
    let suffix = text(arguments, 1)?;
    Ok(Value::string(
        text_of.strip_suffix(suffix).unwrap_or(text_of),
    ))
}

fn trimspace(_: &Call<'_>, arguments: &[Value]) -> Result1 {
    Ok(Value::string(text(arguments, 0)?.trim()))
}

#[cfg(test)]
mod tests {

    use crate::lang::test_support::call;
    use crate::lang::value::Value;

    fn strings(texts: &[&str]) -> Vec<Value> {
        texts.iter().map(|text| Value::string(*text)).collect()
    }

    #[test]
    fn results_are_terraforms() {
        for (name, arguments, wanted) in [
            ("chomp", vec!["hello\r\n\n"], "\"hello\""),
            ("endswith", vec!["hello", "lo"], "true"),
            ("lower", vec!["HELLÖ"], "\"hellö\""),
            (
                "regex",
                vec!["[a-z]+", "53453453.345345aaabbbccc"],
                "\"aaabbbccc\"",
            ),
            (
                "regex",
                vec!["(\\d+)-(\\d+)", "2026-11"],
                "[\"2026\", \"11\"]",
            ),
            ("regex", vec!["(?P<y>\\d+)", "2026"], "{ y = \"2026\" }"),
            ("regexall", vec!["[a-z]", "a1b"], "tolist([\"a\", \"b\"])"),
            ("replace", vec!["1 + 2 + 3", "+", "-"], "\"1 - 2 - 3\""),
            (
                "replace",
                vec!["hello world", "/w.*d/", "everybody"],
                "\"hello everybody\"",
            ),
            ("split", vec![",", "a,b"], "tolist([\"a\", \"b\"])"),
            ("startswith", vec!["hello", "he"], "true"),
            ("strcontains", vec!["hello", "ell"], "true"),
            ("strrev", vec!["a☃"], "\"☃a\""),
            ("title", vec!["hello world"], "\"Hello World\""),
            ("trim", vec!["?!hello?!", "!?"], "\"hello\""),
            ("trimprefix", vec!["helloworld", "hello"], "\"world\""),
            ("trimspace", vec!["  hello\n"], "\"hello\""),
            ("trimsuffix", vec!["helloworld", "world"], "\"hello\""),
            ("upper", vec!["hello"], "\"HELLO\""),
            ("upper", vec!["straße ﬁ ᾳ"], "\"STRAßE ﬁ ᾼ\""),
            ("lower", vec!["ΑΣ İ"], "\"ασ i\""),
            ("title", vec!["it's é—x ǆa"], "\"It'S É—x ǅa\""),
        ] {
            assert_eq!(
                call(name, &strings(&arguments)).as_deref(),
                Ok(wanted),
                "{name}"
            );
        }
    }

    #[test]
    fn numbers_and_lists_are_taken() {
        let text = Value::string("hello world");
        for (offset, length, wanted) in [(1, 4, "ello"), (-5, -1, "world"), (20, 3, ""), (3, 0, "")]
        {
            let number = |number: i64| Value::Number(number.into());
            let arguments = [text.clone(), number(offset), number(length)];
            let wanted = format!("\"{wanted}\"");
            assert_eq!(call("substr", &arguments), Ok(wanted));
        }
        let list = Value::list(strings(&["a", "b"]));
        let joined = call("join", &[Value::string(", "), list.clone(), list]);
        assert_eq!(joined.as_deref(), Ok("\"a, b, a, b\""));
        let indented = call("indent", &[Value::Number(2.into()), Value::string("a\nb")]);
        assert_eq!(indented.as_deref(), Ok("\"a\\n  b\""));
    }

    #[test]
    fn mistakes_are_errors() {
        assert!(call("regex", &strings(&["x", "abc"])).is_err());
        assert!(call("regex", &strings(&["(", "abc"])).is_err());
        assert!(call("regex", &strings(&["(?P<a>.)(.)", "abc"])).is_err());
        let many = [Value::Number(i64::MAX.into()), Value::string("a\nb")];
        assert!(call("indent", &many).is_err());
    }

    #[test]
    fn results_that_would_fill_the_memory_are_refused() {
        let long = "a".repeat(10_000);
        for arguments in [[&*long, "", &*long], [&*long, "/a/", &*long]] {
            assert!(call("replace", &strings(&arguments)).is_err());
        }
        let groups = "$0".repeat(10_000);
        assert!(call("replace", &strings(&[&*long, "/.+/", &*groups])).is_err());
        let words = Value::list(vec![Value::string(""); 10_000]);
        assert!(call("join", &[Value::string(long), words]).is_err());
    }
}
