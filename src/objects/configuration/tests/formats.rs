//! What is wrong with formats, and would be found when the first file is read or written.

use super::findings;

/// The findings about a format of this type with these attributes.
fn found(format_type: &str, attributes: &str) -> Vec<String> {
    let text = format!("data_format \"{format_type}\" \"f\" {{\n  {attributes}\n}}\n");
    findings(&[(".", &text)])
}

const NONE: [&str; 0] = [];

#[test]
fn separators_of_columns_and_records_differ() {
    let same = [
        "data_format.f: Invalid combination: `column_separator` and `record_separator` are the same, so that nothing says where a record ends. Give columns and records separators that differ.",
    ];
    let both = "column_separator = \"|\"\n  record_separator = \"|\"";
    assert_eq!(found("custom", both), same);
    assert_eq!(found("tsv", both), same);
    assert_eq!(found("custom", "column_separator = \"\\n\""), same);
    assert_eq!(found("tsv", "record_separator = \"\\t\""), same);
    assert_eq!(found("custom", "column_separator = \"\\t\""), NONE);
    assert_eq!(found("tsv", ""), NONE);
}

#[test]
fn each_group_of_an_expression_is_a_column() {
    let wrong = |regex: &str, columns: &str| {
        let attributes = format!("input_regex = \"{regex}\"\n  column = [{columns}]");
        found("regex", &attributes)
    };
    let said = [
        "data_format.f: Invalid combination: Each group of `input_regex` is one column: it has 2, and `column` lists 1. Name all groups in `column`; a group that is no column is written `(?:…)`.",
    ];
    assert_eq!(wrong("(.) (.)", "\"a\""), said);
    assert_eq!(wrong("(?:(.) )(.)", "\"a\""), said);
    assert_eq!(wrong("(.) (?:.)", "\"a INT\""), NONE);
    assert_eq!(wrong("(.) (.)", ""), NONE);
    assert_eq!(found("regex", "input_regex = \"(.) (.)\""), NONE);
}
