//! Manifests: the list of the files of a prefix or a directory, with their sizes, which says that they are complete.
//!
//! It is laid out as Amazon Redshift reads it: `{"entries": [{"url": …, "mandatory": true, "meta": {"content_length": …}}]}`. In S3 a
//! URL is `s3://BUCKET/KEY`, in a directory it is the path below it. Both ways take one entry at a time: there may be millions.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::io::Read;
use std::io::Write;

use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

/// The name of the manifest, written last: what it lists is complete.
pub const SUCCESS: &str = "_SUCCESS";

/// The name of the list of what an attempt may have written; it goes when `_SUCCESS` is there.
pub const INCOMPLETE: &str = "_INCOMPLETE";

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub url: String,
    /// Its size in bytes, if that is said.
    pub size: Option<u64>,
    /// Whether it may be missing: `"mandatory": false`.
    pub optional: bool,
    /// Who has written it, if that is said.
    pub writer: Option<String>,
}

/// An entry as it is written.
#[derive(Deserialize)]
struct Line {
    url: String,
    #[serde(default)]
    mandatory: Option<bool>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    content_length: Option<u64>,
    #[serde(default)]
    writer: Option<String>,
}

/// Writes a manifest, an entry at a time.
pub struct Writer<W: Write> {
    into: W,
    count: u64,
}

impl<W: Write> Writer<W> {
    /// Begins one.
    pub fn new(mut into: W) -> io::Result<Self> {
        into.write_all(b"{\"entries\": [")?;
        Ok(Self { into, count: 0 })
    }

    /// Adds a file: its size in bytes, who has written it, and whether it may be missing.
    pub fn entry(&mut self, url: &str, size: u64, writer: &str, optional: bool) -> io::Result<()> {
        let comma = if self.count > 0 { "," } else { "" };
        self.count += 1;
        let (url, writer) = (
            serde_json::Value::from(url),
            serde_json::Value::from(writer),
        );
        let mandatory = !optional;
        write!(
            self.into,
            "{comma}\n  {{\"url\": {url}, \"mandatory\": {mandatory}, \"meta\": {{\"content_length\": {size}, \"writer\": {writer}}}}}"
        )
    }

    /// Ends it.
    pub fn end(mut self) -> io::Result<W> {
        self.into.write_all(b"\n]}\n")?;
        self.into.flush()?;
        Ok(self.into)
    }
}

/// Why a manifest was not read to its end.
enum Broken {
    /// It is none, and why.
    NoManifest(String),
    /// It begins as one, and does not go on as one; and why.
    CutOff(String),
    /// It cannot be read, or an entry cannot be taken.
    Stopped(String),
}

/// Reads a manifest. `None`: it is none, as the empty `_SUCCESS` that other programs write.
pub fn read(
    from: impl Read,
    each: impl FnMut(Entry) -> Result<(), String>,
) -> Result<Option<()>, String> {
    match read_entries(from, each) {
        Ok(()) => Ok(Some(())),
        Err(Broken::NoManifest(_)) => Ok(None),
        Err(Broken::CutOff(why)) => Err(format!(
            "the manifest `{SUCCESS}` or `{INCOMPLETE}` is cut off or damaged: {why}. Let its writer run again, or remove it"
        )),
        Err(Broken::Stopped(why)) => Err(why),
    }
}

/// Reads a manifest that somebody has named. The error says what is wrong with it, as a verb and what follows.
pub fn read_wanted(
    from: impl Read,
    each: impl FnMut(Entry) -> Result<(), String>,
) -> Result<(), String> {
    read_entries(from, each).map_err(|broken| match broken {
        Broken::NoManifest(why) => format!(
            "is no manifest: {why}. One looks like `{{\"entries\": [{{\"url\": \"s3://BUCKET/KEY\"}}]}}`"
        ),
        Broken::CutOff(why) => format!("is cut off or damaged: {why}"),
        Broken::Stopped(why) => why,
    })
}

