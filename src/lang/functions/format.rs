//! `format` and `formatlist`: values by verbs, as in C and Go.

use std::num::NonZeroU64;

use bigdecimal::RoundingMode;
use num_bigint::Sign;
use unicode_segmentation::UnicodeSegmentation as _;

use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use super::strings::LONGEST;
use crate::lang::number::Number;
use crate::lang::value::Value;

/// The widest a value may be padded to.
const WIDEST: usize = 10_000;

/// What the verbs take: anything, null too.
const ARGUMENTS: Parameter = Parameter::new("args", super::Accepts::Any).nullable();

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "format",
        parameters: &[Parameter::string("format")],
        variadic: Some(ARGUMENTS),
        doc: "Writes values into a text: `%s`, `%d`, `%05.2f`, `%q`, `%v` and the like.",
        purity: Purity::Pure,
        body: format_one,
    },
    Function {
        name: "formatlist",
        parameters: &[Parameter::string("format")],
        variadic: Some(ARGUMENTS),
        doc: "Writes values into a text, once for each element of the lists among them.",
        purity: Purity::Pure,
        body: formatlist,
    },
];

fn text(arguments: &[Value]) -> Result<&str, CallError> {
    match arguments.first() {
        Some(Value::String(text)) => Ok(text),
        _ => Err(CallError::at(0, "a string is required")),
    }
}

fn format_one(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let values: Vec<&Value> = arguments.iter().skip(1).collect();
    formatted(text(arguments)?, &values).map(Value::string)
}

fn formatlist(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let template = text(arguments)?;
    let mut length: Option<usize> = None;
    for (index, value) in arguments.iter().enumerate().skip(1) {
        let Some(list) = elements(value) else {
            continue;
        };
        match length {
            Some(length) if length != list.len() => {
                return Err(CallError::at(
                    index,
                    format!(
                        "this list has length {}, and another one has length {length}",
                        list.len()
                    ),
                ));
            }
            _ => length = Some(list.len()),
        }
    }
    let mut size: usize = 0;
    let rows = (0..length.unwrap_or(1)).map(|row| {
        let values: Vec<&Value> = arguments
            .iter()
            .skip(1)
            .map(|value| {
                elements(value)
                    .and_then(|list| list.get(row))
                    .unwrap_or(value)
            })
            .collect();
        let text = formatted(template, &values)?;
        size = size.saturating_add(text.len());
        if size > LONGEST {
            return Err(CallError::new("the result would be too long"));
        }
        Ok(Value::string(text))
    });
    Ok(Value::list(rows.collect::<Result<_, _>>()?))
}

fn elements(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(list) | Value::Tuple(list) | Value::Set(list) => Some(list),
        _ => None,
    }
}

/// A verb with its flags: `%[2]-08.3f`.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the verb")]
struct Verb {
    plus: bool,
    minus: bool,
    zero: bool,
    space: bool,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
    letter: char,
}

fn formatted(template: &str, values: &[&Value]) -> Result<String, CallError> {
    let mut out = String::new();
    let mut letters = template.chars().peekable();
    let (mut next, mut highest) = (0, 0);
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        if letters.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let (verb, index) = read_verb(&mut letters)?;
        let index = index.unwrap_or(next);
        next = index + 1;
        highest = highest.max(next);
        let value = values.get(index).ok_or_else(|| {
            CallError::at(
                0,
                format!(
                    "not enough arguments for \"%{}\": need index {} but have {} total",
                    verb.letter,
                    index + 1,
                    values.len()
                ),
            )
        })?;
        out.push_str(&apply(&verb, value, index + 1)?);
        if out.len() > LONGEST {
            return Err(CallError::new("the result would be too long"));
        }
    }
    if highest < values.len() {
        return Err(CallError::at(
            highest + 1,
            format!("too many arguments; only {highest} used by format string"),
        ));
    }
    Ok(out)
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn read_verb(letters: &mut Letters<'_>) -> Result<(Verb, Option<usize>), CallError> {
    let mut verb = Verb::default();
    while let Some(flag) = letters.next_if(|letter| "+-0 #".contains(*letter)) {
        match flag {
            '+' => verb.plus = true,
            '-' => verb.minus = true,
            '0' => verb.zero = true,
            ' ' => verb.space = true,
            _ => verb.sharp = true,
        }
    }
    verb.width = read_number(letters)?;
    if letters.next_if_eq(&'.').is_some() {
        verb.precision = Some(read_number(letters)?.unwrap_or(0));
    }
    let mut index = None;
    if letters.next_if_eq(&'[').is_some() {
        let number = read_number(letters)?.filter(|number| *number > 0);
        let closed = letters.next_if_eq(&']').is_some();
        match number {
            Some(number) if closed => index = Some(number - 1),
            _ => return Err(CallError::at(0, "an index is written `%[1]d`")),
        }
    }
    verb.letter = letters.next().ok_or_else(|| {
        CallError::at(0, "unrecognized format character: the text ends after `%`")
    })?;
    Ok((verb, index))
}

