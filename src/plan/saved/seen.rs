//! What a plan depends on in the state: the objects that it changes, those that use them or read what they write, those that run
//! again, all that these refer to, and those that write what these read.
//!
//! An apply of something else does not touch any of it, and a plan stays what it was. Whatever does touch it makes the plan another
//! one: a definition that it replaces, a schedule that its runs follow, a new consumer of what it removes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use serde_json::Value as Json;
use sha2::Digest as _;
use sha2::Sha256;

use super::Operations;
use super::Record;
use crate::lang::stored::references;
use crate::objects::Address;
use crate::objects::Kind;

/// The digests of objects, by their addresses in the state; `None`: there is none at that address.
pub type Seen = BTreeMap<Address, Option<String>>;

/// The SHA-256 of some bytes, in hexadecimal digits.
pub fn digest_of_text(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// A digest of many texts, one after the other, of which some may be missing.
#[derive(Debug, Default)]
pub struct Texts(Sha256);

impl Texts {
    /// Adds one. The same letters divided otherwise make another digest.
    pub fn add(&mut self, text: Option<&str>) {
        match text {
            None => self.0.update([0]),
            Some(text) => {
                self.0.update([1]);
                self.0.update(text.len().to_le_bytes());
                self.0.update(text);
            }
        }
    }

    /// The SHA-256, in hexadecimal digits.
    pub fn digest(self) -> String {
        HEXLOWER.encode(&self.0.finalize())
    }
}

/// Under this key the state keeps where formulas are written, which says nothing about what an object is.
const WRITTEN: &str = "$at";

impl Record {
    fn digest(&self) -> String {
        let mut body = self.body.clone();
        if let Json::Object(attributes) = &mut body {
            attributes.remove(WRITTEN);
        }
        let whole = Json::from(vec![
            Json::from(self.kind.as_str()),
            Json::from(self.type_name.as_str()),
            Json::from(self.pipeline.as_ref().map(Address::as_str)),
            body,
            self.lifecycle.clone().unwrap_or(Json::Null),
        ]);
        digest_of_text(whole.to_string().as_bytes())
    }

    /// All that its attributes refer to.
    pub fn references(&self) -> BTreeSet<Address> {
        addresses([&self.body])
    }

    /// What it refers to and does not only write, and its pipeline.
    fn reads(&self) -> BTreeSet<Address> {
        let attributes = self.body.as_object().into_iter().flatten();
        let read = attributes.filter(|(name, _)| *name != OUTPUT);
        let mut read = addresses(read.map(|(_, value)| value));
        read.extend(self.pipeline.clone());
        read
    }

    /// What it writes.
    fn writes(&self) -> BTreeSet<Address> {
        addresses(self.body.get(OUTPUT))
    }
}

/// The attribute that says what an object writes.
const OUTPUT: &str = "output";

/// The addresses of all that values refer to.
fn addresses<'a>(values: impl IntoIterator<Item = &'a Json>) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    for value in values {
        references(value, &mut |address| {
            found.insert(Address::new(address));
        });
    }
    found
}

/// What operations depend on, of the objects of a state.
pub fn seen(objects: &BTreeMap<Address, Record>, operations: &Operations) -> Seen {
    let graph = Graph::of(objects);
    let former = operations.former();
    let before = |address: Address| former.get(&address).map_or(address, |old| (*old).clone());
    let mut changed = operations.touched();
    // Who reads what will be written waits for that.
    let written = operations.puts.values().flat_map(Record::writes);
    let readers = written.filter_map(|node| graph.readers.get(&before(node)));
    changed.extend(readers.flatten().map(|reader| (*reader).clone()));
    let mut found = graph.users(&changed);
    found.extend(changed);
    // What moves has from the pipeline that it comes into what it does not say itself.
    let entered = operations.moves.values().filter_map(Address::pipeline);
    let puts = operations.puts.values();
    let refers = puts.flat_map(|put| put.references().into_iter().chain(put.pipeline.clone()));
    let again = operations.reruns.iter();
    let again = again.map(|again| again.instance.object.clone());
    found.extend(refers.chain(entered).chain(again).map(before));
    let mut found = graph.used(found);
    let nodes = found.iter().filter(|address| {
        let record = objects.get(*address);
        record.is_some_and(|record| record.kind == Kind::DataNode.as_str())
    });
    let writers: BTreeSet<Address> = nodes
        .filter_map(|node| graph.writers.get(node))
        .flatten()
        .map(|writer| (*writer).clone())
        .collect();
    found.extend(graph.used(writers));
    found
        .into_iter()
        .map(|address| {
            let digest = objects.get(&address).map(Record::digest);
            (address, digest)
        })
        .collect()
}

/// Who refers to whom.
struct Graph<'a> {
    /// What each object refers to and does not only write.
    reads: BTreeMap<&'a Address, BTreeSet<Address>>,
    /// What each object writes.
    writes: BTreeMap<&'a Address, BTreeSet<Address>>,
    /// `reads` the other way round.
    readers: BTreeMap<Address, Vec<&'a Address>>,
    /// `writes` the other way round.
    writers: BTreeMap<Address, Vec<&'a Address>>,
}

impl<'a> Graph<'a> {
    fn of(objects: &'a BTreeMap<Address, Record>) -> Self {
        let mut graph = Self {
            reads: BTreeMap::new(),
            writes: BTreeMap::new(),
            readers: BTreeMap::new(),
            writers: BTreeMap::new(),
        };
        for (address, record) in objects {
            let (reads, writes) = (record.reads(), record.writes());
            for read in &reads {
                graph.readers.entry(read.clone()).or_default().push(address);
            }
            for written in &writes {
                graph
                    .writers
                    .entry(written.clone())
                    .or_default()
                    .push(address);
            }
            graph.reads.insert(address, reads);
            graph.writes.insert(address, writes);
        }
        graph
    }

    /// All that refers to any of these or reads what they write, and all that does so with that.
    fn users(&self, roots: &BTreeSet<Address>) -> BTreeSet<Address> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&Address> = roots.iter().collect();
        while let Some(address) = open.pop() {
            let written = self.writes.get(address).into_iter().flatten();
            let downstream = written.filter_map(|node| self.readers.get(node));
            let referring = [&self.readers, &self.writers];
            let referring = referring.into_iter().filter_map(|it| it.get(address));
            for user in referring.chain(downstream).flatten() {
                if found.insert((*user).clone()) {
                    open.push(user);
                }
            }
        }
        found
    }

    /// These, and all that they refer to.
    fn used(&self, roots: BTreeSet<Address>) -> BTreeSet<Address> {
        let mut open: Vec<Address> = roots.iter().cloned().collect();
        let mut found = roots;
        while let Some(address) = open.pop() {
            let used = [&self.reads, &self.writes];
            let used = used.into_iter().filter_map(|it| it.get(&address));
            for used in used.flatten() {
                if found.insert(used.clone()) {
                    open.push(used.clone());
                }
            }
        }
        found
    }
}
