//! What `terraform show -json` prints, of a state or a plan: resources `aws_datapipeline_pipeline_definition`, in the root module
//! and below it. The name, description and tags of the pipeline are in the resource `aws_datapipeline_pipeline` with that id. What
//! Terraform calls sensitive becomes a secret.

use super::Definition;
use super::Field;
use super::FieldValue;
use super::Parameter;
use super::api;
use super::api::Names;
use super::hidden;
use super::notes;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::document::Node;
use crate::import::document::Value;
use crate::import::expression::Template;

const NAMES: Names = Names {
    objects: "pipeline_object",
    parameters: "parameter_object",
    values: "parameter_value",
    id: "id",
    name: "name",
    fields: "field",
    attributes: "attribute",
    key: "key",
    text: "string_value",
    reference: "ref_value",
};

/// A resource, and what it is set to.
#[derive(Clone, Copy)]
struct Resource<'n> {
    node: &'n Node,
    values: &'n Node,
    /// The module that it is in.
    module: &'n Node,
}

impl<'n> Resource<'n> {
    fn text(&self, key: &str) -> Option<&'n str> {
        self.node.get(key).and_then(Node::text)
    }

    /// An attribute that is a text.
    fn value(&self, key: &str) -> Option<&'n str> {
        self.values.get(key).and_then(Node::text)
    }

    /// What is sensitive in an attribute.
    fn sensitive(&self, key: &str) -> Option<&'n Node> {
        self.node.get("sensitive_values")?.get(key)
    }

    /// Whether something in an attribute is sensitive, and it is not said what.
    fn is_all_sensitive(&self, key: &str) -> bool {
        let mark = self.sensitive(key).map(|mark| &mark.value);
        matches!(mark, Some(Value::Bool(true)))
    }

    /// Its name, with the key where there are several: `q["x"]` is `q_x`.
    fn name(&self) -> Option<String> {
        let name = self.text("name")?;
        let index = self.node.get("index").and_then(Node::scalar);
        Some(index.map_or_else(|| name.to_owned(), |index| format!("{name}_{index}")))
    }
}

/// Where values stand that Terraform calls sensitive.
pub(super) fn sensitive(root: &Node) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource in resources(root) {
        if let Some(marks) = resource.node.get("sensitive_values") {
            marked(resource.values, marks, &mut spans);
        }
    }
    spans
}

fn marked(value: &Node, mark: &Node, spans: &mut Vec<Span>) {
    match &mark.value {
        Value::Bool(true) => hidden::scalars(value, spans),
        Value::Map(marks) => {
            for (key, mark) in marks {
                if let Some(value) = value.get(&key.text) {
                    marked(value, mark, spans);
                }
            }
        }
        Value::List(marks) => {
            for (value, mark) in value.elements().iter().zip(marks) {
                marked(value, mark, spans);
            }
        }
        _ => {}
    }
}

fn resources(root: &Node) -> Vec<Resource<'_>> {
    let values = root
        .get("planned_values")
        .or_else(|| root.get("values"))
        .and_then(|values| values.get("root_module"));
    let mut resources = Vec::new();
    if let Some(module) = values {
        collect(module, &mut resources);
    }
    resources
}

pub(super) fn read(root: &Node, found: &mut Diagnostics) -> Vec<Definition> {
    let resources = resources(root);
    let of_type = |kind: &'static str| {
        let resources = resources.iter().copied();
        resources.filter(move |resource| resource.text("type") == Some(kind))
    };
    let known = |resource: &Resource<'_>| resource.value("pipeline_id").map(str::to_owned);
    let is_data = |resource: &Resource<'_>| resource.text("mode") == Some("data");
    let managed = of_type("aws_datapipeline_pipeline_definition").filter(|one| !is_data(one));
    let managed: Vec<_> = managed.filter_map(|one| known(&one)).collect();
    let mut definitions = Vec::new();
    for resource in of_type("aws_datapipeline_pipeline_definition") {
        // What is only looked up is there already, where it is managed, too.
        if is_data(&resource) && known(&resource).is_some_and(|id| managed.contains(&id)) {
            continue;
        }
        let mut definition = Definition::default();
        api::body(resource.values, &NAMES, &mut definition, found);
        keep_sensitive(&resource, &mut definition, found);
        definition.id = known(&resource);
        definition.name = resource.name();
        let pipelines = of_type("aws_datapipeline_pipeline").filter(|one| !is_data(one));
        let pipelines: Vec<_> = pipelines.collect();
        let of = pipeline(&resource, &pipelines);
        if let Some(pipeline) = of.filter(|_| !is_data(&resource) || definition.id.is_some()) {
            described(&pipeline, &mut definition, found);
        }
        definitions.push(definition);
    }
    if definitions.is_empty() {
        let detail = "There is no resource `aws_datapipeline_pipeline_definition` in it. A plan knows definitions only where all their values are known; `terraform show -json` without a file prints the state.";
        found.push(Diagnostic::error("No definition", detail).at(root.span));
    }
    definitions
}

