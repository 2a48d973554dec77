//! Functions of IP address ranges in CIDR notation.
//!
//! Addresses of both families are numbers of 128 bits with a width of 32 or 128 beside them, so that each rule is written once.

use core::net::IpAddr;
use core::net::Ipv4Addr;
use core::net::Ipv6Addr;

use num_bigint::BigInt;
use num_traits::Signed as _;
use num_traits::ToPrimitive as _;

use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::text;
use crate::lang::types::Type;
use crate::lang::value::Value;

/// A range of addresses.
#[derive(Clone, Copy)]
struct Range {
    first: u128,
    /// How many bits of the addresses are the same.
    prefix: u32,
    /// How many bits an address has.
    width: u32,
}

/// By how many bits `cidrsubnets` extends a prefix at most.
const MOST_BITS: u32 = 32;

const PREFIX: Parameter = Parameter::string("prefix");

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::pure(
        "cidrcontains",
        &[
            Parameter::string("containing_prefix"),
            Parameter::string("contained_ip_or_prefix"),
        ],
        "Whether a range of addresses has an address, or a whole other range, in it.",
        cidrcontains,
    ),
    Function::pure(
        "cidrhost",
        &[PREFIX, Parameter::number("hostnum")],
        "The address with a number in a range; negative numbers count from its end.",
        cidrhost,
    ),
    Function::pure(
        "cidrnetmask",
        &[PREFIX],
        "The netmask of a range of IPv4 addresses.",
        cidrnetmask,
    ),
    Function::pure(
        "cidrsubnet",
        &[
            PREFIX,
            Parameter::number("newbits"),
            Parameter::number("netnum"),
        ],
        "The range with a number among those that divide a range by so many more bits.",
        cidrsubnet,
    ),
    Function {
        variadic: Some(Parameter::number("newbits")),
        ..Function::pure(
            "cidrsubnets",
            &[PREFIX],
            "Ranges inside a range, one after the other, each with so many more bits.",
            cidrsubnets,
        )
    },
];

impl Range {
    /// Reads `10.0.0.0/8`; what is set below the prefix is cleared. `None` if it is none.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (address, width) = address_of(address)?;
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u32 = digits.then(|| prefix.parse().ok()).flatten()?;
        // An IPv4 address in the form of IPv6 has the 96 bits of that form before it.
        let prefix = if width == 32 && text.contains(':') {
            prefix.checked_sub(96)?
        } else {
            prefix
        };
        if prefix > width {
            return None;
        }
        let mut range = Self {
            first: address,
            prefix,
            width,
        };
        range.first &= !range.below();
        Some(range)
    }

    /// The bits below the prefix, set.
    fn below(self) -> u128 {
        ones(self.width - self.prefix)
    }

    fn last(self) -> u128 {
        self.first | self.below()
    }

    fn contains(self, address: u128) -> bool {
        (self.first..=self.last()).contains(&address)
    }

    fn show(self) -> String {
        format!("{}/{}", shown(self.first, self.width), self.prefix)
    }
}

fn ones(count: u32) -> u128 {
    1_u128
        .checked_shl(count)
        .map_or(u128::MAX, |power| power - 1)
}

/// An address as a number, and its width. Leading zeros in an IPv4 address are decimal.
fn address_of(text: &str) -> Option<(u128, u32)> {
    let decimal: Vec<&str> = text
        .split('.')
        .map(|part| match part.trim_start_matches('0') {
            "" if !part.is_empty() => "0",
            rest => rest,
        })
        .collect();
    if !text.contains(':')
        && let Ok(address) = decimal.join(".").parse::<Ipv4Addr>()
    {
        return Some((u128::from(u32::from(address)), 32));
    }
    match text.parse::<Ipv6Addr>().ok()? {
        address if address.to_ipv4_mapped().is_some() => Some((u128::from(address) & ones(32), 32)),
        address => Some((u128::from(address), 128)),
    }
}

