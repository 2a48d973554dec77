//! The formatter: HCL's own layout, and the files of Terraform's tests.

use super::support::{compare, directory, rows};
use pipeform::lang::fmt;

#[test]
fn layout_is_that_of_hcl() {
    let Some((_, rows)) = rows("hcl_fmt.json") else {
        return;
    };
    let rows = rows.iter().map(|row| (row["input"].as_str().unwrap(), row));
    compare(rows, 50, &[], |row| {
        let wanted = row["want"].as_str().unwrap();
        let found = fmt::layout(row["input"].as_str().unwrap());
        (found != wanted).then(|| format!("found\n{found}\nwanted\n{wanted}"))
    });
}

#[test]
fn files_are_formatted_as_by_terraform() {
    let Some(directory) = directory("fmt-testdata") else {
        return;
    };
    let mut compared = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let input = entry.unwrap().path();
        let name = input.file_name().unwrap().to_str().unwrap();
        let Some(stem) = name.strip_suffix("_in.tf") else {
            continue;
        };
        let text = std::fs::read_to_string(&input).unwrap();
        let wanted = input.with_file_name(format!("{stem}_out.tf"));
        let wanted = std::fs::read_to_string(wanted).unwrap();
        assert_eq!(fmt::format(&text), wanted, "{name}");
        assert_eq!(fmt::format(&wanted), wanted, "{stem}_out.tf");
        compared += 1;
    }
    assert!(compared > 1, "only {compared} files are compared");
}