fn read_number(letters: &mut Letters<'_>) -> Result<Option<usize>, CallError> {
    let mut number: Option<usize> = None;
    while let Some(digit) = letters.next_if(char::is_ascii_digit) {
        let digit = digit.to_digit(10).map_or(0, |digit| digit as usize);
        let value = number.unwrap_or(0) * 10 + digit;
        if value > WIDEST {
            return Err(CallError::at(0, format!("a width is at most {WIDEST}")));
        }
        number = Some(value);
    }
    Ok(number)
}

fn apply(verb: &Verb, value: &Value, argument: usize) -> Result<String, CallError> {
    let wrong = |what: &str| {
        CallError::at(
            argument,
            format!(
                "unsupported value for \"%{}\": {what} required, and this is {}",
                verb.letter,
                value.describe()
            ),
        )
    };
    let text = || crate::lang::convert::to_text(value).ok_or_else(|| wrong("a string is"));
    let number = || crate::lang::convert::to_number(value).ok_or_else(|| wrong("a number is"));
    match verb.letter {
        'v' => any(verb, value),
        't' => match crate::lang::convert::to_bool(value) {
            Some(value) => Ok(value.to_string()),
            None => Err(wrong("a bool is")),
        },
        's' => Ok(pad(verb, &cut(verb, &text()?))),
        'q' => Ok(pad(verb, &quoted(&cut(verb, &text()?)))),
        'd' | 'b' | 'o' | 'x' | 'X' => {
            let number = number()?;
            if !number.is_integer() {
                return Err(wrong("a whole number is"));
            }
            Ok(pad_integer(verb, &integer(verb, &number)))
        }
        'e' | 'E' | 'f' | 'g' | 'G' => Ok(pad_number(verb, &decimal(verb, &number()?))),
        letter => Err(CallError::at(
            0,
            format!("unrecognized format character \"{letter}\""),
        )),
    }
}

/// `%v`: strings as they are, numbers as with `%g`, everything else as JSON; `%#v`: everything as JSON.
fn any(verb: &Verb, value: &Value) -> Result<String, CallError> {
    match value {
        Value::String(text) if !verb.sharp => Ok(pad(verb, text)),
        Value::Number(number) if !verb.sharp => Ok(pad(verb, &shortest(number, None, 'e'))),
        other => super::encoding::json(other).map(|text| pad(verb, &text)),
    }
}

