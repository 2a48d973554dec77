//! What is not as in the tables, and why. One that has become right fails the tests, until it is taken out.

/// How expressions of the tables of functions begin whose result or error is not yet Terraform's, and why.
pub(super) const FUNCTIONS: &[(&str, &str)] = &[("log(50, 10)", "the last digit")];

/// How expressions of the table of HCL's expressions begin whose result or error is not HCL's, and why.
pub(super) const EXPRESSIONS: &[(&str, &str)] = &[
    ("foo::upper", "a function of the test, not of the language"),
    (
        "foo :: upper",
        "a function of the test, not of the language",
    ),
    (
        "[\"hello\"][negate(0)]",
        "a function of the test, not of the language",
    ),
    (
        "nulllist.*.name",
        "null has no type, so that of a list is as any other",
    ),
    (
        "foo(value) && false",
        "an error is not hidden by the other side",
    ),
    (
        "foo(value) || true",
        "an error is not hidden by the other side",
    ),
];

/// The tests of HCL's specification suite whose result is not the one that is wanted, and why.
pub(super) const SPECIFICATION: &[(&str, &str)] = &[];