fn shown(address: u128, width: u32) -> String {
    let address = match u32::try_from(address) {
        Ok(address) if width == 32 => IpAddr::from(Ipv4Addr::from(address)),
        _ => IpAddr::from(Ipv6Addr::from(address)),
    };
    address.to_string()
}

fn range(arguments: &[Value], index: usize) -> Result<Range, CallError> {
    let written = text(arguments, index)?;
    Range::parse(written).ok_or_else(|| {
        CallError::at(
            index,
            format!(
                "`{written}` is no range of addresses in CIDR notation, such as `10.0.0.0/8` or `fd00::/8`"
            ),
        )
    })
}

fn integer(arguments: &[Value], index: usize) -> Result<BigInt, CallError> {
    let number = match arguments.get(index) {
        Some(Value::Number(number)) => number.to_bigint(),
        _ => None,
    };
    number.ok_or_else(|| CallError::at(index, "it must be a whole number"))
}

fn cidrhost(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let number = integer(arguments, 1)?;
    let range = range(arguments, 0)?;
    // From the end, the last address is -1.
    let offset = if number.is_negative() {
        (-&number - BigInt::from(1)).to_u128()
    } else {
        number.to_u128()
    };
    let offset = offset.filter(|offset| *offset <= range.below());
    let offset = offset.ok_or_else(|| {
        let message = format!(
            "a prefix of {} bits has no room for a host with the number {number}",
            range.prefix
        );
        CallError::at(1, message)
    })?;
    let address = if number.is_negative() {
        range.last() - offset
    } else {
        range.first + offset
    };
    Ok(Value::string(shown(address, range.width)))
}

fn cidrnetmask(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let range = range(arguments, 0)?;
    if range.width != 32 {
        let message = format!(
            "only IPv4 addresses have a netmask, and `{}` is IPv6",
            text(arguments, 0)?
        );
        return Err(CallError::at(0, message));
    }
    let mask = ones(32) & !range.below();
    Ok(Value::string(shown(mask, 32)))
}

fn cidrsubnet(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let (newbits, number) = (integer(arguments, 1)?, integer(arguments, 2)?);
    let range = range(arguments, 0)?;
    let room = range.width - range.prefix;
    let newbits = newbits.to_u32().filter(|newbits| *newbits <= room);
    let newbits = newbits.ok_or_else(|| {
        let message = format!(
            "a prefix of {} bits can be extended by 0 to {room} bits",
            range.prefix
        );
        CallError::at(1, message)
    })?;
    let number = number.to_u128().filter(|number| *number <= ones(newbits));
    let number = number.ok_or_else(|| {
        let message = format!(
            "{newbits} more bits number the ranges from 0 to {}",
            ones(newbits)
        );
        CallError::at(2, message)
    })?;
    let shift = room - newbits;
    let subnet = Range {
        first: range.first | number.checked_shl(shift).unwrap_or(0),
        prefix: range.prefix + newbits,
        ..range
    };
    Ok(Value::string(subnet.show()))
}

fn cidrsubnets(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let range = range(arguments, 0)?;
    let mut subnets = Vec::new();
    // The first address that is free; none when the range is used up.
    let mut free = Some(range.first);
    for index in 1..arguments.len() {
        let room = (range.width - range.prefix).min(MOST_BITS);
        let newbits = integer(arguments, index)?.to_u32();
        let newbits = newbits.filter(|newbits| (1..=room).contains(newbits));
        let newbits = newbits.ok_or_else(|| {
            let message = format!(
                "a prefix of {} bits must be extended by 1 to {room} bits",
                range.prefix
            );
            CallError::at(index, message)
        })?;
        let prefix = range.prefix + newbits;
        let size = ones(range.width - prefix);
        // Rounded up to where a range of this size can begin.
        let first = free.and_then(|free| Some(free.checked_add(size)? & !size));
        let first = first.filter(|first| range.contains(*first)).ok_or_else(|| {
            let message = format!(
                "there is not enough room left in `{}` for a range with a prefix of {prefix} bits",
                range.show()
            );
            CallError::at(index, message)
        })?;
        let subnet = Range {
            first,
            prefix,
            width: range.width,
        };
        free = subnet.last().checked_add(1);
        subnets.push(Value::string(subnet.show()));
    }
    Ok(Value::list_of(subnets, Type::String))
}

