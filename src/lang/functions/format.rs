//! `format` and `formatlist`: values by verbs, as in C and Go.

use std::sync::Arc;

use num_traits::ToPrimitive as _;

use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
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
        formatted(template, &values).map(Value::string)
    });
    Ok(Value::List(Arc::new(rows.collect::<Result<_, _>>()?)))
}

fn elements(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(list) | Value::Tuple(list) | Value::Set(list) => Some(list),
        _ => None,
    }
}

/// A verb with its flags: `%[2]-08.3f`.
#[derive(Default)]
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
    let (mut next, mut highest, mut numbered) = (0, 0, false);
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
        numbered |= index.is_some();
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
    }
    if !numbered && highest < values.len() {
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
        'v' => Ok(pad(verb, &any(verb, value)?)),
        't' => match crate::lang::convert::to_bool(value) {
            Some(value) => Ok(pad(verb, if value { "true" } else { "false" })),
            None => Err(wrong("a bool is")),
        },
        's' => Ok(pad(verb, &cut(verb, &text()?))),
        'q' => Ok(pad(verb, &quoted(&cut(verb, &text()?)))),
        'd' | 'b' | 'o' | 'x' | 'X' => Ok(pad_number(verb, &integer(verb, &number()?))),
        'e' | 'E' | 'f' | 'g' | 'G' => Ok(pad_number(verb, &decimal(verb, &number()?))),
        letter => Err(CallError::at(
            0,
            format!("unrecognized format character \"{letter}\""),
        )),
    }
}

/// `%v`: numbers and strings as they are, everything else as JSON; `%#v`: everything as JSON.
fn any(verb: &Verb, value: &Value) -> Result<String, CallError> {
    match value {
        Value::String(text) if !verb.sharp => Ok(text.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        other => super::encoding::json(other),
    }
}

fn cut(verb: &Verb, text: &str) -> String {
    match verb.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

fn integer(verb: &Verb, number: &Number) -> String {
    let whole = number.0.with_scale_round(0, bigdecimal::RoundingMode::Down);
    let (whole, _) = whole.into_bigint_and_exponent();
    let text = match verb.letter {
        'b' => whole.to_str_radix(2),
        'o' => whole.to_str_radix(8),
        'x' => whole.to_str_radix(16),
        'X' => whole.to_str_radix(16).to_uppercase(),
        _ => whole.to_string(),
    };
    signed(verb, text)
}

fn decimal(verb: &Verb, number: &Number) -> String {
    let precision = verb.precision.unwrap_or(6);
    let text = match verb.letter {
        'f' => {
            let scale = i64::try_from(precision).unwrap_or(i64::MAX);
            let rounded = number
                .0
                .with_scale_round(scale, bigdecimal::RoundingMode::HalfEven);
            rounded.to_plain_string()
        }
        'e' | 'E' => exponent(
            verb,
            &format!("{:.precision$e}", number.0.to_f64().unwrap_or(0.0)),
        ),
        _ => match verb.precision {
            None => number.to_string(),
            Some(digits) => {
                let digits = u64::try_from(digits.max(1)).unwrap_or(1);
                number.0.with_prec(digits).normalized().to_plain_string()
            }
        },
    };
    signed(verb, text)
}

/// Rust writes `1.5e3`, C and Go `1.5e+03`.
fn exponent(verb: &Verb, text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}{}{sign}{digits:0>2}", verb.letter)
}

fn signed(verb: &Verb, text: String) -> String {
    match (text.starts_with('-'), verb.plus, verb.space) {
        (false, true, _) => format!("+{text}"),
        (false, false, true) => format!(" {text}"),
        _ => text,
    }
}

fn pad(verb: &Verb, text: &str) -> String {
    let width = verb.width.unwrap_or(0);
    if verb.minus {
        format!("{text:<width$}")
    } else {
        format!("{text:>width$}")
    }
}

fn pad_number(verb: &Verb, text: &str) -> String {
    let width = verb.width.unwrap_or(0);
    let missing = width.saturating_sub(text.chars().count());
    if !verb.zero || verb.minus || missing == 0 {
        return pad(verb, text);
    }
    let zeros = "0".repeat(missing);
    match text.strip_prefix(['-', '+', ' ']) {
        Some(digits) => {
            let sign = text.chars().next().unwrap_or('+');
            format!("{sign}{zeros}{digits}")
        }
        None => format!("{zeros}{text}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::lang::NoFiles;
    use crate::lang::functions::Call;
    use crate::lang::functions::find;
    use crate::lang::number::Number;
    use crate::lang::print;
    use crate::lang::value::Value;

    fn call(name: &str, arguments: &[Value]) -> Result<String, String> {
        let call = Call {
            files: &NoFiles,
            now: jiff::Timestamp::UNIX_EPOCH,
            random: || [0; 16],
        };
        (find(name).unwrap().body)(&call, arguments)
            .map(|value| print::value(&value))
            .map_err(|error| error.message)
    }

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
            ("%t", Value::Bool(true), "true"),
            ("%#v", Value::string("a"), "\\\"a\\\""),
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
        let names = Value::Tuple(Arc::new(vec![Value::string("x"), Value::string("y")]));
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
        ] {
            assert!(call("format", &arguments).is_err(), "{arguments:?}");
        }
    }
}
