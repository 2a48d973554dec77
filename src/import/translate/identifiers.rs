//! Names of HCL for what has ids and names in AWS Data Pipeline.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Words that are written in one piece although they have capitals inside.
const WORDS: [(&str, &str); 6] = [
    ("DynamoDB", "Dynamodb"),
    ("MySQL", "Mysql"),
    ("MySql", "Mysql"),
    ("PostgreSQL", "Postgresql"),
    ("RDS", "Rds"),
    ("EMR", "Emr"),
];

/// How long the name of a file may be, without its ending: most systems take 255 bytes.
const LONGEST: usize = 150;

/// What a name is for a text that has no letter for one.
pub(super) const UNNAMED: &str = "unnamed";

/// A name in snake case that is an identifier: `TableBackupActivity` is `table_backup_activity`. Letters lose their accents.
pub(super) fn snake_case(text: &str) -> String {
    let mut plain: String = text
        .nfkd()
        .filter(|sign| !is_combining_mark(*sign))
        .collect();
    plain = with_to(&plain);
    for (word, one_piece) in WORDS {
        plain = plain.replace(word, one_piece);
    }
    let signs: Vec<char> = plain.chars().collect();
    let mut name = String::new();
    for (index, sign) in signs.iter().enumerate() {
        if !sign.is_ascii_alphanumeric() {
            name.push('_');
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| signs.get(before));
        let after = signs.get(index + 1);
        let begins_word = sign.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if begins_word {
            name.push('_');
        }
        name.push(sign.to_ascii_lowercase());
    }
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    let name = words.join("_");
    match name.chars().next() {
        None => UNNAMED.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{name}"),
        Some(_) => name,
    }
}

/// Separates the word in `RDStoS3`, which begins with no capital.
fn with_to(text: &str) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("to") {
        done.push_str(before);
        let capitals = before.chars().rev().take_while(char::is_ascii_uppercase);
        let is_word =
            capitals.count() > 1 && after.starts_with(|next: char| next.is_ascii_uppercase());
        done.push_str(if is_word { "_to_" } else { "to" });
        rest = after;
    }
    done + rest
}

/// Whether the console made an id up, so that it says nothing: `ActivityId_vKHA4`.
pub(super) fn is_made_up(id: &str) -> bool {
    id.split_once("Id_").is_some_and(|(before, after)| {
        let plain = |text: &str| text.chars().all(|sign| sign.is_ascii_alphanumeric());
        after.len() == 5 && plain(after) && plain(before)
    })
}

/// So much of a name in ASCII as can be that of a file, with something behind it.
pub(super) fn short(name: &str) -> &str {
    name.get(..LONGEST).unwrap_or(name)
}

/// Gives each name once: what is taken gets a number.
pub fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 2;
    while !taken.insert(free.clone()) {
        free = format!("{name}_{number}");
        number += 1;
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_identifiers_in_snake_case() {
        for (text, expected) in [
            ("TableBackupActivity", "table_backup_activity"),
            ("OutputS3Loc", "output_s3_loc"),
            ("DDBTableName", "ddb_table_name"),
            ("DynamoDBReadThroughput", "dynamodb_read_throughput"),
            ("Ec2Instance", "ec2_instance"),
            ("RDSPassword", "rds_password"),
            ("RDStoS3Pipeline", "rds_to_s3_pipeline"),
            ("DynamoDBtoCSV", "dynamodb_to_csv"),
            ("AutoCopyPhotoS3", "auto_copy_photo_s3"),
            ("my table (old)", "my_table_old"),
            ("1st", "n1st"),
            ("K\u{e4}ufe & Caf\u{e9}s", "kaufe_cafes"),
            ("\u{65e5}\u{6b21}", UNNAMED),
            ("_x__y_", "x_y"),
        ] {
            assert_eq!(snake_case(text), expected, "{text}");
        }
        assert!(is_made_up("ActivityId_vKHA4"));
        assert!(!is_made_up("CopyActivity"));
        let mut taken = BTreeSet::new();
        let mut next = || unique("a", &mut taken);
        assert_eq!([next(), next(), next()], ["a", "a_2", "a_3"]);
    }
}
