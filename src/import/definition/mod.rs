//! Definitions of AWS Data Pipeline, as they come in files: objects with fields, parameters and their values.
//!
//! Every format gives the same [`Definition`]. What the service and its command line tolerated is tolerated; what they passed over
//! in silence is a warning.

mod api;
mod cloudformation;
mod computed;
mod file_format;
mod hidden;
mod notes;
mod terraform;
#[cfg(test)]
mod tests;

use indexmap::IndexMap;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use crate::import::document;
use crate::import::document::Node;
use crate::import::expression::Template;
pub use computed::Computed;
pub use computed::Stack;
pub use hidden::hidden;

/// The definition of a pipeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definition {
    /// The id that the service gave the pipeline, where it is known: `df-0937003356ZJEXAMPLE`.
    pub id: Option<String>,
    /// The pipeline's name, where the format has one.
    pub name: Option<String>,
    /// What it is for, where the format says.
    pub description: Option<Template>,
    /// Its tags, where the format has them.
    pub tags: IndexMap<String, Template>,
    /// Whether it is active, where that is known.
    pub active: Option<bool>,
    /// Its objects, in the order of the file.
    pub objects: Vec<Object>,
    /// Its parameters, in the order of the file.
    pub parameters: Vec<Parameter>,
    /// The values of parameters, by id: several of one that is an array.
    pub values: IndexMap<String, Vec<String>>,
    /// What a template of CloudFormation computes for it.
    pub stack: Stack,
}

/// An object of a definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its id, unique in the definition.
    pub id: String,
    /// Its name; left out: its id.
    pub name: Option<String>,
    /// Its other fields, in the order of the file. One that holds several values is there several times.
    pub fields: Vec<Field>,
    /// Where it stands.
    pub span: Span,
}

/// A field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name: `directoryPath`, `*password`, `myComment`.
    pub key: String,
    /// What it holds.
    pub value: FieldValue,
    /// Where the value stands.
    pub span: Span,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A text, maybe with expressions.
    Text(String),
    /// The id of another object.
    Reference(String),
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its id: `myBucket`, or `*myPassword` for one that nobody may see.
    pub id: String,
    /// What is said of it: `type`, `default`, `description`, … One that holds several values is there several times.
    pub attributes: Vec<(String, String)>,
    /// Where it stands.
    pub span: Span,
}

impl Object {
    /// The values of a field; none if it is not set.
    pub fn field<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.key == key)
    }

    /// The only text of a field.
    pub fn text<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        self.field(key).find_map(|field| match &field.value {
            FieldValue::Text(text) => Some(text.as_str()),
            FieldValue::Reference(_) => None,
        })
    }

    /// The type, e.g. `CopyActivity`; none on the `Default` object and on those that are only parents.
    pub fn type_name(&self) -> Option<&str> {
        self.text("type").filter(|name| *name != "Default")
    }
}

impl Parameter {
    /// The first value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// Whether nobody may see its value: its id says so, or what it is used for.
    pub fn is_hidden(&self) -> bool {
        let says = self.attribute("secret");
        self.id.starts_with('*') || says.is_some_and(|word| word.eq_ignore_ascii_case("true"))
    }
}

/// Reads all definitions of a file, whatever its format: that of the console and the command line, that of the API, a template of
/// CloudFormation (JSON or YAML), or what `terraform show -json` prints. What is wrong is in the diagnostics; with errors among
/// them the definitions are not whole.
pub fn read(file: FileId, text: &str) -> (Vec<Definition>, Diagnostics) {
    let mut found = Diagnostics::new();
    let definitions = match document::read(file, text) {
        Ok(root) => of_document(&root, &mut found),
        Err(error) => {
            found.push(error);
            Vec::new()
        }
    };
    for definition in &definitions {
        check_ids(definition, &mut found);
    }
    (definitions, found)
}

/// Reads the values of parameters from a file of their own, as `aws datapipeline put-pipeline-definition
/// --parameter-values-uri` takes it. Only the values of what is read count.
pub fn read_values(file: FileId, text: &str) -> (Definition, Diagnostics) {
    let mut found = Diagnostics::new();
    let definition = match document::read(file, text) {
        Ok(root) if root.get("values").is_some() || root.get("parameterValues").is_some() => {
            file_format::read(&root, &mut found)
        }
        Ok(root) => {
            found.push(notes::no_values(&root));
            Definition::default()
        }
        Err(error) => {
            found.push(error);
            Definition::default()
        }
    };
    (definition, found)
}

fn of_document(root: &Node, found: &mut Diagnostics) -> Vec<Definition> {
    let has = |key: &str| root.get(key).is_some();
    if has("Resources") {
        cloudformation::read(root, found)
    } else if has("format_version") || has("planned_values") {
        terraform::read(root, found)
    } else if has("objects") || has("pipelineObjects") {
        vec![file_format::read(root, found)]
    } else {
        found.push(notes::no_definition(root));
        Vec::new()
    }
}

/// Ids are unique.
fn check_ids(definition: &Definition, found: &mut Diagnostics) {
    let mut seen = IndexMap::new();
    for object in &definition.objects {
        if let Some(first) = seen.insert(object.id.as_str(), object.span) {
            let detail = format!(
                "There is another object with the id `{}`. Ids are unique in a definition; give one of the two another.",
                object.id
            );
            found.push(
                Diagnostic::error("Duplicate id", detail)
                    .at(object.span)
                    .label(first, "the other one"),
            );
        }
    }
}
