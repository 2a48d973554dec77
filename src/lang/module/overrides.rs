//! Override files: what they say replaces what the other files say.
//!
//! A pure function from bodies to bodies, before anything is decoded, so that all that comes after sees one configuration. The
//! rules are Terraform's: attributes replace, nested blocks of a kind replace all of that kind, `lifecycle` merges attribute by
//! attribute, `locals` name by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::lang::ast::Attribute;
use crate::lang::ast::Block;
use crate::lang::ast::Body;
use crate::lang::ast::ExprKind;
use crate::lang::value::Value;

/// The block whose labelled blocks are objects of their own: they merge by their headers.
const SCOPE: &str = "pipeline";

/// Merges the bodies of override files, in the order given, into those of the other files.
pub fn merge_overrides(
    mut bodies: Vec<Body>,
    overrides: Vec<Body>,
    diagnostics: &mut Diagnostics,
) -> Vec<Body> {
    for mut body in overrides {
        // `pipeform` is the one block that need not be there.
        let named = body.blocks.extract_if(.., |block| {
            &*block.kind.text != "pipeform" || has(&bodies, &block.kind.text)
        });
        let named: Vec<Block> = named.collect();
        merge_blocks(&mut bodies, named, diagnostics);
        // What is left is for the decoder, which reports attributes outside of blocks.
        bodies.push(body);
    }
    bodies
}

fn has(bodies: &[Body], kind: &str) -> bool {
    let mut blocks = bodies.iter().flat_map(|body| &body.blocks);
    blocks.any(|block| &*block.kind.text == kind)
}

/// The header of a block: its kind and labels; with them the `alias` of a provider.
type Header = (Arc<str>, Vec<Arc<str>>);

fn header(block: &Block) -> Header {
    let labels = block.labels.iter().map(|label| Arc::clone(&label.text));
    let labels = labels.chain(alias(block).map(Arc::clone));
    (Arc::clone(&block.kind.text), labels.collect())
}

/// What tells a provider from others of its type.
fn alias(block: &Block) -> Option<&Arc<str>> {
    let mut attributes = block.body.attributes.iter();
    let alias = attributes.find(|attribute| &*attribute.name.text == "alias")?;
    match &alias.expr.kind {
        ExprKind::Value(Value::String(alias)) if &*block.kind.text == "provider" => Some(alias),
        _ => None,
    }
}

/// Merges blocks that declare something into those of the same header.
fn merge_blocks(bases: &mut [Body], overrides: Vec<Block>, diagnostics: &mut Diagnostics) {
    let mut places: BTreeMap<Header, (usize, usize)> = BTreeMap::new();
    for (body, base) in bases.iter().enumerate() {
        for (at, block) in base.blocks.iter().enumerate() {
            places.entry(header(block)).or_insert((body, at));
        }
    }
    for block in overrides {
        let kind = &*block.kind.text;
        if matches!(kind, "moved" | "removed" | "import") {
            let detail = format!(
                "A `{kind}` block can stand only in files that are not override files. Move it there."
            );
            diagnostics.push(Diagnostic::error("Unsupported override", detail).at(block.span));
            continue;
        }
        if kind == "locals" {
            merge_locals(bases, block.body.attributes, diagnostics);
            continue;
        }
        let base = places
            .get(&header(&block))
            .and_then(|(body, at)| bases.get_mut(*body)?.blocks.get_mut(*at));
        if let Some(base) = base {
            merge_block(base, block, diagnostics);
        } else {
            let name = block.labels.last().unwrap_or(&block.kind);
            diagnostics.push(missing(&written(&block), &name.text).at(block.span));
        }
    }
}

/// Replaces local values by name, in whichever `locals` block they stand.
fn merge_locals(bases: &mut [Body], attributes: Vec<Attribute>, diagnostics: &mut Diagnostics) {
    let blocks = bases.iter_mut().flat_map(|base| base.blocks.iter_mut());
    let mut places: BTreeMap<Arc<str>, &mut Attribute> = BTreeMap::new();
    for base in blocks
        .filter(|block| &*block.kind.text == "locals")
        .flat_map(|block| block.body.attributes.iter_mut())
    {
        places.entry(Arc::clone(&base.name.text)).or_insert(base);
    }
    for attribute in attributes {
        match places.get_mut(&attribute.name.text) {
            Some(base) => **base = attribute,
            None => diagnostics.push(
                missing(
                    &format!("local value `{}`", attribute.name.text),
                    &attribute.name.text,
                )
                .at(attribute.name.span),
            ),
        }
    }
}

