//! Functions of numbers.

use num_bigint::BigInt;
use num_traits::Num as _;
use num_traits::ToPrimitive as _;

use super::Accepts;
use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use crate::lang::number::Number;
use crate::lang::value::Value;

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::pure(
        "abs",
        &[Parameter::number("num")],
        "Returns the absolute value.",
        abs,
    ),
    Function::pure(
        "ceil",
        &[Parameter::number("num")],
        "Rounds up to a whole number.",
        ceil,
    ),
    Function::pure(
        "floor",
        &[Parameter::number("num")],
        "Rounds down to a whole number.",
        floor,
    ),
    Function::pure(
        "log",
        &[Parameter::number("num"), Parameter::number("base")],
        "Returns the logarithm to a base.",
        log,
    ),
    variadic("max", "Returns the greatest number.", max),
    variadic("min", "Returns the smallest number.", min),
    Function::pure(
        "parseint",
        &[
            Parameter::new("number", Accepts::Any),
            Parameter::number("base"),
        ],
        "Reads a whole number in a base from 2 to 62.",
        parseint,
    ),
    Function::pure(
        "pow",
        &[Parameter::number("num"), Parameter::number("power")],
        "Raises a number to a power.",
        pow,
    ),
    Function::pure(
        "signum",
        &[Parameter::number("number")],
        "Returns -1, 0 or 1, as the number is negative, zero or positive.",
        signum,
    ),
];

const fn variadic(name: &'static str, doc: &'static str, body: super::Body) -> Function {
    Function {
        variadic: Some(Parameter::number("numbers")),
        ..Function::pure(name, &[], doc, body)
    }
}

fn number(arguments: &[Value], index: usize) -> Result<&Number, CallError> {
    match arguments.get(index) {
        Some(Value::Number(number)) => Ok(number),
        _ => Err(CallError::at(index, "a number is required")),
    }
}

fn float(arguments: &[Value], index: usize) -> Result<f64, CallError> {
    number(arguments, index)?
        .0
        .to_f64()
        .filter(|float| float.is_finite())
        .ok_or_else(|| CallError::at(index, "the number is too large"))
}

/// A floating-point result as the decimal that it prints as.
fn from_float(value: f64) -> Result<Value, CallError> {
    if !value.is_finite() {
        return Err(CallError::new("the result is no number"));
    }
    Number::parse(&format!("{value}"))
        .map(Value::Number)
        .ok_or_else(|| CallError::new("the result is too large"))
}

fn abs(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    Ok(Value::Number(Number(number(arguments, 0)?.0.abs())))
}

fn ceil(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    rounded(arguments, bigdecimal::RoundingMode::Ceiling)
}

fn floor(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    rounded(arguments, bigdecimal::RoundingMode::Floor)
}

fn rounded(arguments: &[Value], mode: bigdecimal::RoundingMode) -> Result<Value, CallError> {
    let number = number(arguments, 0)?;
    if number.is_integer() {
        return Ok(Value::Number(number.clone()));
    }
    Ok(Value::Number(Number(number.0.with_scale_round(0, mode))))
}

fn log(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let (value, base) = (float(arguments, 0)?, float(arguments, 1)?);
    from_float(value.ln() / base.ln())
}

fn pow(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    from_float(float(arguments, 0)?.powf(float(arguments, 1)?))
}

fn max(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    extreme(arguments, Iterator::max)
}

fn min(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    extreme(arguments, Iterator::min)
}

fn extreme<'a>(
    arguments: &'a [Value],
    choose: impl FnOnce(std::vec::IntoIter<&'a Number>) -> Option<&'a Number>,
) -> Result<Value, CallError> {
    let numbers = (0..arguments.len())
        .map(|index| number(arguments, index))
        .collect::<Result<Vec<_>, _>>()?;
    choose(numbers.into_iter())
        .map(|number| Value::Number(number.clone()))
        .ok_or_else(|| CallError::new("must pass at least one number"))
}

fn signum(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let number = number(arguments, 0)?;
    if !number.is_integer() {
        return Err(CallError::at(0, "value must be a whole number"));
    }
    let sign = match number.0.sign() {
        num_bigint::Sign::Minus => -1,
        num_bigint::Sign::NoSign => 0,
        num_bigint::Sign::Plus => 1,
    };
    Ok(Value::Number(Number::from(sign)))
}

fn parseint(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let Some(Value::String(text)) = arguments.first() else {
        return Err(CallError::at(0, "first argument must be a string"));
    };
    let base = number(arguments, 1)?
        .to_i64()
        .and_then(|base| u32::try_from(base).ok())
        .filter(|base| (2..=62).contains(base))
        .ok_or_else(|| {
            CallError::at(1, "base must be a whole number between 2 and 62 inclusive")
        })?;
    let wrong = || {
        CallError::at(
            0,
            format!("cannot parse \"{text}\" as a base {base} integer"),
        )
    };
    if text.len() > 300 {
        return Err(CallError::at(0, "the number is too long"));
    }
    if text.contains('_') {
        return Err(wrong());
    }
    let integer = if base <= 36 {
        BigInt::from_str_radix(text, base).map_err(|_| wrong())?
    } else {
        large_base(text, base).ok_or_else(wrong)?
    };
    Ok(Value::Number(Number(bigdecimal::BigDecimal::from(integer))))
}

/// Beyond 36, lower case letters come before upper case ones.
fn large_base(text: &str, base: u32) -> Option<BigInt> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = BigInt::ZERO;
    for digit in digits.bytes() {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'z' => digit - b'a' + 10,
            b'A'..=b'Z' => digit - b'A' + 36,
            _ => return None,
        };
        if u32::from(digit) >= base {
            return None;
        }
        value = value * base + digit;
    }
    Some(if negative { -value } else { value })
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
        for (name, arguments, wanted) in [
            ("abs", vec![number("-2.5")], "2.5"),
            ("ceil", vec![number("1.2")], "2"),
            ("ceil", vec![number("-1.2")], "-1"),
            ("floor", vec![number("-1.2")], "-2"),
            ("log", vec![number("8"), number("2")], "3"),
            ("max", vec![number("1"), number("12"), number("3")], "12"),
            ("min", vec![number("1"), number("-1"), number("3")], "-1"),
            ("pow", vec![number("3"), number("2")], "9"),
            ("signum", vec![number("-3")], "-1"),
            ("parseint", vec![Value::string("FF"), number("16")], "255"),
            ("parseint", vec![Value::string("-z"), number("62")], "-35"),
            ("parseint", vec![Value::string("Z"), number("62")], "61"),
        ] {
            assert_eq!(call(name, &arguments).as_deref(), Ok(wanted), "{name}");
        }
        assert!(call("max", &[]).is_err());
        assert!(call("parseint", &[Value::string("12"), number("2")]).is_err());
        assert!(call("parseint", &[Value::string("1"), number("63")]).is_err());
        assert!(call("parseint", &[Value::string("1_0"), number("10")]).is_err());
        assert!(call("parseint", &[number("1"), number("10")]).is_err());
        assert!(call("signum", &[number("0.5")]).is_err());
    }
}