fn cut(verb: &Verb, text: &str) -> String {
    match verb.precision {
        Some(precision) => text.graphemes(true).take(precision).collect(),
        None => text.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    super::encoding::write_string(text, &mut out);
    out
}

/// A whole number with its sign; the precision is the least number of digits, `#` asks for the prefix of the base.
fn integer(verb: &Verb, number: &Number) -> String {
    let (whole, _) = number
        .0
        .with_scale_round(0, RoundingMode::Down)
        .into_bigint_and_exponent();
    let (base, prefix) = match verb.letter {
        'b' => (2, "0b"),
        'o' => (8, "0"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let mut digits = whole.magnitude().to_str_radix(base);
    if verb.letter == 'X' {
        digits.make_ascii_uppercase();
    }
    if verb.precision == Some(0) && whole.sign() == Sign::NoSign {
        digits.clear();
    }
    let missing = verb.precision.unwrap_or(0).saturating_sub(digits.len());
    let sign = if whole.sign() == Sign::Minus { "-" } else { "" };
    let prefix = if verb.sharp { prefix } else { "" };
    signed(
        verb,
        format!("{sign}{prefix}{}{digits}", "0".repeat(missing)),
    )
}

fn decimal(verb: &Verb, number: &Number) -> String {
    let text = match verb.letter {
        'f' => {
            let scale = i64::try_from(verb.precision.unwrap_or(6)).unwrap_or(i64::MAX);
            let rounded = number.0.with_scale_round(scale, RoundingMode::HalfEven);
            rounded.to_plain_string()
        }
        'e' | 'E' => scientific(number, verb.precision.unwrap_or(6), verb.letter),
        'g' => shortest(number, verb.precision, 'e'),
        _ => shortest(number, verb.precision, 'E'),
    };
    signed(verb, text)
}

/// The significant digits, rounded to `most` of them, and the power of ten of the first.
fn significant(number: &Number, most: Option<usize>) -> (String, i64) {
    let mut value = number.0.abs();
    if let Some(most) = most.and_then(|most| u64::try_from(most).ok())
        && let Some(most) = NonZeroU64::new(most)
        && value.digits() > most.get()
    {
        value = value.with_precision_round(most, RoundingMode::HalfEven);
    }
    let (digits, scale) = value.normalized().into_bigint_and_scale();
    let digits = digits.to_string();
    let power = i64::try_from(digits.len()).unwrap_or(i64::MAX) - 1 - scale;
    (digits, power)
}

/// `1.500000e+03`, with so many digits after the point.
fn scientific(number: &Number, precision: usize, letter: char) -> String {
    let (digits, power) = significant(number, Some(precision + 1));
    let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
    let sign = if number.0.sign() == Sign::Minus {
        "-"
    } else {
        ""
    };
    let point = if precision == 0 { "" } else { "." };
    let direction = if power < 0 { '-' } else { '+' };
    let power = power.unsigned_abs();
    format!("{sign}{first}{point}{rest:0<precision$}{letter}{direction}{power:02}")
}

/// `%g`: the digits that it has, with an exponent below 0.0001, and where the whole part needs more digits than are
/// asked for (from a million on if none are).
fn shortest(number: &Number, precision: Option<usize>, letter: char) -> String {
    const UNASKED: usize = 6;
    let precision = precision.map(|precision| precision.max(1));
    let (digits, power) = significant(number, precision);
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let limit = i64::try_from(precision.unwrap_or(UNASKED)).unwrap_or(i64::MAX);
    if power < -4 || power >= limit {
        return scientific(number, digits.len().saturating_sub(1), letter);
    }
    let scale = (count - 1 - power).max(0);
    number
        .0
        .with_scale_round(scale, RoundingMode::HalfEven)
        .to_plain_string()
}

fn signed(verb: &Verb, text: String) -> String {
    match (text.starts_with('-'), verb.plus, verb.space) {
        (false, true, _) => format!("+{text}"),
        (false, false, true) => format!(" {text}"),
        _ => text,
    }
}

/// Letters are counted as they are seen, not by code.
fn missing(verb: &Verb, text: &str) -> usize {
    verb.width
        .unwrap_or(0)
        .saturating_sub(text.graphemes(true).count())
}

/// Pads a text, with zeros if they are asked for.
fn pad(verb: &Verb, text: &str) -> String {
    let filler = if verb.zero { "0" } else { " " };
    let padding = filler.repeat(missing(verb, text));
    if verb.minus {
        format!("{text}{padding}")
    } else {
        format!("{padding}{text}")
    }
}

/// Pads a whole number: with a precision, only with blanks.
fn pad_integer(verb: &Verb, text: &str) -> String {
    if verb.precision.is_none() {
        return pad_number(verb, text);
    }
    pad(
        &Verb {
            zero: false,
            ..*verb
        },
        text,
    )
}

/// Pads a number: zeros go behind the sign and the prefix of the base, and never behind the number.
fn pad_number(verb: &Verb, text: &str) -> String {
    if !verb.zero || verb.minus {
        return pad(
            &Verb {
                zero: false,
                ..*verb
            },
            text,
        );
    }
    let unsigned = text.trim_start_matches(['-', '+', ' ']);
    let digits = ["0x", "0X", "0b"]
        .iter()
        .filter(|_| verb.sharp)
        .find_map(|prefix| unsigned.strip_prefix(prefix))
        .unwrap_or(unsigned);
    let front = text.strip_suffix(digits).unwrap_or("");
    format!("{front}{}{digits}", "0".repeat(missing(verb, text)))
}

#[cfg(test)]
mod tests {

    use crate::lang::number::Number;
    use crate::lang::test_support::call;
    use crate::lang::value::Value;

    fn number(text: &str) -> Value {
        Value::Number(Number::parse(text).unwrap())
    }

    #[test]
    fn results_are_terraforms() {
        let text = Value::string("Valentina");
        for (template, value, wanted) in [
            ("Hello, %s!", text.clone(), "Hello, Valentina!"),
            ("%d%%", number("12"), "12%"),
            ("%05d", number("-12"), "-0012"),
            ("%+d", number("12"), "+12"),
            ("%-5d|", number("12"), "12   |"),
            ("%x", number("255"), "ff"),
            ("%.2f", number("3.14159"), "3.14"),
            ("%6.1f", number("3.16"), "   3.2"),
            ("%e", number("1500"), "1.500000e+03"),
            ("%g", number("1500"), "1500"),
            ("%q", text.clone(), "\\\"Valentina\\\""),
            ("%.3s", text, "Val"),
            ("%v", number("1.5"), "1.5"),
            ("%-7v|", Value::Bool(true), "true   |"),
            ("%07v|", Value::tuple(vec![number("1")]), "0000[1]|"),
            ("%t", Value::Bool(true), "true"),
            ("%#v", Value::string("a"), "\\\"a\\\""),
            ("%v", number("1000000"), "1e+06"),
            ("%v", number("0.00001"), "1e-05"),
            ("%05v", number("-5"), "000-5"),
            ("%g", number("-1234567.5"), "-1.2345675e+06"),
            ("%.3g", number("1234567.5"), "1.23e+06"),
            ("%.3g", number("100"), "100"),
            ("%G", number("0.0000001"), "1E-07"),
            ("%g", number("0"), "0"),
            ("%e", number("0"), "0.000000e+00"),
            ("%e", number("1e299"), "1.000000e+299"),
            ("%.2e", number("-99999"), "-1.00e+05"),
            ("%#x", number("-255"), "-0xff"),
            ("%#08x", number("255"), "0x0000ff"),
            ("%08.5d", number("-5"), "  -00005"),
            ("%.0d|", number("0"), "|"),
            ("%4s", Value::string("💃🏿"), "   💃🏿"),
            ("%05s", Value::string("a"), "0000a"),
            ("%5t", Value::Bool(true), "true"),
        ] {
            let result = call("format", &[Value::string(template), value]);
            assert_eq!(result, Ok(format!("\"{wanted}\"")), "{template}");
        }
        let both = [
            Value::string("%[2]s %[1]s"),
            Value::string("a"),
            Value::string("b"),
        ];
        assert_eq!(call("format", &both).as_deref(), Ok("\"b a\""));
        let names = Value::tuple(vec![Value::string("x"), Value::string("y")]);
        let list = [Value::string("%s-%s"), Value::string("a"), names];
        assert_eq!(
            call("formatlist", &list).as_deref(),
            Ok("tolist([\"a-x\", \"a-y\"])")
        );
    }

    #[test]
    fn mistakes_are_errors() {
        let template = |text: &str| Value::string(text);
        for arguments in [
            vec![template("%s")],
            vec![template("%s"), Value::string("a"), Value::string("b")],
            vec![template("%d"), Value::string("a")],
            vec![template("%y"), Value::string("a")],
            vec![template("%99999s"), Value::string("a")],
            vec![template("%"), Value::string("a")],
            vec![template("%[1]s"), Value::string("a"), Value::string("b")],
            vec![template("%d"), number("1.5")],
        ] {
            assert!(call("format", &arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn results_that_would_fill_the_memory_are_refused() {
        let wide = Value::string("%10000[1]s".repeat(10_000));
        assert!(call("format", &[wide, Value::string("a")]).is_err());
        let many = Value::list(vec![Value::string("a"); 10_000]);
        assert!(call("formatlist", &[Value::string("%10000s"), many]).is_err());
    }
}