/// Merges a block into the one of the same header.
fn merge_block(base: &mut Block, block: Block, diagnostics: &mut Diagnostics) {
    let is_scope = &*base.kind.text == SCOPE;
    for attribute in block.body.attributes {
        if &*attribute.name.text == "depends_on" {
            let detail = "`depends_on` cannot be overridden: what else waits for it would not be seen where it is written. Change it in the block itself.";
            diagnostics
                .push(Diagnostic::error("Unsupported override", detail).at(attribute.name.span));
            continue;
        }
        // An attribute also replaces the block that stands for it.
        base.body.blocks.retain(|nested| {
            nested.kind.text != attribute.name.text || is_scope && !nested.labels.is_empty()
        });
        set(&mut base.body.attributes, attribute);
    }
    let mut declared = Vec::new();
    let mut nested: Vec<Block> = Vec::new();
    for inner in block.body.blocks {
        let kind = &*inner.kind.text;
        if is_scope && (!inner.labels.is_empty() && kind != "dynamic" || kind == "locals") {
            declared.push(inner);
        } else if kind == "lifecycle" {
            merge_lifecycle(&mut base.body, inner);
        } else {
            nested.push(inner);
        }
    }
    let replaced: Vec<Arc<str>> = nested.iter().map(|inner| Arc::clone(made(inner))).collect();
    base.body.blocks.retain(|inner| {
        is_scope && !inner.labels.is_empty() && &*inner.kind.text != "dynamic"
            || !replaced.contains(made(inner))
    });
    let attributes = &mut base.body.attributes;
    attributes.retain(|attribute| !replaced.contains(&attribute.name.text));
    base.body.blocks.extend(nested);
    merge_blocks(std::slice::from_mut(&mut base.body), declared, diagnostics);
}

/// The kind of nested block that a block is, or that a `dynamic` block makes.
fn made(block: &Block) -> &Arc<str> {
    match block.labels.first() {
        Some(label) if &*block.kind.text == "dynamic" => &label.text,
        _ => &block.kind.text,
    }
}

/// `lifecycle` merges attribute by attribute; its conditions replace those of their kind.
fn merge_lifecycle(base: &mut Body, block: Block) {
    let own = base
        .blocks
        .iter_mut()
        .find(|own| own.kind.text == block.kind.text);
    let Some(own) = own else {
        base.blocks.push(block);
        return;
    };
    for attribute in block.body.attributes {
        set(&mut own.body.attributes, attribute);
    }
    let replaced = &block.body.blocks;
    own.body.blocks.retain(|inner| {
        replaced
            .iter()
            .all(|other| other.kind.text != inner.kind.text)
    });
    own.body.blocks.extend(block.body.blocks);
}

fn set(attributes: &mut Vec<Attribute>, attribute: Attribute) {
    match attributes
        .iter_mut()
        .find(|base| base.name.text == attribute.name.text)
    {
        Some(base) => *base = attribute,
        None => attributes.push(attribute),
    }
}

/// A block's header as it is written.
fn written(block: &Block) -> String {
    let labels = block
        .labels
        .iter()
        .map(|label| format!(" \"{}\"", label.text));
    let labels = labels.collect::<String>();
    match alias(block) {
        Some(alias) => format!("`{}{labels}` with the alias `{alias}`", block.kind.text),
        None => format!("`{}{labels}`", block.kind.text),
    }
}

