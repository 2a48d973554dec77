use std::collections::BTreeMap;

use super::Statements;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use crate::lang::module::Module;
use crate::lang::module::ModuleTree;
use crate::lang::parse_body;
use crate::objects::address::Address;

fn module(text: &str) -> ModuleTree {
    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId::default(), text, &mut diagnostics);
    let module = Module::decode(".", vec![body], &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    ModuleTree::leaf(module)
}

fn statements(text: &str, configured: &[&str]) -> (Statements, Vec<String>) {
    let configured: BTreeMap<Address, Span> = configured
        .iter()
        .map(|address| (Address::new(*address), Span::default()))
        .collect();
    let mut diagnostics = Diagnostics::new();
    let found = Statements::collect(&module(text), &configured, &mut diagnostics);
    let summaries = diagnostics.iter().map(|finding| finding.summary.clone());
    (found, summaries.collect())
}

/// `FROM > TO` as a block.
fn moved(text: &str) -> String {
    let (from, to) = text.split_once(" > ").unwrap();
    format!("moved {{\n  from = {from}\n  to = {to}\n}}\n")
}

/// A move, an address, and the one that what it names gets; empty: it does not move.
const MOVES: &[(&str, &str, &str)] = &[
    ("data_node.a > data_node.b", "data_node.a", "data_node.b"),
    (
        "data_node.a > data_node.b",
        "data_node.a[\"k\"]",
        "data_node.b[\"k\"]",
    ),
    (
        "data_node.a > data_node.b",
        "data_node.a.precondition.exists",
        "data_node.b",
    ),
    ("data_node.a > data_node.b", "data_node.ab", ""),
    (
        "data_node.a > data_node.b[\"x\"]",
        "data_node.a",
        "data_node.b[\"x\"]",
    ),
    ("data_node.a > data_node.b[\"x\"]", "data_node.a[0]", ""),
    (
        "data_node.a[0] > data_node.b",
        "data_node.a[0]",
        "data_node.b",
    ),
    (
        "data_node.a[\"a.b\"] > data_node.a[\"c\"]",
        "data_node.a[\"a.b\"]",
        "data_node.a[\"c\"]",
    ),
    (
        "data_node.a > pipeline.p.data_node.a",
        "data_node.a[2]",
        "pipeline.p.data_node.a[2]",
    ),
    (
        "pipeline.p > pipeline.q",
        "pipeline.p[1].activity.x",
        "pipeline.q[1]",
    ),
    (
        "pipeline.p.activity.x > pipeline.p.activity.y",
        "pipeline.p[\"k\"].activity.x[3]",
        "pipeline.p[\"k\"].activity.y[3]",
    ),
    (
        "pipeline.p.activity.x > pipeline.q[\"k\"].activity.x",
        "pipeline.p.activity.x",
        "pipeline.q[\"k\"].activity.x",
    ),
    (
        "module.m > module.n[\"a\"]",
        "module.m.data_node.a",
        "module.n[\"a\"]",
    ),
    (
        "module.m > module.n",
        "module.m[0].module.o.data_node.a",
        "module.n[0]",
    ),
    (
        "module.m.module.o > module.o",
        "module.m.module.o[1].data_node.a",
        "module.o[1]",
    ),
    (
        "module.m.data_node.a > data_node.a",
        "module.m.data_node.a",
        "data_node.a",
    ),
    (
        "module.m.data_node.a > data_node.a",
        "module.m[0].data_node.a",
        "",
    ),
    (
        "module.m.pipeline.p.activity.x > pipeline.p.activity.x",
        "module.m.pipeline.p[0].activity.x",
        "pipeline.p[0].activity.x",
    ),
];

#[test]
fn a_move_takes_addresses_of_its_pattern() {
    for (written, address, expected) in MOVES.iter().copied() {
        let (found, mistakes) = statements(&moved(written), &[]);
        assert!(mistakes.is_empty(), "{written}: {mistakes:?}");
        let step = found.moves[0].step(&Address::new(address));
        let to = step.map_or(String::new(), |step| step.to.to_string());
        assert_eq!(to, expected, "{written}: {address}");
    }
}

