//! What a plan depends on in the state: the objects that it changes, those that use them, all that these refer to, and those that
//! write what these read.
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

    /// All that it refers to.
    fn uses(&self) -> BTreeSet<Address> {
        let mut used: BTreeSet<Address> = self.pipeline.iter().cloned().collect();
        references(&self.body, &mut |address| {
            used.insert(Address::new(address));
        });
        used
    }

    /// What it writes.
    fn writes(&self) -> BTreeSet<Address> {
        let mut written = BTreeSet::new();
        if let Some(output) = self.body.get("output") {
            references(output, &mut |address| {
                written.insert(Address::new(address));
            });
        }
        written
    }
}

/// What operations depend on, of the objects of a state.
pub fn seen(objects: &BTreeMap<Address, Record>, operations: &Operations) -> Seen {
    let graph = Graph::of(objects);
    let touched = operations.touched();
    let mut found = graph.users(&touched);
    let old: BTreeMap<&Address, &Address> = operations
        .moves
        .iter()
        .map(|(old, new)| (new, old))
        .collect();
    // What moves has from the pipeline that it comes into what it does not say itself.
    let entered = operations.moves.values().filter_map(Address::pipeline);
    let refers = operations.puts.values().flat_map(Record::uses);
    let refers = refers.chain(entered);
    found.extend(refers.map(|address| old.get(&address).map_or(address, |old| (*old).clone())));
    found.extend(touched);
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
    uses: BTreeMap<&'a Address, BTreeSet<Address>>,
    users: BTreeMap<Address, Vec<&'a Address>>,
    writers: BTreeMap<Address, Vec<&'a Address>>,
}

impl<'a> Graph<'a> {
    fn of(objects: &'a BTreeMap<Address, Record>) -> Self {
        let mut graph = Self {
            uses: BTreeMap::new(),
            users: BTreeMap::new(),
            writers: BTreeMap::new(),
        };
        for (address, record) in objects {
            let uses = record.uses();
            for used in &uses {
                graph.users.entry(used.clone()).or_default().push(address);
            }
            for written in record.writes() {
                graph.writers.entry(written).or_default().push(address);
            }
            graph.uses.insert(address, uses);
        }
        graph
    }

    /// All that refers to any of these, and all that refers to that.
    fn users(&self, roots: &BTreeSet<Address>) -> BTreeSet<Address> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&Address> = roots.iter().collect();
        while let Some(address) = open.pop() {
            for user in self.users.get(address).into_iter().flatten() {
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
            for used in self.uses.get(&address).into_iter().flatten() {
                if found.insert(used.clone()) {
                    open.push(used.clone());
                }
            }
        }
        found
    }
}
