//! Version constraints: `>= 0.1, < 2.0.0`, `~> 1.2`.

/// A version of up to three numbers; those left out are `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    parts: [Option<u64>; 3],
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = [None; 3];
        let core = text.trim().split(['-', '+']).next()?;
        for (index, part) in core.split('.').enumerate() {
            *parts.get_mut(index)? = Some(part.parse().ok()?);
        }
        Some(Self { parts })
    }

    fn numbers(self) -> [u64; 3] {
        self.parts.map(Option::unwrap_or_default)
    }

    /// The first version that `~>` this one refuses: the last number but one, raised.
    fn ceiling(self) -> [u64; 3] {
        let [major, minor, _] = self.numbers();
        if self.parts[2].is_some() {
            [major, minor + 1, 0]
        } else {
            [major + 1, 0, 0]
        }
    }
}

/// Whether `version` meets all constraints; `None` if the constraints are not written as such.
pub(super) fn meets(version: &str, constraints: &str) -> Option<bool> {
    let version = Version::parse(version)?.numbers();
    let mut all = true;
    for constraint in constraints.split(',') {
        let constraint = constraint.trim();
        let digits = constraint.find(|char: char| char.is_ascii_digit())?;
        let (operator, wanted) = constraint.split_at_checked(digits)?;
        let wanted = Version::parse(wanted)?;
        let numbers = wanted.numbers();
        all &= match operator.trim() {
            "" | "=" => version == numbers,
            "!=" => version != numbers,
            ">" => version > numbers,
            ">=" => version >= numbers,
            "<" => version < numbers,
            "<=" => version <= numbers,
            "~>" => version >= numbers && version < wanted.ceiling(),
            _ => return None,
        };
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_met_as_in_terraform() {
        for (version, constraints, expected) in [
            ("0.1.0", ">= 0.1", Some(true)),
            ("0.1.0", "0.1.0", Some(true)),
            ("0.1.0", "!= 0.1.0", Some(false)),
            ("1.2.9", "~> 1.2.3", Some(true)),
            ("1.3.0", "~> 1.2.3", Some(false)),
            ("1.9.0", "~> 1.2", Some(true)),
            ("2.0.0", "~> 1.2", Some(false)),
            ("1.5.0", ">= 1.0, < 1.5", Some(false)),
            ("1.0.0", "newest", None),
            ("1.0.0", "=> 1.0", None),
            ("1.0.0", "", None),
        ] {
            assert_eq!(
                meets(version, constraints),
                expected,
                "{version} {constraints}"
            );
        }
    }
}