fn missing(what: &str, name: &str) -> Diagnostic {
    let detail = format!(
        "There is no {what} to override. An override file changes only what stands in another file: put it there, or correct the name."
    );
    Diagnostic::error("Nothing to override", detail).if_absent(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::FileId;
    use crate::lang::parse::parse_body;
    use crate::lang::print;

    fn parsed(text: &str) -> Body {
        let mut diagnostics = Diagnostics::new();
        let body = parse_body(FileId(0), text, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        body
    }

    /// The content of bodies in a line.
    fn shown(bodies: &[Body]) -> String {
        let mut text = Vec::new();
        for body in bodies {
            for attribute in &body.attributes {
                let value = print::expression(&attribute.expr);
                text.push(format!("{}={value}", attribute.name.text));
            }
            for block in &body.blocks {
                let inner = shown(std::slice::from_ref(&block.body));
                text.push(format!("{}{{{inner}}}", written(block).replace('`', "")));
            }
        }
        text.join(" ")
    }

    fn merged(base: &str, overrides: &[&str]) -> (String, Vec<String>) {
        let mut diagnostics = Diagnostics::new();
        let overrides = overrides.iter().map(|text| parsed(text)).collect();
        let bodies = merge_overrides(vec![parsed(base)], overrides, &mut diagnostics);
        let findings = diagnostics.iter().map(|found| found.detail.clone());
        (shown(&bodies), findings.collect())
    }

    #[test]
    fn what_override_files_say_replaces_what_is_there() {
        for (base, overrides, expected) in [
            (
                "variable \"a\" {\n  type = string\n  default = 1\n}\n",
                &["variable \"a\" {\n  default = 2\n  sensitive = true\n}\n"][..],
                "variable \"a\"{type=string default=2 sensitive=true}",
            ),
            (
                "locals {\n  a = 1\n  b = 2\n}\nlocals {\n  c = 3\n}\n",
                &["locals {\n  c = 4\n  a = 5\n}\n"],
                "locals{a=5 b=2} locals{c=4}",
            ),
            (
                "schedule \"s\" {\n  every = 1\n}\n",
                &[
                    "schedule \"s\" {\n  every = 2\n}\n",
                    "schedule \"s\" {\n  every = 3\n}\n",
                ],
                "schedule \"s\"{every=3}",
            ),
            (
                "data_node \"file\" \"n\" {\n  precondition \"x\" {}\n  precondition \"y\" {}\n  format \"csv\" {}\n  lifecycle {\n    a = 1\n    b = 2\n    precondition {}\n  }\n}\n",
                &[
                    "data_node \"file\" \"n\" {\n  precondition \"z\" {}\n  format = \"tsv\"\n  lifecycle {\n    b = 3\n    c = 4\n    precondition {\n      d = 5\n    }\n  }\n}\n",
                ],
                "data_node \"file\" \"n\"{format=\"tsv\" lifecycle{a=1 b=3 c=4 precondition{d=5}} precondition \"z\"{}}",
            ),
            (
                "activity \"emr\" \"n\" {\n  step {}\n  step {}\n}\n",
                &["activity \"emr\" \"n\" {\n  dynamic \"step\" {}\n}\n"],
                "activity \"emr\" \"n\"{dynamic \"step\"{}}",
            ),
            (
                "pipeline \"p\" {\n  schedule {}\n  locals {\n    a = 1\n  }\n  activity \"c\" \"x\" {\n    a = 1\n  }\n  activity \"c\" \"y\" {}\n}\n",
                &[
                    "pipeline \"p\" {\n  schedule = 1\n  locals {\n    a = 2\n  }\n  activity \"c\" \"x\" {\n    a = 2\n  }\n}\n",
                ],
                "pipeline \"p\"{schedule=1 locals{a=2} activity \"c\" \"x\"{a=2} activity \"c\" \"y\"{}}",
            ),
            (
                "provider \"aws\" {\n  r = 1\n}\nprovider \"aws\" {\n  alias = \"w\"\n  r = 2\n}\n",
                &["provider \"aws\" {\n  alias = \"w\"\n  r = 3\n}\n"],
                "provider \"aws\"{r=1} provider \"aws\" with the alias w{alias=\"w\" r=3}",
            ),
            ("", &["pipeform {\n  a = 1\n}\n"], "pipeform{a=1}"),
            (
                "pipeform {\n  a = 1\n  b = 1\n}\n",
                &["pipeform {\n  a = 2\n}\n"],
                "pipeform{a=2 b=1}",
            ),
        ] {
            assert_eq!(merged(base, overrides), (expected.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn what_is_not_there_cannot_be_overridden() {
        let (_, findings) = merged(
            "pipeline \"p\" {}\nlocals {}\n",
            &[
                "output \"x\" {}\nlocals {\n  l = 1\n}\npipeline \"p\" {\n  depends_on = 1\n  activity \"copy\" \"a\" {}\n}\nmoved {}\n",
            ],
        );
        let why = "to override. An override file changes only what stands in another file: put it there, or correct the name.";
        assert_eq!(
            findings,
            [
                format!("There is no `output \"x\"` {why}"),
                format!("There is no local value `l` {why}"),
                "`depends_on` cannot be overridden: what else waits for it would not be seen where it is written. Change it in the block itself.".to_owned(),
                format!("There is no `activity \"copy\" \"a\"` {why}"),
                "A `moved` block can stand only in files that are not override files. Move it there.".to_owned(),
            ]
        );
    }
}
