use std::io::Cursor;
use std::io::Read as _;

use bytes::Bytes;
use proptest::prelude::*;

use super::compression::Compression;
use super::compression::Packer;
use super::compression::unpack;
use super::json_lines::JsonLines;
use super::parquet::Pages;
use super::parquet::Parquet;
use super::parquet::ParquetReader;
use super::parquet::ParquetWriter;
use super::*;

type Row = Vec<Option<String>>;

/// All records of a reader, and what it rejects as `line: reason`.
fn drain(reader: &mut dyn BatchReader) -> Result<(Vec<Row>, Vec<String>), String> {
    let (mut batch, mut rows, mut rejected) = (Batch::default(), vec![], vec![]);
    while reader.fill(&mut batch).map_err(|e| e.to_string())? {
        for record in batch.records() {
            let texts = record.fields().map(|(bytes, kind)| {
                let text = String::from_utf8_lossy(bytes).into_owned();
                (kind != FieldKind::Null).then_some(text)
            });
            rows.push(texts.collect());
        }
        for one in batch.rejected() {
            let text = String::from_utf8_lossy(batch.text_of(one));
            rejected.push(format!("{}: {}: {text}", one.line, one.fault.reason));
        }
    }
    Ok((rows, rejected))
}

fn sifted(format: &Format, text: &[u8]) -> (Vec<Row>, Vec<String>) {
    let mut reader = format.reader(text, "in").unwrap();
    drain(&mut *reader).unwrap()
}

fn read(format: &Format, text: &[u8]) -> Result<Vec<Row>, String> {
    let mut reader = format.reader(text, "in").map_err(|e| e.to_string())?;
    let (rows, rejected) = drain(&mut *reader)?;
    match rejected.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(rows),
    }
}

fn some(fields: &[&str]) -> Row {
    fields
        .iter()
        .map(|f| (*f != "NULL").then(|| (*f).to_owned()))
        .collect()
}

fn csv() -> Format {
    Format::Delimited(csv::csv(vec![], false, Some(b'\\')))
}

fn tsv() -> Format {
    Format::Delimited(tsv::tsv(vec![], false, Some(b'\\')))
}

fn json(columns: &[&str]) -> Format {
    let columns = columns.iter().map(|c| Column::parse(c).unwrap()).collect();
    Format::JsonLines(JsonLines { columns })
}

fn batch_of(rows: &[Row]) -> Batch {
    let mut batch = Batch::default();
    for (number, row) in rows.iter().enumerate() {
        for field in row {
            match field {
                Some(text) => batch.push(text.as_bytes(), FieldKind::Text),
                None => batch.push(b"", FieldKind::Null),
            }
        }
        batch.end_record(number as u64 + 1);
    }
    batch
}

fn names(width: usize) -> Vec<String> {
    (0..width).map(|n| format!("c{n}")).collect()
}

fn written(format: &Format, rows: &[Row], width: usize) -> Vec<u8> {
    let (batch, mut out) = (batch_of(rows), vec![]);
    let writer = format.writer(&names(width), vec![], width).unwrap();
    if format.header() {
        writer.write_header(&names(width), &mut out).unwrap();
    }
    for record in batch.records() {
        writer.write(record, &mut out).unwrap();
    }
    out
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
}

