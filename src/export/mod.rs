//! From objects to definitions of AWS Data Pipeline: the way back from `import`.
//!
//! A pipeline becomes a definition with its objects and those that they refer to, the variables of the root module become
//! parameters, and formulas become expressions of the service. What AWS Data Pipeline does not have is named: as an error where the
//! definition would mean something else without it, else as a warning.

mod blocks;
mod formula;
mod index;
mod kept;
mod lost;
mod names;
mod notes;
mod objects;
mod parameters;
mod periods;
mod schedule;
mod spelled;
mod write;

use std::collections::BTreeSet;

use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::definition::Definition;
use crate::import::definition::Object as Exported;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;
use index::Index;
use objects::Writer;
use parameters::Parameters;

pub use parameters::Parameter;
pub use parameters::parameters;
pub use write::to_json;

/// What is exported from.
pub struct Source<'a> {
    /// All objects: as they are applied, or with the names in their formulas
    /// ([`symbolic`](crate::objects::configuration::symbolic)).
    pub objects: &'a Objects,
    /// The same objects with the values that names have now, for what cannot be said with names.
    pub values: Option<&'a Objects>,
    /// The variables that are parameters.
    pub parameters: &'a [Parameter],
    /// Where an object, or an attribute of it, is written.
    pub places: &'a dyn Fn(&Address, Option<&str>) -> Option<Span>,
    /// Whether there is no other pipeline that the parameters may be for.
    pub alone: bool,
}

/// The definition that a pipeline is. `found` gets what AWS Data Pipeline does not have; with errors among it the definition is not
/// whole.
pub fn export(pipeline: &Object, source: &Source<'_>, found: &mut Diagnostics) -> Definition {
    let index = Index::new(source, pipeline);
    let mut parameters = Parameters::new(source.parameters, None);
    if !source.alone {
        // Their ids differ within one definition only: so it must be known which ones are in it.
        written(pipeline, &index, &parameters);
        let used = parameters.used();
        parameters = Parameters::new(source.parameters, Some(&used));
    }
    let (objects, notes) = written(pipeline, &index, &parameters);
    let mut definition = Definition {
        name: Some(pipeline.address.name().to_owned()),
        objects,
        ..Definition::default()
    };
    found.extend(notes);
    parameters.write(source.alone, &mut definition, found);
    definition
}

/// The objects of a definition, and what AWS Data Pipeline does not have.
fn written<'a>(
    pipeline: &'a Object,
    index: &Index<'a>,
    parameters: &Parameters<'a>,
) -> (Vec<Exported>, Diagnostics) {
    let ids = index
        .members
        .iter()
        .filter_map(|member| index.id(&member.address));
    let taken: BTreeSet<String> = ids.map(str::to_owned).collect();
    let mut writer = Writer {
        index,
        parameters,
        found: Diagnostics::new(),
        written: Vec::new(),
        taken,
    };
    writer.object(pipeline);
    for member in &index.members {
        others_data(&mut writer, member);
        writer.object(member);
    }
    lost::retries(&mut writer);
    (writer.written, writer.found)
}

/// Says that data belongs to another pipeline.
fn others_data(writer: &mut Writer<'_, '_>, member: &Object) {
    let other = member.pipeline.as_ref();
    let other = other.filter(|other| **other != writer.index.pipeline.address);
    if let Some(other) = other.filter(|_| member.kind() == Kind::DataNode) {
        let place = writer.place(member, None);
        writer.say(notes::others_data(member, other.as_str(), place));
    }
}
