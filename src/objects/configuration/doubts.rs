//! What is in doubt beside errors: objects with an error or without a value that they should have. Of the others it can be said what is
//! wrong with several together, so that a person sees that in the same go.

use std::collections::BTreeSet;

use super::Configuration;
use crate::diag::Diagnostics;
use crate::diag::Severity;
use crate::diag::Span;
use crate::objects::address::Address;
use crate::objects::kind::Kind;
use crate::objects::object::Object;

/// What the work of an activity depends on, as its attributes say it.
const USED: [&str; 3] = ["runs_on", "input", "output"];

/// The objects that are in doubt.
pub(super) struct Doubts<'a> {
    configuration: &'a Configuration,
    /// Where they are written: what is wrong with names in a block is said of one of its objects only.
    places: BTreeSet<Span>,
    /// Whether an error may have kept an object from being made.
    some_lack: bool,
}

impl<'a> Doubts<'a> {
    /// Those of a configuration in which this was found.
    pub(super) fn new(configuration: &'a Configuration, found: &Diagnostics) -> Self {
        let place = |address: &Address| configuration.places.get(address).copied();
        let errors = found
            .iter()
            .filter(|finding| finding.severity == Severity::Error);
        let wrong: Vec<Option<Span>> = errors
            .map(|finding| place(&Address::new(finding.object.as_deref()?)))
            .collect();
        let incomplete = configuration.incomplete.keys().map(place);
        Self {
            configuration,
            some_lack: wrong.contains(&None),
            places: wrong.into_iter().chain(incomplete).flatten().collect(),
        }
    }

    /// Whether nothing that an object says is in doubt, nor what its pipeline says, nor what it works with.
    pub(super) fn is_sound(&self, object: &Object) -> bool {
        let objects = &self.configuration.objects;
        let pipeline = object.pipeline.as_ref();
        let pipeline = pipeline.and_then(|pipeline| objects.get(pipeline));
        let own = [Some(object), pipeline];
        own.into_iter().flatten().all(|object| {
            let mut used = USED.iter().flat_map(|name| object.references(name));
            self.is_right(object) && used.all(|(_, address)| self.is_usable(&address))
        })
    }

    /// Whether there is no doubt about any activity or pipeline, nor about which there are.
    pub(super) fn none_about_work(&self) -> bool {
        let mut objects = self.configuration.objects.values();
        let is_work = |object: &Object| matches!(object.kind(), Kind::Activity | Kind::Pipeline);
        !self.some_lack && objects.all(|object| !is_work(object) || self.is_right(object))
    }

    /// Whether neither a resource or data node is in doubt nor its format.
    fn is_usable(&self, address: &Address) -> bool {
        let objects = &self.configuration.objects;
        let Some(object) = objects.get(address) else {
            return false;
        };
        let format = object.reference("format");
        let format = format.and_then(|format| objects.get(&format));
        self.is_right(object) && format.is_none_or(|format| self.is_right(format))
    }

    fn is_right(&self, object: &Object) -> bool {
        let place = self.configuration.places.get(&object.address);
        place.is_none_or(|place| !self.places.contains(place))
    }
}
