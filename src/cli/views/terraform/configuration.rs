//! The `configuration` of a plan: what is written, by expression, with what each refers to.
//!
//! It is read from the texts that the plan has. Modules are followed where their directory is one of the root module's own.

use std::collections::BTreeMap;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::PROVIDER;
use super::values::Shown;
use crate::diag::FileId;
use crate::fetch::syntax;
use crate::lang::SourceFile;
use crate::lang::Value;
use crate::lang::ast::Attribute;
use crate::lang::ast::Block;
use crate::lang::ast::Body;
use crate::lang::ast::Expr;
use crate::lang::constant_value;
use crate::lang::parse_files;
use crate::lang::references;
use crate::objects::Blocks;
use crate::objects::Kind;

/// What the texts of a configuration, by path, say.
pub(super) fn configuration(texts: &BTreeMap<String, String>) -> Json {
    let files: Vec<SourceFile<'_>> = texts
        .iter()
        .filter_map(|(name, text)| {
            Some(SourceFile {
                file: FileId::default(),
                text,
                syntax: syntax(name)?,
            })
        })
        .collect();
    let names = texts.keys().filter(|name| syntax(name).is_some());
    let mut directories: BTreeMap<PathBuf, Vec<Body>> = BTreeMap::new();
    for (name, parsed) in names.zip(parse_files(&files, &Blocks, 1)) {
        let directory = Path::new(name).parent().map(normal).unwrap_or_default();
        directories.entry(directory).or_default().push(parsed.body);
    }
    json!({
        "provider_config": { PROVIDER: { "name": PROVIDER, "full_name": PROVIDER } },
        "root_module": Reader { directories: &directories }.module(Path::new(""), 0),
    })
}

/// A path without `.` and `..`, as far as they can be taken away.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}

/// How many modules deep calls are followed.
const DEPTH: usize = 32;

struct Reader<'a> {
    directories: &'a BTreeMap<PathBuf, Vec<Body>>,
}

/// What a module or pipeline has.
#[derive(Default)]
struct Parts {
    resources: Vec<Json>,
    calls: Map<String, Json>,
    outputs: Map<String, Json>,
    variables: Map<String, Json>,
}

impl Parts {
    fn json(self) -> Json {
        let mut module = Map::new();
        for (name, part) in [
            ("outputs", Json::Object(self.outputs)),
            ("resources", Json::Array(self.resources)),
            ("module_calls", Json::Object(self.calls)),
            ("variables", Json::Object(self.variables)),
        ] {
            let empty = part.as_object().is_some_and(Map::is_empty)
                || part.as_array().is_some_and(Vec::is_empty);
            if !empty {
                module.insert(name.to_owned(), part);
            }
        }
        Json::Object(module)
    }
}

impl Reader<'_> {
    fn module(&self, directory: &Path, depth: usize) -> Json {
        let mut parts = Parts::default();
        let bodies = self.directories.get(directory).into_iter().flatten();
        for block in bodies.flat_map(|body| &body.blocks) {
            match &*block.kind.text {
                "variable" => variable(block, &mut parts),
                "output" => output(block, &mut parts),
                "module" if depth < DEPTH => self.call(block, (directory, depth), &mut parts),
                _ => object(block, "", &mut parts),
            }
        }
        parts.json()
    }

    fn call(&self, block: &Block, (directory, depth): (&Path, usize), parts: &mut Parts) {
        let Some(label) = block.labels.first() else {
            return;
        };
        let source = attribute(&block.body, "source").and_then(constant_value);
        let source = source.and_then(|value| match value {
            Value::String(text) => Some(text.to_string()),
            _ => None,
        });
        let mut call = Map::new();
        let inner = source
            .as_deref()
            .filter(|source| source.starts_with('.'))
            .map(|source| normal(&directory.join(source)));
        call.insert("source".to_owned(), json!(source));
        repetition(&block.body, &mut call);
        let known = [
            "source",
            "for_each",
            "count",
            "version",
            "ref",
            "depends_on",
        ];
        call.insert(
            "expressions".to_owned(),
            expressions(&block.body, &known).into(),
        );
        let module = match inner {
            Some(inner) => self.module(&inner, depth + 1),
            None => json!({}),
        };
        call.insert("module".to_owned(), module);
        parts.calls.insert(label.text.to_string(), call.into());
    }
}