fn cidrcontains(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let range = range(arguments, 0)?;
    let written = text(arguments, 1)?;
    let inner = match address_of(written) {
        Some((address, width)) => Some((address, address, width)),
        None => Range::parse(written).map(|inner| (inner.first, inner.last(), inner.width)),
    };
    let Some((first, last, width)) = inner else {
        let message = format!("`{written}` is neither an address nor a range of addresses");
        return Err(CallError::at(1, message));
    };
    if width != range.width {
        let message = "one is IPv4 and the other IPv6; both must be of one family";
        return Err(CallError::new(message));
    }
    Ok(Value::Bool(range.contains(first) && range.contains(last)))
}

#[cfg(test)]
mod tests {
    use crate::lang::test_support::TestScope;

    #[test]
    fn ranges_are_counted_and_divided() {
        let scope = TestScope::new("{}", &[]);
        for (call, expected) in [
            (r#"cidrhost("10.12.112.0/20", 16)"#, r#""10.12.112.16""#),
            (r#"cidrhost("10.12.112.0/20", -1)"#, r#""10.12.127.255""#),
            (
                r#"cidrhost("fd00:fd12:3456:7890::/56", 34)"#,
                r#""fd00:fd12:3456:7800::22""#,
            ),
            (r#"cidrnetmask("172.16.0.0/12")"#, r#""255.240.0.0""#),
            (r#"cidrnetmask("0.0.0.0/0")"#, r#""0.0.0.0""#),
            (r#"cidrsubnet("172.16.0.0/12", 4, 2)"#, r#""172.18.0.0/16""#),
            (r#"cidrsubnet("::/0", 128, 1)"#, r#""::1/128""#),
            (
                r#"cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)"#,
                r#"tolist(["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"])"#,
            ),
            (r#"cidrsubnets("10.1.0.0/16")"#, "tolist([])"),
            (
                r#"cidrcontains("192.168.2.0/20", "192.168.2.0/22")"#,
                "true",
            ),
            (r#"cidrcontains("fe80::/48", "fe81::1")"#, "false"),
        ] {
            assert_eq!(scope.shown(call), expected, "{call}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let scope = TestScope::new("{}", &[]);
        for (call, part) in [
            (
                r#"cidrhost("10.0.0.0/30", 4)"#,
                "no room for a host with the number 4",
            ),
            (
                r#"cidrhost("10.0.0.0/30", -5)"#,
                "no room for a host with the number -5",
            ),
            (r#"cidrhost("10.0.0.0", 1)"#, "`10.0.0.0` is no range"),
            (r#"cidrhost("10.0.0.0/8", 0.5)"#, "whole number"),
            (
                r#"cidrnetmask("1::/64")"#,
                "only IPv4 addresses have a netmask",
            ),
            (
                r#"cidrsubnet("192.168.0.0/30", 4, 6)"#,
                "extended by 0 to 2 bits",
            ),
            (r#"cidrsubnet("192.168.0.0/24", 2, 4)"#, "from 0 to 3"),
            (
                r#"cidrsubnets("10.0.0.0/31", 1, 1, 1)"#,
                "not enough room left",
            ),
            (
                r#"cidrcontains("10.0.0.0/8", "::1")"#,
                "one is IPv4 and the other IPv6",
            ),
        ] {
            let shown = scope.shown(call);
            assert!(shown.contains(part), "{call}: {shown}");
        }
    }
}
