//! HCL's specification suite: each test is a configuration (`.hcl` or `.hcl.json`), a schema for it (`.hcldec`) and what is
//! wanted (`.t`): a result, its type, the references in it, or the places of errors.

use super::exceptions;
use super::support::{World, directory};
use pipeform::diag::{Diagnostic, Diagnostics, FileId, Span};
use pipeform::lang::ast::{Block, Body, Expr, ExprKind};
use pipeform::lang::types::{Type, convert};
use pipeform::lang::{
    Grammar, Number, Parent, Shape, SourceFile, Syntax, Value, parse_body, parse_files, references,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A body of a text of the suite itself.
fn read(path: &Path) -> Body {
    let text = std::fs::read_to_string(path).unwrap();
    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId(0), &text, &mut diagnostics);
    assert!(
        diagnostics.is_empty(),
        "{}: {diagnostics:?}",
        path.display()
    );
    body
}

fn attribute<'b>(body: &'b Body, name: &str) -> Option<&'b Expr> {
    let mut attributes = body.attributes.iter();
    let found = attributes.find(|attribute| &*attribute.name.text == name);
    found.map(|attribute| &attribute.expr)
}

fn blocks<'b>(body: &'b Body, kind: &'b str) -> impl Iterator<Item = &'b Block> {
    body.blocks
        .iter()
        .filter(move |block| &*block.kind.text == kind)
}

fn type_of(expr: &Expr) -> Type {
    let mut diagnostics = Diagnostics::new();
    Type::from_expr(expr, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics:?}"))
}

/// A schema applied to a body.
struct Decoder<'w> {
    world: &'w World,
    errors: Vec<Span>,
    references: Vec<String>,
}

/// What a schema says of the content of a body.
#[derive(Default)]
struct Expected {
    attributes: Vec<String>,
    blocks: Vec<String>,
}

/// The kinds of blocks of a schema.
const SPECS: &[&str] = &[
    "object",
    "attr",
    "block",
    "block_list",
    "block_set",
    "block_map",
    "literal",
    "default",
    "array",
];

impl Decoder<'_> {
    /// The value of the first spec in a body of a schema.
    fn decode(&mut self, spec: &Body, body: &Body) -> Value {
        let nested = spec.blocks.iter();
        let spec = nested
            .into_iter()
            .find(|block| SPECS.contains(&&*block.kind.text));
        spec.map_or(Value::NULL, |spec| self.spec(spec, None, body))
    }

    /// The value of a spec; `name` is the key it stands under in an object.
    fn spec(&mut self, spec: &Block, name: Option<&str>, body: &Body) -> Value {
        let named = |key: &str| {
            let text = attribute(&spec.body, key).and_then(plain);
            text.or_else(|| name.map(str::to_owned)).unwrap()
        };
        match &*spec.kind.text {
            "literal" => self
                .world
                .value(attribute(&spec.body, "value").unwrap())
                .unwrap(),
            "object" => {
                let entries = spec.body.blocks.iter().map(|nested| {
                    let name = &nested.labels[0].text;
                    (Arc::clone(name), self.spec(nested, Some(name), body))
                });
                Value::object(entries.collect())
            }
            "array" => {
                let items = spec.body.blocks.iter();
                Value::tuple(items.map(|nested| self.spec(nested, None, body)).collect())
            }
            "default" => {
                let mut values = spec
                    .body
                    .blocks
                    .iter()
                    .map(|nested| self.spec(nested, name, body));
                values
                    .find(|value| !matches!(value, Value::Null(..)))
                    .unwrap_or(Value::NULL)
            }
            "attr" => self.attr(spec, &named("name"), body),
            "block" => {
                let kind = named("block_type");
                let found = blocks(body, &kind).next();
                found.map_or(Value::NULL, |block| self.content(spec, &block.body))
            }
            "block_list" | "block_set" => {
                let kind = named("block_type");
                let found = blocks(body, &kind);
                Value::tuple(found.map(|block| self.content(spec, &block.body)).collect())
            }
            "block_map" => {
                let kind = named("block_type");
                let found = blocks(body, &kind).map(|block| {
                    (
                        Arc::clone(&block.labels[0].text),
                        self.content(spec, &block.body),
                    )
                });
                Value::object(found.collect())
            }
            other => panic!("a schema with `{other}`"),
        }
    }

    /// A nested body, and that nothing unexpected is in it.
    fn content(&mut self, spec: &Block, body: &Body) -> Value {
        self.unexpected(&spec.body, body);
        self.decode(&spec.body, body)
    }

    fn attr(&mut self, spec: &Block, name: &str, body: &Body) -> Value {
        let Some(expr) = attribute(body, name) else {
            if attribute(&spec.body, "required").is_some() {
                self.errors.push(body.span);
            }
            return Value::NULL;
        };
        if expr.kind == ExprKind::Unread {
            return Value::NULL; // reported
        }
        for path in references(expr) {
            let names: Vec<&str> = path.iter().map(|step| &*step.name).collect();
            self.references.push(names.join("."));
        }
        let ty = attribute(&spec.body, "type").map_or(Type::Any, type_of);
        let value = self.world.value(expr).ok();
        value
            .and_then(|value| convert(&value, &ty).ok())
            .unwrap_or_else(|| {
                self.errors.push(expr.span);
                Value::NULL
            })
    }

    /// Reports what a schema does not know.
    fn unexpected(&mut self, spec: &Body, body: &Body) {
        let mut expected = Expected::default();
        for nested in &spec.blocks {
            expect(nested, None, &mut expected);
        }
        let unknown = |names: &[String], name: &str| !names.iter().any(|known| known == name);
        for attribute in &body.attributes {
            if unknown(&expected.attributes, &attribute.name.text) {
                self.errors.push(attribute.name.span);
            }
        }
        for block in &body.blocks {
            if unknown(&expected.blocks, &block.kind.text) {
                self.errors.push(block.kind.span);
            }
        }
    }
}

