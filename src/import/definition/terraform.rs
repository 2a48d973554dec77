//! What `terraform show -json` prints, of a state or a plan: resources `aws_datapipeline_pipeline_definition`, in the root module
//! and below it. The name, description and tags of the pipeline are in the resource `aws_datapipeline_pipeline` with that id.

use super::Definition;
use super::api;
use super::api::Names;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::import::document::Node;
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

pub(super) fn read(root: &Node, found: &mut Diagnostics) -> Vec<Definition> {
    let values = root
        .get("planned_values")
        .or_else(|| root.get("values"))
        .and_then(|values| values.get("root_module"));
    let mut resources = Vec::new();
    if let Some(module) = values {
        collect(module, &mut resources);
    }
    let of_type = |kind: &'static str| {
        resources
            .iter()
            .filter(move |node| node.get("type").and_then(Node::text) == Some(kind))
            .filter_map(|node| node.get("values").map(|values| (*node, values)))
    };
    let mut definitions = Vec::new();
    for (resource, values) in of_type("aws_datapipeline_pipeline_definition") {
        let mut definition = Definition::default();
        api::body(values, &NAMES, &mut definition, found);
        let id = values.get("pipeline_id").and_then(Node::text);
        let pipeline = of_type("aws_datapipeline_pipeline")
            .find(|(_, pipeline)| id.is_some() && pipeline.get("id").and_then(Node::text) == id);
        let text_of = |key: &str| {
            let values = pipeline.map(|(_, values)| values);
            values.and_then(|values| values.get(key)?.text().map(str::to_owned))
        };
        let own = resource.get("name").and_then(Node::text);
        definition.id = id.map(str::to_owned);
        definition.name = text_of("name").or_else(|| own.map(str::to_owned));
        let description = text_of("description").filter(|text| !text.is_empty());
        definition.description = description.as_deref().map(Template::plain);
        let tags = pipeline.and_then(|(_, values)| values.get("tags"));
        for (key, value) in tags.map_or(&[][..], Node::entries) {
            let value = value.scalar();
            definition
                .tags
                .extend(value.map(|value| (key.text.clone(), Template::plain(&value))));
        }
        definitions.push(definition);
    }
    if definitions.is_empty() {
        let detail = "There is no resource `aws_datapipeline_pipeline_definition` in it. A plan knows definitions only where all their values are known; `terraform show -json` without a file prints the state.";
        found.push(Diagnostic::error("No definition", detail).at(root.span));
    }
    definitions
}

/// The resources of a module and of those below it.
fn collect<'n>(module: &'n Node, resources: &mut Vec<&'n Node>) {
    let elements = |key: &str| module.get(key).map_or(&[][..], Node::elements);
    resources.extend(elements("resources"));
    for child in elements("child_modules") {
        collect(child, resources);
    }
}