fn read_entries(
    from: impl Read,
    mut each: impl FnMut(Entry) -> Result<(), String>,
) -> Result<(), Broken> {
    let (mut problem, mut count) = (None, 0_u64);
    let begun = Cell::new(false);
    let mut from = serde_json::Deserializer::from_reader(from);
    let mut each = |entry| {
        count += 1;
        each(entry).map_err(|error| {
            problem.get_or_insert(error);
        })
    };
    let seed = Manifest(&mut each, &begun);
    let result = seed.deserialize(&mut from);
    match (result, problem) {
        (_, Some(problem)) => Err(Broken::Stopped(problem)),
        (Ok(true), None) => Ok(()),
        (Ok(false), None) => Err(Broken::NoManifest("it has no `entries`".to_owned())),
        (Err(error), None) if error.is_io() => Err(Broken::Stopped(error.to_string())),
        // What it has listed is not all.
        (Err(error), None) if count > 0 || begun.get() && error.is_eof() => {
            Err(Broken::CutOff(error.to_string()))
        }
        (Err(error), None) => Err(Broken::NoManifest(error.to_string())),
    }
}

type Each<'a> = &'a mut dyn FnMut(Entry) -> Result<(), ()>;

/// Reads all of a manifest; gives whether there were entries to look at, and says at once when they begin.
struct Manifest<'a>(Each<'a>, &'a Cell<bool>);

impl<'de> DeserializeSeed<'de> for Manifest<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Manifest<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a manifest")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<bool, M::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "entries" {
                map.next_value_seed(Entries(&mut *self.0, self.1))?;
                found = true;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

struct Entries<'a>(Each<'a>, &'a Cell<bool>);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the entries of a manifest")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        self.1.set(true);
        while let Some(Line {
            url,
            mandatory,
            meta,
        }) = list.next_element()?
        {
            let entry = Entry {
                url,
                size: meta.as_ref().and_then(|meta| meta.content_length),
                optional: mandatory == Some(false),
                writer: meta.and_then(|meta| meta.writer),
            };
            (self.0)(entry).map_err(|()| serde::de::Error::custom("stopped"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = Vec<(String, Option<u64>)>;

    fn all(text: &str) -> Result<Option<Found>, String> {
        let mut found = Vec::new();
        let read = read(text.as_bytes(), |entry| {
            found.push((entry.url, entry.size));
            Ok(())
        });
        read.map(|read| read.map(|()| found))
    }

    #[test]
    fn what_is_written_is_read() {
        let files = [("s3://b/a \"b\"\n", 0), ("é", u64::MAX)];
        let mut writer = Writer::new(Vec::new()).unwrap();
        for (url, size) in files {
            writer.entry(url, size, "me", false).unwrap();
        }
        let text = String::from_utf8(writer.end().unwrap()).unwrap();
        let wanted = files.map(|(url, size)| (url.to_owned(), Some(size)));
        assert_eq!(all(&text), Ok(Some(wanted.to_vec())));
        let none = Writer::new(Vec::new()).unwrap().end().unwrap();
        assert_eq!(all(&String::from_utf8(none).unwrap()), Ok(Some(vec![])));
    }

    #[test]
    fn manifests_of_others_are_read_and_other_files_are_none() {
        let redshift = r#"{"x": [1], "entries": [{"url": "s3://b/k", "mandatory": false}]}"#;
        assert_eq!(all(redshift), Ok(Some(vec![("s3://b/k".into(), None)])));
        for other in ["", "{}", "[]", "done", "{\"entries\": 1}", "{\"entries\""] {
            assert_eq!(all(other), Ok(None), "{other}");
        }
        for cut in [
            r#"{"entries": [{"url": "s3://b/k"},"#,
            r#"{"entries": [{"url": "s3://b"#,
            r#"{"entries": ["#,
        ] {
            let error = all(cut).unwrap_err();
            assert!(error.contains("cut off or damaged"), "{error}");
        }
        let stop = read(redshift.as_bytes(), |_| Err("no".to_owned()));
        assert_eq!(stop, Err("no".to_owned()));
    }

    #[test]
    fn a_manifest_that_is_named_says_what_is_wrong_with_it() {
        let optional = |text: &str| {
            let mut found = Vec::new();
            let read = read_wanted(text.as_bytes(), |entry| {
                found.push(entry.optional);
                Ok(())
            });
            read.map(|()| found)
        };
        let all = r#"{"entries": [{"url": "a", "mandatory": true}, {"url": "b", "mandatory": false}, {"url": "c"}]}"#;
        assert_eq!(optional(all), Ok(vec![false, true, false]));
        for (text, why) in [
            ("", "is no manifest: EOF while parsing"),
            ("{}", "is no manifest: it has no `entries`"),
            ("s3://b/k", "is no manifest: expected value at line 1"),
            (
                r#"{"entries": [{}]}"#,
                "is no manifest: missing field `url`",
            ),
        ] {
            let error = optional(text).unwrap_err();
            assert!(error.starts_with(why), "{text}: {error}");
        }
    }
}