#[test]
fn statements_of_a_module_are_about_all_its_instances() {
    let mut root = module("");
    let child =
        module(&(moved("data_node.a > data_node.b") + "removed {\n from = pipeline.p\n}\n"));
    root.children.insert("m".into(), child.into());
    let mut diagnostics = Diagnostics::new();
    let found = Statements::collect(&root, &BTreeMap::new(), &mut diagnostics);
    let step = found.moves[0]
        .step(&Address::new("module.m[\"k\"].data_node.a"))
        .unwrap();
    assert_eq!(step.to.as_str(), "module.m[\"k\"].data_node.b");
    assert!(found.moves[0].step(&Address::new("data_node.a")).is_none());
    assert!(found.removals[0].covers(&Address::new("module.m[1].pipeline.p[2].activity.a")));
    assert!(!found.removals[0].covers(&Address::new("pipeline.p")));
}

#[test]
fn chains_begin_at_their_beginning_and_the_inside_comes_first() {
    let written = [
        "module.m > module.n",
        "data_node.b > data_node.c",
        "module.m.data_node.x > module.m.data_node.y",
        "data_node.a > data_node.b",
    ];
    let (found, mistakes) = statements(&written.map(moved).concat(), &[]);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let order: Vec<String> = found
        .moves
        .iter()
        .map(|moved| moved.from.to_string())
        .collect();
    let place = |from: &str| order.iter().position(|other| other == from);
    assert!(place("data_node.a") < place("data_node.b"));
    assert!(place("module.m.data_node.x") < place("module.m"));
}

#[test]
fn mistakes_in_statements_are_found() {
    for (written, configured, expected) in [
        (
            &["data_node.a > data_node.a"][..],
            &[][..],
            &["Redundant move"][..],
        ),
        (&["data_node.a > database.b"], &[], &["Invalid move"]),
        (&["data_node.a > module.b"], &[], &["Invalid move"]),
        (&["data_nod.a > data_node.b"], &[], &["Invalid address"]),
        (
            &["activity.a > activity.b"],
            &[],
            &["Invalid address", "Invalid address"],
        ),
        (
            &["data_node.a.precondition.exists > data_node.b"],
            &[],
            &["Invalid address"],
        ),
        (
            &["pipeline.a.data_node.b.precondition.exists > data_node.b"],
            &[],
            &["Invalid address"],
        ),
        (
            &["pipeline.a.pipeline.b > pipeline.c"],
            &[],
            &["Invalid address"],
        ),
        (
            &["data_node.a > data_node.b", "data_node.a > data_node.c"],
            &[],
            &["Ambiguous move"],
        ),
        (
            &["data_node.a > data_node.c", "data_node.b > data_node.c"],
            &[],
            &["Ambiguous move"],
        ),
        (
            &["data_node.a > data_node.b", "data_node.b > data_node.a"],
            &[],
            &["Cycle of moves"],
        ),
        (
            &[
                "data_node.a > data_node.b",
                "data_node.b > data_node.c",
                "data_node.c > data_node.a",
            ],
            &[],
            &["Cycle of moves"],
        ),
        (
            &["data_node.a > data_node.b"],
            &["data_node.a[0]"],
            &["Moved object still exists"],
        ),
        (&["data_node.a > data_node.b[0]"], &["data_node.a[0]"], &[]),
        (
            &["module.a > module.b"],
            &["module.a.data_node.x"],
            &["Moved object still exists"],
        ),
        (&["data_node.a > data_node.b"], &["data_node.b"], &[]),
        (
            &["data_node.a[\"x\"] > data_node.a[\"y\"]"],
            &["data_node.a[\"y\"]"],
            &[],
        ),
    ] {
        let blocks: String = written.iter().map(|text| moved(text)).collect();
        let (_, mistakes) = statements(&blocks, configured);
        assert_eq!(mistakes, expected, "{written:?}");
    }
    let removed = "removed {\n from = pipeline.p\n}\n";
    let (_, mistakes) = statements(removed, &["pipeline.p[0].activity.a"]);
    assert_eq!(mistakes, ["Removed object still exists"]);
}
