use super::*;
use proptest::prelude::*;

fn read(format: &Format, text: &[u8]) -> Result<Vec<Vec<Option<String>>>, String> {
    let mut reader = format.reader(text, "in").map_err(|e| e.to_string())?;
    let (mut record, mut all) = (Record::default(), vec![]);
    while reader.read(&mut record).map_err(|e| e.to_string())? {
        all.push(
            record
                .iter()
                .map(|f| f.map(|b| String::from_utf8_lossy(b).into_owned()))
                .collect(),
        );
    }
    Ok(all)
}

fn some(fields: &[&str]) -> Vec<Option<String>> {
    fields
        .iter()
        .map(|f| (*f != "NULL").then(|| (*f).to_owned()))
        .collect()
}

fn csv() -> Format {
    Format::Delimited(csv::csv(vec![], false, Some(b'\\')))
}

#[test]
fn csv_reads_quotes_escapes_and_null() {
    let rows = read(&csv(), b"a,\"b \"\"c\"\"\nd\",,\"\"\r\nx\\,y,2,3,4").unwrap();
    assert_eq!(
        rows,
        [
            some(&["a", "b \"c\"\nd", "NULL", ""]),
            some(&["x,y", "2", "3", "4"])
        ]
    );
    assert_eq!(
        read(&csv(), b"a\n\"b").unwrap_err(),
        "in line 2: a quote is opened and never closed"
    );
}

#[test]
fn a_wrong_header_is_an_error() {
    let columns = vec![Column::parse("a INT").unwrap(), Column::parse("b").unwrap()];
    let format = Format::Delimited(csv::csv(columns, true, None));
    assert_eq!(read(&format, b"a,b\n1,2\n").unwrap(), [some(&["1", "2"])]);
    assert_eq!(
        read(&format, b"b,a\n").unwrap_err(),
        "in line 1: the header is `b, a`, and `column` says `a, b`"
    );
}

#[test]
fn every_line_must_match_the_regex() {
    let format = Format::Regex(regex::RegexFormat {
        columns: vec![],
        input_regex: r"(\S+) (.*)".to_owned(),
        output_format: Some("%2$s|%1$s".to_owned()),
    });
    assert_eq!(
        read(&format, b"a b\nc \xff\n").unwrap(),
        [some(&["a", "b"]), some(&["c", "\u{fffd}"])]
    );
    let error = read(&format, b"a b\nnope\n").unwrap_err();
    assert_eq!(
        error,
        "in line 2: the line does not match `input_regex`: `nope`"
    );
}

proptest! {
    #[test]
    fn what_is_written_reads_back(rows in prop::collection::vec(
        prop::collection::vec(prop::option::of("[a,;\\\\\"\t\r\nN|é]{0,6}"), 1..4), 0..5)) {
        let tsv = Format::Delimited(tsv::tsv(vec![], false, Some(b'\\')));
        let custom = Format::Delimited(custom::custom(vec![], false, b"||".to_vec(), Some(b'\\')));
        for format in [csv(), tsv, custom] {
            let mut out = vec![];
            for row in &rows {
                let mut record = Record::default();
                for field in row {
                    let kind = if field.is_some() { FieldKind::Text } else { FieldKind::Null };
                    record.push(field.as_deref().unwrap_or("").as_bytes(), kind);
                }
                format.write(&record, &mut out).unwrap();
            }
            prop_assert_eq!(&read(&format, &out).unwrap(), &rows);
        }
    }
}
