//! The comma-separated values that `csvdecode` reads: RFC 4180, strictly.
//!
//! Files of data are read elsewhere and forgivingly; a text in a configuration with a stray quote is a mistake.

/// One record.
#[derive(Debug)]
pub(super) struct Record {
    /// The line that it begins in, from one.
    pub(super) line: usize,
    /// Its fields.
    pub(super) fields: Vec<String>,
}

/// All records. Empty lines are none.
pub(super) fn records(text: &str) -> Result<Vec<Record>, String> {
    // A line may end in CR LF, in quotes too, and the last one in CR.
    let text = text.replace("\r\n", "\n");
    let text = text.strip_suffix('\r').unwrap_or(&text);
    let mut records = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('\n') {
            rest = after;
            line += 1;
            continue;
        }
        let (fields, after) = record(rest, line)?;
        let length = rest.len() - after.len();
        records.push(Record { line, fields });
        line += rest.get(..length).unwrap_or("").matches('\n').count();
        rest = after;
    }
    Ok(records)
}

/// The fields of the first record, and the text behind it.
fn record(text: &str, line: usize) -> Result<(Vec<String>, &str), String> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(inner) => quoted(inner, line)?,
            None => bare(rest, line)?,
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok((fields, after.strip_prefix('\n').unwrap_or(after))),
        }
    }
}

fn bare(text: &str, line: usize) -> Result<(String, &str), String> {
    let end = text.find([',', '\n']).unwrap_or(text.len());
    let (field, after) = text.split_at_checked(end).unwrap_or((text, ""));
    if field.contains('"') {
        return Err(format!(
            "CSV parse error in the record at line {line}: a quote in a field that does not begin with one"
        ));
    }
    Ok((field.to_owned(), after))
}

/// A field after its opening quote. Two quotes in it are one.
fn quoted(text: &str, line: usize) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = text;
    while let Some((part, after)) = rest.split_once('"') {
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None if after.is_empty() || after.starts_with([',', '\n']) => {
                return Ok((field, after));
            }
            None => {
                return Err(format!(
                    "CSV parse error in the record at line {line}: text after the closing quote of a field"
                ));
            }
        }
    }
    Err(format!(
        "CSV parse error in the record at line {line}: a field without its closing quote"
    ))
}

#[cfg(test)]
mod tests {
    use super::records;

    #[test]
    fn fields_are_read() {
        for (text, wanted) in [
            ("", vec![]),
            ("\n\n", vec![]),
            (
                "a,b\n\r\n1,\n",
                vec![(1, vec!["a", "b"]), (3, vec!["1", ""])],
            ),
            (
                "\"x\r\ny\",2\r\n3,4",
                vec![(1, vec!["x\ny", "2"]), (3, vec!["3", "4"])],
            ),
            (
                "\"\",\"x,\"\"\"\n \n",
                vec![(1, vec!["", "x,\""]), (2, vec![" "])],
            ),
            ("a\rb\r", vec![(1, vec!["a\rb"])]),
        ] {
            let read = records(text).unwrap();
            let read: Vec<_> = read
                .iter()
                .map(|record| {
                    (
                        record.line,
                        record.fields.iter().map(String::as_str).collect(),
                    )
                })
                .collect();
            assert_eq!(read, wanted, "{text:?}");
        }
    }

    #[test]
    fn stray_quotes_are_refused() {
        for text in ["a\"b", "\"a\"b", "\"a", "a,b\n1,x\"\n"] {
            assert!(records(text).is_err(), "{text:?}");
        }
    }
}
