//! Manifests: the list of the files of a prefix or a directory, with their sizes, which says that they are complete.
//!
//! It is laid out as Amazon Redshift reads it: `{"entries": [{"url": …, "mandatory": true, "meta": {"content_length": …}}]}`. In S3 a
//! URL is `s3://BUCKET/KEY`, in a directory it is the path below it. Both ways take one entry at a time: there may be millions.

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
}

/// An entry as it is written.
#[derive(Deserialize)]
struct Line {
    url: String,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    content_length: Option<u64>,
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

    /// Adds a file.
    pub fn entry(&mut self, url: &str, size: u64) -> io::Result<()> {
        let comma = if self.count > 0 { "," } else { "" };
        self.count += 1;
        let url = serde_json::Value::from(url);
        write!(
            self.into,
            "{comma}\n  {{\"url\": {url}, \"mandatory\": true, \"meta\": {{\"content_length\": {size}}}}}"
        )
    }

    /// Ends it.
    pub fn end(mut self) -> io::Result<W> {
        self.into.write_all(b"\n]}\n")?;
        self.into.flush()?;
        Ok(self.into)
    }
}

/// Reads a manifest. `None`: it is none, as the empty `_SUCCESS` that other programs write.
pub fn read(
    from: impl Read,
    mut each: impl FnMut(Entry) -> Result<(), String>,
) -> Result<Option<()>, String> {
    let mut problem = None;
    let mut from = serde_json::Deserializer::from_reader(from);
    let seed = Manifest(&mut |entry| {
        each(entry).map_err(|error| {
            problem.get_or_insert(error);
        })
    });
    let result = seed.deserialize(&mut from);
    match (result, problem) {
        (_, Some(problem)) => Err(problem),
        (Ok(found), None) => Ok(found.then_some(())),
        (Err(error), None) if error.is_io() => Err(error.to_string()),
        (Err(_), None) => Ok(None),
    }
}

type Each<'a> = &'a mut dyn FnMut(Entry) -> Result<(), ()>;

/// Reads all of a manifest; gives whether there were entries to look at.
struct Manifest<'a>(Each<'a>);

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
                map.next_value_seed(Entries(&mut *self.0))?;
                found = true;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

struct Entries<'a>(Each<'a>);

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
        while let Some(Line { url, meta }) = list.next_element()? {
            let size = meta.and_then(|meta| meta.content_length);
            (self.0)(Entry { url, size }).map_err(|()| serde::de::Error::custom("stopped"))?;
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
            writer.entry(url, size).unwrap();
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
        for other in [
            "",
            "{}",
            "[]",
            "done",
            "{\"entries\": 1}",
            "{\"entries\": [",
        ] {
            assert_eq!(all(other), Ok(None), "{other}");
        }
        let stop = read(redshift.as_bytes(), |_| Err("no".to_owned()));
        assert_eq!(stop, Err("no".to_owned()));
    }
}