/// The pipeline that a definition is of: the one with its id. In a plan ids are not known yet: there it is the one of the same name,
/// or the only one in the same module.
fn pipeline<'n>(of: &Resource<'n>, pipelines: &[Resource<'n>]) -> Option<Resource<'n>> {
    if let Some(id) = of.value("pipeline_id") {
        let has_id = |pipeline: &&Resource<'n>| pipeline.value("id") == Some(id);
        return pipelines.iter().find(has_id).copied();
    }
    let beside = pipelines
        .iter()
        .filter(|pipeline| std::ptr::eq(pipeline.module, of.module));
    let beside: Vec<_> = beside.copied().collect();
    let same = beside.iter().find(|pipeline| pipeline.name() == of.name());
    match (same, beside.as_slice()) {
        (Some(same), _) => Some(*same),
        (None, [only]) if of.node.get("index").is_none() => Some(*only),
        _ => None,
    }
}

/// What the service knows of a pipeline besides its definition.
fn described(pipeline: &Resource<'_>, definition: &mut Definition, found: &mut Diagnostics) {
    let own = pipeline.value("name").map(str::to_owned);
    definition.name = own.or_else(|| definition.name.take());
    for key in ["description", "tags"] {
        if let Some(value) = pipeline.values.get(key)
            && pipeline.sensitive(key).is_some_and(is_marked)
        {
            let name = definition.name.as_deref().unwrap_or_default();
            found.push(notes::sensitive_and_left_out(key, name, value.span));
        }
    }
    let in_clear = |key: &str| !pipeline.sensitive(key).is_some_and(is_marked);
    let description = pipeline
        .value("description")
        .filter(|text| !text.is_empty());
    definition.description = description
        .filter(|_| in_clear("description"))
        .map(Template::plain);
    let tags = pipeline.values.get("tags").filter(|_| in_clear("tags"));
    for (key, value) in tags.map_or(&[][..], Node::entries) {
        let value = value.scalar();
        definition
            .tags
            .extend(value.map(|value| (key.text.clone(), Template::plain(&value))));
    }
}

/// Whether something in it is marked as sensitive.
fn is_marked(mark: &Node) -> bool {
    match &mark.value {
        Value::Bool(is) => *is,
        Value::List(marks) => marks.iter().any(is_marked),
        Value::Map(marks) => marks.iter().any(|(_, mark)| is_marked(mark)),
        _ => false,
    }
}

/// Makes secrets of what is sensitive. Of a set Terraform says only that something in it is.
fn keep_sensitive(resource: &Resource<'_>, definition: &mut Definition, found: &mut Diagnostics) {
    let all = NAMES.objects;
    let starred = |field: &Field| field.key.starts_with('*');
    let mut fields = definition.objects.iter().flat_map(|object| &object.fields);
    if resource.is_all_sensitive(all) {
        let at = resource
            .values
            .get(all)
            .map_or(resource.node.span, |node| node.span);
        found.push(if fields.any(starred) {
            notes::sensitive_somewhere(all, at)
        } else {
            notes::sensitive_and_unknown(all, at)
        });
    } else if let Some(mark) = resource.sensitive(all)
        && let Some(objects) = resource.values.get(all)
    {
        let mut spans = Vec::new();
        marked(objects, mark, &mut spans);
        fields_of(&spans, definition, found);
    }
    for key in [NAMES.parameters, NAMES.values] {
        let mark = resource.sensitive(key);
        let told = definition.parameters.iter().any(Parameter::is_hidden);
        if let Some(nodes) = resource
            .values
            .get(key)
            .filter(|_| mark.is_some_and(is_marked))
        {
            if resource.is_all_sensitive(key) && told {
                found.push(notes::sensitive_somewhere(key, nodes.span));
                continue;
            }
            let marks = mark.map_or(&[][..], Node::elements);
            for (number, node) in nodes.elements().iter().enumerate() {
                let is = resource.is_all_sensitive(key) || marks.get(number).is_some_and(is_marked);
                if let Some(id) = node.get(NAMES.id).and_then(Node::text).filter(|_| is) {
                    parameter(id, node.span, definition, found);
                }
            }
        }
    }
}

/// Makes a parameter a hidden one.
fn parameter(id: &str, at: Span, definition: &mut Definition, found: &mut Diagnostics) {
    let secret = || ("secret".to_owned(), "true".to_owned());
    let mut declared = definition.parameters.iter_mut();
    match declared.find(|parameter| parameter.id == id) {
        Some(parameter) if parameter.is_hidden() => return,
        Some(parameter) => parameter.attributes.push(secret()),
        None => definition.parameters.push(Parameter {
            id: id.to_owned(),
            attributes: vec![secret()],
            span: at,
        }),
    }
    found.push(notes::sensitive_value(id, at));
}

/// Makes hidden parameters of the texts that stand in these places.
fn fields_of(spans: &[Span], definition: &mut Definition, found: &mut Diagnostics) {
    for object in &mut definition.objects {
        for field in &mut object.fields {
            let is_name = field.key == "type" || field.key.starts_with('*');
            let FieldValue::Text(text) = &mut field.value else {
                continue;
            };
            if is_name || !spans.contains(&field.span) {
                continue;
            }
            let word = |text: &str| {
                let plain = text.chars().filter(char::is_ascii_alphanumeric);
                plain.collect::<String>()
            };
            let id = format!("*my_{}_{}", word(&object.id), word(&field.key));
            found.push(notes::sensitive_field(
                &field.key, &object.id, &id, field.span,
            ));
            // A shell that expands a variable does not read what is in it as a command.
            *text = if field.key == "command" {
                format!("eval \"#{{{id}}}\"")
            } else {
                format!("#{{{id}}}")
            };
            definition.parameters.push(Parameter {
                id,
                attributes: Vec::new(),
                span: field.span,
            });
        }
    }
}

/// The resources of a module and of those below it.
fn collect<'n>(module: &'n Node, resources: &mut Vec<Resource<'n>>) {
    let elements = |key: &str| module.get(key).map_or(&[][..], Node::elements);
    resources.extend(elements("resources").iter().filter_map(|node| {
        let values = node.get("values")?;
        Some(Resource {
            node,
            values,
            module,
        })
    }));
    for child in elements("child_modules") {
        collect(child, resources);
    }
}