fn expect(spec: &Block, name: Option<&str>, expected: &mut Expected) {
    let named = |key: &str| {
        let text = attribute(&spec.body, key).and_then(plain);
        text.or_else(|| name.map(str::to_owned)).unwrap()
    };
    match &*spec.kind.text {
        "attr" => expected.attributes.push(named("name")),
        "block" | "block_list" | "block_set" | "block_map" => {
            expected.blocks.push(named("block_type"));
        }
        "object" => {
            for nested in &spec.body.blocks {
                expect(nested, Some(&nested.labels[0].text), expected);
            }
        }
        _ => {
            for nested in &spec.body.blocks {
                expect(nested, name, expected);
            }
        }
    }
}

fn plain(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Value(Value::String(text)) => Some(text.to_string()),
        _ => None,
    }
}

/// No block is known by its name: the suite's configurations in JSON are empty.
struct NoBlocks;

impl Grammar for NoBlocks {
    fn block(&self, _: &[Parent<'_>], _: &str) -> Option<Shape> {
        None
    }
}

fn parsed(path: &Path, text: &str) -> (Body, Vec<Diagnostic>) {
    let syntax = if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        Syntax::Json
    } else {
        Syntax::Native
    };
    let file = SourceFile {
        file: FileId(0),
        text,
        syntax,
    };
    let parsed = parse_files(&[file], &NoBlocks, 1).remove(0);
    (parsed.body, parsed.diagnostics.into_iter().collect())
}

/// Whether two values are the same, numbers to a hundred digits: the suite has the last digits of binary numbers.
fn near(value: &Value, wanted: &Value) -> bool {
    let all = |values: &[Value], wanted: &[Value]| {
        values.len() == wanted.len()
            && values
                .iter()
                .zip(wanted)
                .all(|(one, other)| near(one, other))
    };
    match (value, wanted) {
        (Value::Number(value), Value::Number(wanted)) => {
            let small = Number::parse("1e-100").unwrap();
            let difference = value.subtract(wanted).unwrap();
            difference <= small && difference.negate() <= small
        }
        (Value::Map(values), Value::Map(wanted))
        | (Value::Object(values), Value::Object(wanted)) => {
            values.len() == wanted.len()
                && values
                    .iter()
                    .all(|(key, value)| wanted.get(key).is_some_and(|wanted| near(value, wanted)))
        }
        (Value::List(values), Value::List(wanted))
        | (Value::Tuple(values), Value::Tuple(wanted)) => all(values, wanted),
        _ => value == wanted,
    }
}