fn variable(block: &Block, parts: &mut Parts) {
    let Some(label) = block.labels.first() else {
        return;
    };
    let constant = |name: &str| {
        let value = constant_value(attribute(&block.body, name)?)?;
        Some(Shown::of(&value).value)
    };
    let mut variable = Map::new();
    let sensitive = constant("sensitive") == Some(json!(true));
    if let Some(default) = constant("default").filter(|_| !sensitive) {
        variable.insert("default".to_owned(), default);
    }
    if let Some(description) = constant("description") {
        variable.insert("description".to_owned(), description);
    }
    if attribute(&block.body, "default").is_none() {
        variable.insert("required".to_owned(), json!(true));
    }
    if sensitive {
        variable.insert("sensitive".to_owned(), json!(true));
    }
    parts
        .variables
        .insert(label.text.to_string(), variable.into());
}

fn output(block: &Block, parts: &mut Parts) {
    let Some((label, value)) = block.labels.first().zip(attribute(&block.body, "value")) else {
        return;
    };
    let output = json!({ "expression": expression(value) });
    parts.outputs.insert(label.text.to_string(), output);
}

/// An object, and the objects in it: those of a pipeline are a module of their own, too.
fn object(block: &Block, inside: &str, parts: &mut Parts) {
    let Some(kind) = Kind::parse(&block.kind.text) else {
        return;
    };
    let labels: Vec<&str> = block.labels.iter().map(|label| &*label.text).collect();
    let (type_name, name) = match labels.as_slice() {
        [type_name, name] => (format!("{}_{type_name}", kind.as_str()), *name),
        [name] => (kind.as_str().to_owned(), *name),
        _ => return,
    };
    let address = format!("{inside}{}.{name}", kind.as_str());
    let mut resource = Map::new();
    resource.insert("address".to_owned(), json!(address));
    resource.insert("mode".to_owned(), json!("managed"));
    resource.insert("type".to_owned(), json!(type_name));
    resource.insert("name".to_owned(), json!(name));
    resource.insert("provider_config_key".to_owned(), json!(PROVIDER));
    resource.insert(
        "expressions".to_owned(),
        expressions(&block.body, &["for_each", "count"]).into(),
    );
    resource.insert("schema_version".to_owned(), json!(0));
    repetition(&block.body, &mut resource);
    parts.resources.push(resource.into());
    if kind != Kind::Pipeline {
        return;
    }
    let mut inner = Parts::default();
    for nested in &block.body.blocks {
        object(nested, "", &mut inner);
    }
    let call = json!({ "source": "pipeline", "expressions": {}, "module": inner.json() });
    parts.calls.insert(name.to_owned(), call);
}

fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Expr> {
    let mut attributes = body.attributes.iter();
    let found = attributes.find(|attribute| &*attribute.name.text == name);
    found.map(|attribute| &attribute.expr)
}

/// `for_each` and `count`.
fn repetition(body: &Body, into: &mut Map<String, Json>) {
    for name in ["for_each", "count"] {
        if let Some(expr) = attribute(body, name) {
            into.insert(format!("{name}_expression"), expression(expr));
        }
    }
}

fn expressions(body: &Body, without: &[&str]) -> Map<String, Json> {
    let attributes = body.attributes.iter();
    let attributes = attributes.filter(|attribute| !without.contains(&&*attribute.name.text));
    let mut found: Map<String, Json> = attributes
        .map(|Attribute { name, expr }| (name.text.to_string(), expression(expr)))
        .collect();
    for block in &body.blocks {
        if Kind::parse(&block.kind.text).is_none() || block.labels.len() < 2 {
            let inner = Json::Object(expressions(&block.body, &[]));
            let entry = found
                .entry(block.kind.text.to_string())
                .or_insert_with(|| json!([]));
            if let Json::Array(blocks) = entry {
                blocks.push(inner);
            }
        }
    }
    found
}

/// A constant, or what an expression refers to, the longest names first.
fn expression(expr: &Expr) -> Json {
    if let Some(value) = constant_value(expr) {
        return json!({ "constant_value": Shown::of(&value).value });
    }
    let mut names: Vec<String> = Vec::new();
    for path in references(expr) {
        let steps: Vec<&str> = path.iter().map(|step| &*step.name).collect();
        for length in (2.min(steps.len())..=steps.len()).rev() {
            let name = steps.get(..length).unwrap_or(&steps).join(".");
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if names.is_empty() {
        return json!({});
    }
    json!({ "references": names })
}
