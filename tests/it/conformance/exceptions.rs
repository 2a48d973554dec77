//! What is not as in the tables, and why. One that has become right fails the tests, until it is taken out.

/// How expressions of the tables of functions begin whose result or error is not yet Terraform's, and why.
pub(super) const FUNCTIONS: &[(&str, &str)] = &[
    (
        "sum(tolist([1000000000000000000000",
        "the parser takes a number of hundreds of digits apart",
    ),
    ("log(50, 10)", "the last digit"),
    (
        "merge(tomap({\"a\" = \"b\"}), tostring(null))",
        "a null of another type is no map",
    ),
];
