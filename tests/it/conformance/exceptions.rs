//! What is not as in the tables, and why. One that has become right fails the tests, until it is taken out.

/// How expressions of the tables of functions begin whose result or error is not yet Terraform's, and why.
pub(super) const FUNCTIONS: &[(&str, &str)] = &[("log(50, 10)", "the last digit")];

/// How expressions of the table of errors begin that are none here, and why.
pub(super) const ERRORS: &[(&str, &str)] = &[
    (
        "cidrcontains(\"192.168.2.0/20\", \"192.168.2.1\")",
        "it has a result, which is in the other table",
    ),
    (
        "cidrcontains(\"192.168.2.0/20\", \"192.168.2.0/22\")",
        "it has a result, which is in the other table",
    ),
    (
        "cidrcontains(\"192.168.2.0/20\", \"192.126.2.",
        "it has a result, which is in the other table",
    ),
    (
        "cidrcontains(\"fe80::/48\", \"fe8",
        "it has a result, which is in the other table",
    ),
];

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