#[test]
fn what_cannot_be_taken_is_its_line_and_reading_goes_on() {
    type Case<'c> = (Format, &'c str, &'c [&'c [&'c str]], &'c [&'c str]);
    let cases: &[Case<'_>] = &[
        (
            csv(),
            "a,b\n1,2,3\nc,d\n\n4\ne,f",
            &[&["a", "b"], &["c", "d"], &["e", "f"]],
            &[
                "2: the record has 3 fields, and 2 are expected: 1,2,3",
                "5: the record has 1 fields, and 2 are expected: 4",
            ],
        ),
        (
            csv(),
            "a,b\n\"open,1\nc,d\n\"x\"y,2\ne,\"f\ng\"\nh,i",
            &[&["a", "b"], &["c", "d"], &["e", "f\ng"], &["h", "i"]],
            &[
                "2: text after a closing quote; double the quote inside a field: \"open,1",
                "4: text after a closing quote; double the quote inside a field: \"x\"y,2",
            ],
        ),
        (
            csv(),
            "a,b\n\"open,1\nc,d",
            &[&["a", "b"], &["c", "d"]],
            &["2: a quote is opened and never closed: \"open,1"],
        ),
        (
            tsv(),
            "a\tb\r\nc\r\n\\N\t\n",
            &[&["a", "b"], &["NULL", ""]],
            &["2: the record has 1 fields, and 2 are expected: c"],
        ),
        (
            json(&[]),
            "{\"a\":1,\"b\":null}\n[1]\n\n{\"b\":\"x\"}\n{\"a\":2,\"c\":3}\n{\"a\":2,\n{\"a\":{\"d\": [true]},\"b\":1e400}",
            &[
                &["1", "NULL"],
                &["NULL", "x"],
                &["{\"d\": [true]}", "1e400"],
            ],
            &[
                "2: `[1]` is not a JSON object; there is one on each line: [1]",
                "5: the first line has no key `c`; list all in `column`: {\"a\":2,\"c\":3}",
                "6: it is not a JSON object: EOF while parsing a value at character 7: {\"a\":2,",
            ],
        ),
        (
            json(&["b"]),
            "{\"a\":1,\"b\":\"\\u00e9\\n\"}\n{\"b\":\"\\ud800\"}",
            &[&["é\n"]],
            &["2: the text has an escape that stands for no character: {\"b\":\"\\ud800\"}"],
        ),
    ];
    for (format, text, rows, rejected) in cases {
        let found = sifted(format, text.as_bytes());
        let rows: Vec<Row> = rows.iter().map(|row| some(row)).collect();
        let rejected: Vec<String> = rejected.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(found, (rows, rejected), "{text}");
    }
    let (rows, rejected) = sifted(&json(&[]), b"{\"a\":\"\xff\"}\n{\"a\":1}\n");
    assert_eq!(rows, [some(&["1"])]);
    assert!(rejected[0].contains("is not UTF-8 text"), "{rejected:?}");
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
fn a_mark_at_the_beginning_of_a_file_is_no_text() {
    let header = Format::Delimited(csv::csv(vec![], true, None));
    for format in [csv(), tsv(), header.clone()] {
        let reader = format.reader(&b"\xef\xbb\xbfa"[..], "in").unwrap();
        drop(reader);
    }
    let reader = header.reader(&b"\xef\xbb\xbfa,b\n1,2\n"[..], "in").unwrap();
    assert_eq!(reader.names(), ["a", "b"]);
    assert_eq!(
        read(&csv(), b"\xef\xbb\xbf\"a\",1").unwrap(),
        [some(&["a", "1"])]
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
    assert_eq!(
        sifted(&format, b"a b\nnope\r\nc d").1,
        ["2: the line does not match `input_regex`: `nope`: nope"]
    );
    let out = written(&format, &[some(&["a", "b"])], 2);
    assert_eq!(out, b"b|a\n");
    assert!(format.writer(&[], vec![], 1).is_err());
}

/// A line without end, made while it is read.
struct Long {
    before: &'static [u8],
    left: usize,
    after: &'static [u8],
}

impl std::io::Read for Long {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if !self.before.is_empty() {
            return self.before.read(into);
        }
        if self.left > 0 {
            let count = into.len().min(self.left);
            into[..count].fill(b'x');
            self.left -= count;
            return Ok(count);
        }
        self.after.read(into)
    }
}

#[test]
fn a_line_without_end_is_passed_over() {
    for (format, line) in [
        (csv(), "a\n"),
        (tsv(), "a\n"),
        (json(&[]), "{\"k\":\"a\"}\n"),
    ] {
        let line: &'static [u8] = line.as_bytes().to_vec().leak();
        let input = Long {
            before: line,
            left: 40_000_000,
            after: [b"\n", line].concat().leak(),
        };
        let input = std::io::BufReader::new(input);
        let mut reader = format.reader(input, "in").unwrap();
        let (rows, rejected) = drain(&mut *reader).unwrap();
        assert_eq!(rows, [some(&["a"]), some(&["a"])]);
        assert_eq!(rejected.len(), 1);
        assert!(rejected[0].starts_with("2: the line is longer than 16 MiB"));
    }
    // A quote that stays open for long costs one line.
    let line = [b"b".repeat(999), b"\n".to_vec()].concat();
    let text = [b"\"a\n".to_vec(), line.repeat(18_000)].concat();
    let (rows, rejected) = sifted(&csv(), &text);
    assert_eq!(rows.len(), 18_000);
    assert_eq!(
        rejected,
        ["1: a quote is opened and not closed within 16 MiB: \"a"]
    );
}

fn rows_of(width: usize) -> impl Strategy<Value = Vec<Row>> {
    let field = prop_oneof![
        4 => "[a-c,;\\\\\"\t\r\nN|é\u{0}\u{feff}日]{0,6}",
        1 => any::<String>(),
    ];
    prop::collection::vec(prop::collection::vec(prop::option::of(field), width), 0..40)
}

fn wide_rows() -> impl Strategy<Value = (usize, Vec<Row>)> {
    (1_usize..5).prop_flat_map(|width| rows_of(width).prop_map(move |rows| (width, rows)))
}

proptest! {
    #[test]
    fn what_is_written_reads_back((width, rows) in wide_rows(), header in any::<bool>()) {
        let custom = Format::Delimited(custom::custom(vec![], header, b"||".to_vec(), Some(b'\\')));
        let csv = Format::Delimited(csv::csv(vec![], header, Some(b'\\')));
        let plain = Format::Delimited(csv::csv(vec![], header, None));
        let tsv = Format::Delimited(tsv::tsv(vec![], header, Some(b'\\')));
        let declared: Vec<String> = names(width);
        let declared: Vec<&str> = declared.iter().map(String::as_str).collect();
        for format in [csv, plain, tsv, custom, json(&[]), json(&declared)] {
            let out = written(&format, &rows, width);
            for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
                let mut packer = Packer::new(Vec::new(), compression).unwrap();
                std::io::Write::write_all(&mut packer, &out).unwrap();
                let packed = Cursor::new(packer.finish().unwrap());
                let mut text = Vec::new();
                unpack(packed, compression).unwrap().read_to_end(&mut text).unwrap();
                prop_assert_eq!(&read(&format, &text).unwrap(), &rows, "{:?}", format);
            }
        }
    }

    #[test]
    fn pieces_of_any_size_make_the_same_records((width, rows) in wide_rows(), size in 1_usize..50) {
        for format in [csv(), tsv(), json(&[])] {
            let out = written(&format, &rows, width);
            let slow = std::io::BufReader::with_capacity(size, &*out);
            let mut reader = format.reader(slow, "in").unwrap();
            prop_assert_eq!(&drain(&mut *reader).unwrap().0, &rows);
        }
    }

    #[test]
    fn columns_that_are_written_read_back((width, rows) in wide_rows()) {
        let columns: Vec<Column> = names(width).iter().map(|n| Column::parse(n).unwrap()).collect();
        for pages in [Pages::Plain, Pages::Snappy, Pages::Zstd, Pages::Gzip] {
            let file = parquet_of(&rows, &columns, pages);
            let format = Parquet { columns: vec![], untyped: vec![], pages };
            let mut reader = ParquetReader::new(&format, Bytes::from(file), "in").unwrap();
            prop_assert_eq!(reader.columns(), &*columns);
            prop_assert_eq!(&drain(&mut reader).unwrap().0, &rows);
        }
    }

    #[test]
    fn typed_columns_read_back(rows in prop::collection::vec((
        prop::option::of(any::<i32>()), prop::option::of(any::<i64>()), prop::option::of(any::<f64>()),
        prop::option::of(any::<bool>()), prop::option::of(0_i64..253_402_300_799_999_999),
        prop::option::of(-719_000_i64..2_900_000), prop::option::of(-99_999_999_i64..99_999_999),
    ), 0..60)) {
        let columns = ["a INT", "b BIGINT", "c DOUBLE", "d BOOLEAN", "e TIMESTAMP", "f DATE", "g DECIMAL(8,2)"];
        let columns: Vec<Column> = columns.iter().map(|c| Column::parse(c).unwrap()).collect();
        let rows: Vec<Row> = rows.iter().map(|(a, b, c, d, e, f, g)| {
            let clock = |e: i64| jiff::Timestamp::from_microsecond(e).unwrap().to_string().replace('T', " ").replace('Z', "");
            let date = |f: i64| {
                let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(f));
                day.unwrap().to_string()
            };
            let cents = |g: i64| format!("{}{}.{:02}", if g < 0 { "-" } else { "" }, g.abs() / 100, g.abs() % 100);
            vec![
                a.map(|a| a.to_string()), b.map(|b| b.to_string()),
                c.map(|c| if c.is_finite() { serde_json::to_string(&c).unwrap() } else { format!("{c:?}") }),
                d.map(|d| d.to_string()), e.map(clock), f.map(date), g.map(cents),
            ]
        }).collect();
        let file = parquet_of(&rows, &columns, Pages::Zstd);
        let format = Parquet { columns: vec![], untyped: vec![], pages: Pages::Zstd };
        let mut reader = ParquetReader::new(&format, Bytes::from(file), "in").unwrap();
        prop_assert_eq!(reader.columns(), &*columns);
        let found = drain(&mut reader).unwrap().0;
        for (found, row) in found.iter().zip(&rows) {
            for (column, (found, given)) in found.iter().zip(row).enumerate() {
                // How many digits a fraction is given differs; what it means does not.
                let same = |text: &Option<String>| text.as_ref().map(|t| format!("{:?}", columns::cell(t.as_bytes(), FieldKind::Text, columns[column].kind)));
                prop_assert_eq!(same(found), same(given));
            }
        }
        prop_assert_eq!(found.len(), rows.len());
    }

    #[test]
    fn damaged_columns_are_errors(rows in rows_of(2), at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<bool>()) {
        let columns = [Column::parse("a").unwrap(), Column::parse("b").unwrap()];
        let mut file = parquet_of(&rows, &columns, Pages::Snappy);
        let at = at.index(file.len());
        if cut {
            file.truncate(at);
        } else {
            file[at] = to;
        }
        let format = Parquet { columns: vec![], untyped: vec![], pages: Pages::Snappy };
        let opened = ParquetReader::new(&format, Bytes::from(file), "in");
        let result = opened.map_err(|e| e.to_string()).and_then(|mut reader| drain(&mut reader));
        if cut {
            let error = result.unwrap_err();
            prop_assert!(error.starts_with("in: it cannot be read as parquet"), "{}", error);
        }
    }
}

#[test]
fn what_has_no_lines_is_said() {
    let header = Format::Delimited(csv::csv(vec![], true, None));
    for (text, reason) in [
        (&b"\xff\xfea\0,\0b\0\n\0"[..], "UTF-16"),
        (b"a,b\r1,2\r3,4", "carriage returns alone"),
        (b"a,b\r1,2\r", "carriage returns alone"),
        (b"\x1f\x8b\x08\0\0", "packed with gzip"),
        (b"\x28\xb5\x2f\xfd\n1\n", "packed with zstd"),
        (b"PK\x03\x04\n1\n", "a zip file"),
        (b"PAR1\x15\x04\n1\n", "a parquet file"),
    ] {
        for format in [csv(), tsv(), header.clone(), json(&[])] {
            let error = read(&format, text).unwrap_err();
            assert!(
                error.contains(reason) && error.contains("line 1"),
                "{error}"
            );
        }
    }
    assert_eq!(read(&csv(), b"a,b\r").unwrap(), [some(&["a", "b\r"])]);
    assert_eq!(
        read(&csv(), b"\"a\rb\rc\",b").unwrap(),
        [some(&["a\rb\rc", "b"])]
    );
}

#[test]
fn a_key_that_is_there_twice_is_wrong() {
    for format in [json(&[]), json(&["b", "a"])] {
        let text = b"{\"a\":1,\"b\":2}\n{\"a\":1,\"a\":2}\n{\"b\":1,\"a\":null,\"a\":\"\\u0041\"}\n{\"a\":3}\n";
        let (rows, rejected) = sifted(&format, text);
        assert_eq!(rows.len(), 2);
        assert_eq!(rejected.len(), 2, "{rejected:?}");
        assert!(
            rejected
                .iter()
                .all(|it| it.contains("the object has this key twice"))
        );
    }
    let (_, rejected) = sifted(&json(&["a"]), b"{\"b\":1,\"b\":2}\n");
    assert_eq!(rejected.len(), 0, "other keys do not count");
}

fn parquet_of(rows: &[Row], columns: &[Column], pages: Pages) -> Vec<u8> {
    let mut writer = ParquetWriter::new(Vec::new(), columns, pages).unwrap();
    for record in batch_of(rows).records() {
        writer.write(record).unwrap();
        writer.pass_on().unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn columns_are_picked_by_name() {
    let all = [Column::parse("a INT").unwrap(), Column::parse("b").unwrap()];
    let file = parquet_of(
        &[some(&["1", "x"]), some(&["NULL", "y"])],
        &all,
        Pages::Zstd,
    );
    let open = |columns: &[&str]| {
        let format = Parquet {
            columns: columns.iter().map(|c| Column::parse(c).unwrap()).collect(),
            untyped: vec!["b".to_owned(), "a".to_owned()],
            pages: Pages::Zstd,
        };
        ParquetReader::new(&format, Bytes::from(file.clone()), "in")
    };
    let mut reader = open(&["b", "a"]).unwrap();
    assert_eq!(reader.columns(), [all[1].clone(), all[0].clone()]);
    assert_eq!(
        drain(&mut reader).unwrap().0,
        [some(&["x", "1"]), some(&["y", "NULL"])]
    );
    let error = open(&["c"]).err().unwrap().to_string();
    assert_eq!(error, "in: there is no column `c`; it has `a`, `b`");
}

#[test]
fn a_value_that_does_not_fit_leaves_the_columns_as_they_were() {
    let columns = [Column::parse("a").unwrap(), Column::parse("b INT").unwrap()];
    let mut writer = ParquetWriter::new(Vec::new(), &columns, Pages::Zstd).unwrap();
    let rows = [
        some(&["x", "1"]),
        some(&["y", "no"]),
        some(&["z", "3000000000"]),
        some(&["w", "NULL"]),
    ];
    let faults: Vec<_> = batch_of(&rows)
        .records()
        .map(|r| writer.write(r).err())
        .collect();
    assert_eq!(
        faults,
        [
            None,
            Some(Fault::field(
                1,
                "`no` is not a whole number from -2147483648 to 2147483647"
            )),
            Some(Fault::field(
                1,
                "`3000000000` is not a whole number from -2147483648 to 2147483647"
            )),
            None
        ]
    );
    let format = Parquet {
        columns: vec![],
        untyped: vec![],
        pages: Pages::Zstd,
    };
    let file = Bytes::from(writer.finish().unwrap());
    let mut reader = ParquetReader::new(&format, file, "in").unwrap();
    assert_eq!(
        drain(&mut reader).unwrap().0,
        [some(&["x", "1"]), some(&["w", "NULL"])]
    );
}