/// The number in a position that is wanted.
fn byte(block: &Block, side: &str) -> u32 {
    let position = blocks(&block.body, side).next().unwrap();
    match attribute(&position.body, "byte").map(|expr| &expr.kind) {
        Some(ExprKind::Value(Value::Number(number))) => {
            u32::try_from(number.to_i64().unwrap()).unwrap()
        }
        other => panic!("no byte: {other:?}"),
    }
}

/// The world of a test: the variables that its schema has.
fn world(schema: &Body) -> World {
    let mut world = World::new(Path::new("."));
    for block in blocks(schema, "variables") {
        for variable in &block.body.attributes {
            let value = world.value(&variable.expr).unwrap();
            world.names.insert(variable.name.text.to_string(), value);
        }
    }
    world
}

/// What is wrong with a configuration of a test, if anything.
fn problem(test: &Path, configuration: &Path) -> Option<String> {
    let (wanted, schema) = (read(test), read(&test.with_extension("hcldec")));
    let world = world(&schema);
    let (body, findings) = parsed(
        configuration,
        &std::fs::read_to_string(configuration).unwrap(),
    );
    let mut decoder = Decoder {
        world: &world,
        errors: findings.iter().filter_map(|found| found.span).collect(),
        references: Vec::new(),
    };
    if findings.is_empty() {
        decoder.unexpected(&schema, &body);
    }
    let value = decoder.decode(&schema, &body);
    let mut problems = Vec::new();
    let errors: Vec<(u32, u32)> = blocks(&wanted, "diagnostics")
        .flat_map(|found| blocks(&found.body, "error"))
        .map(|error| (byte(error, "from"), byte(error, "to")))
        .collect();
    let found: Vec<(u32, u32)> = decoder
        .errors
        .iter()
        .map(|span| (span.start, span.end))
        .collect();
    if found != errors {
        problems.push(format!(
            "errors at {found:?}, wanted {errors:?}: {findings:?}"
        ));
    }
    if errors.is_empty() {
        problems.extend(wrong_value(&world, &wanted, &value));
    }
    if let Some(traversals) = blocks(&wanted, "traversals").next() {
        let count = traversals.body.blocks.len();
        let found = &decoder.references;
        if found.len() != count {
            problems.push(format!("refers to {found:?}, wanted {count}"));
        }
    }
    (!problems.is_empty()).then(|| problems.join("\n"))
}

/// What is wrong with the value, if anything.
fn wrong_value(world: &World, wanted: &Body, value: &Value) -> Option<String> {
    let ty = attribute(wanted, "result_type").map_or(Type::Any, type_of);
    let Ok(value) = convert(value, &ty) else {
        return Some(format!("{value:?} is not of the type that is wanted"));
    };
    let result = world.value(attribute(wanted, "result")?).unwrap();
    let result = convert(&result, &ty).unwrap();
    (!near(&value, &result)).then(|| format!("found {value:?}, wanted {result:?}"))
}

/// The files of a directory and those below it with an extension.
fn tests(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "t") {
            found.push(path);
        }
    }
}

#[test]
fn the_specification_suite_of_hcl_passes() {
    let Some(suite) = directory("hcl-specsuite/tests") else {
        return;
    };
    let mut all = Vec::new();
    tests(&suite, &mut all);
    all.sort();
    let mut results: BTreeMap<String, Option<String>> = BTreeMap::new();
    for test in &all {
        for configuration in [test.with_extension("hcl"), test.with_extension("hcl.json")] {
            if configuration.exists() {
                let name = configuration
                    .strip_prefix(&suite)
                    .unwrap()
                    .display()
                    .to_string();
                results.insert(name, problem(test, &configuration));
            }
        }
    }
    assert!(results.len() >= 10, "only {} tests", results.len());
    let mut wrong = Vec::new();
    for (name, problem) in results {
        let open = exceptions::SPECIFICATION
            .iter()
            .any(|(open, _)| *open == name);
        match problem {
            Some(problem) if !open => wrong.push(format!("{name}\n{problem}")),
            None if open => wrong.push(format!("{name} is right: take it out of the exceptions")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
