//! Texts with mistakes of meaning, damaged in every place: what is wrong elsewhere is still reported, and nothing is made up.

use std::ops::Range;

use super::*;
use crate::lang::SourceFile;
use crate::lang::Syntax;
use crate::lang::module::Files;
use crate::lang::parse_files;
use crate::lang::tokens;
use crate::lang::tokens::TokenKind;
use crate::objects::Blocks;

const TEXT: &str = r#"variable "first" {
  type    = string
  default = "2026-01-01"
}

variable "wrong" {
  type    = number
  default = "many"
}

locals {
  names = ["a", "b"]
  gone  = nowhere.x
}

schedule "daily" {
  every = "1 day"
  start = var.first
}

data_format "csv" "lines" {
  heading = true
}

pipeline "logs" {
  schedule = schedule.daily

  data_node "file" "source" {
    path   = "in/${run.date}-${local.names[0]}"
    format = data_format.lines
  }

  data_node "file" "target" {
    path = "out/${run.dat}"

    precondition "exists" {}
  }

  activity "copy" "one" {
    input  = data_node.source
    output = data_node.target

    lifecycle {
      prevent_destroy = "perhaps"
    }
  }

  activity "shell_command" "two" {
    for_each = toset(["a", "b"])
    command  = "echo ${each.key} ${missing.z}"
  }

  activity "copy" "three" {
    input = data_node.source
  }
}

pipeline "other" {
  activity "shell_command" "last" {
    command    = upper("a", "b")
    depends_on = [pipeline.logs.activity.one, pipeline.logs.activity.two["a"]]
  }
}

check "all" {
  assert {
    condition = var.first != "" && local.names != local.nothing
  }
}

output "path" {
  value = pipeline.logs.data_node.source.path
  kind  = 1
}
"#;

/// A finding: its object, and what it says.
type Report = (String, String);

/// What is wrong with the grammar, and with the meaning of what could be read, each with its place.
fn reports(text: &str) -> (Diagnostics, BTreeMap<Report, Span>) {
    let file = SourceFile {
        file: FileId(0),
        text,
        syntax: Syntax::Native,
    };
    let parsed = parse_files(&[file], &Blocks, 1).pop().unwrap();
    let files = Files {
        bodies: vec![parsed.body],
        damage: parsed.damage,
        findings: Diagnostics::new(),
    };
    let mut found = Diagnostics::new();
    let tree = ModuleTree::leaf(Module::decode(".", files, &mut found));
    found.extend(evaluated(&tree).1);
    let reports = found.into_iter().map(|found| {
        let object = found.object.unwrap_or_default();
        let said = format!("{}: {}", found.summary, found.detail);
        ((object, said), found.span.unwrap())
    });
    (parsed.diagnostics, reports.collect())
}

fn text(range: Range<usize>) -> &'static str {
    TEXT.get(range).unwrap()
}

/// The first bytes of the blocks in no other, and of those and the blocks right inside of them.
fn blocks() -> (BTreeSet<usize>, BTreeSet<usize>) {
    let outer: Vec<_> = tokens::outline(TEXT)
        .into_iter()
        .map(|(range, _)| range)
        .collect();
    let inner = outer.iter().flat_map(|range| {
        let brace = range.start + text(range.clone()).find('{').unwrap() + 1;
        let inner = tokens::outline(text(brace..range.end - 1));
        inner.into_iter().map(move |(range, _)| brace + range.start)
    });
    let starts: BTreeSet<_> = outer.iter().map(|range| range.start).collect();
    let all = starts.iter().copied().chain(inner).collect();
    (starts, all)
}

/// What is put into the text, or takes the place of a sign.
const SIGNS: [&str; 16] = [
    "", "=", "{", "}", "\"", "(", ")", "[", "]", ".", "$", " x y ", "\n", "<<E\n", "/*", ",",
];

/// Every so many of the texts are looked at; all are when this is 1, and it takes minutes.
const STRIDE: usize = 19;

/// The damaged texts with a mistake in their grammar: where the damage is, by which sign, and what is found.
fn damaged() -> impl Iterator<Item = (Range<usize>, &'static str, BTreeMap<Report, Span>)> {
    let places = tokens::scan(TEXT).into_iter().flat_map(|token| {
        let (start, end) = (token.start as usize, token.end as usize);
        // A name that is gone is unknown, and rightly so.
        let names = [TokenKind::Identifier, TokenKind::QuotedLiteral];
        let replaced = (!names.contains(&token.kind)).then_some(start..end);
        [Some(start..start), replaced].into_iter().flatten()
    });
    let texts = places.flat_map(|place| SIGNS.map(|sign| (place.clone(), sign)));
    texts.step_by(STRIDE).filter_map(|(place, sign)| {
        let damaged = [text(0..place.start), sign, text(place.end..TEXT.len())].concat();
        let (syntax, found) = reports(&damaged);
        syntax.has_errors().then_some((place, sign, found))
    })
}

#[test]
fn mistakes_beside_damage_are_reported_and_none_is_made_up() {
    let (syntax, whole) = reports(TEXT);
    assert!(syntax.is_empty(), "{syntax:?}");
    assert_eq!(whole.len(), 11, "{whole:#?}");
    let (outer, inner) = blocks();
    let around = |starts: &BTreeSet<usize>, at: usize| starts.range(..=at).next_back().copied();
    let (mut looked_at, mut beside, mut lost_beside) = (0, 0, 0);
    for (place, sign, found) in damaged() {
        looked_at += 1;
        let how = format!("{sign:?} at {:?}", text(0..place.start));
        for report in found.keys() {
            assert!(whole.contains_key(report), "{report:?} is made up: {how}");
        }
        if matches!(sign, "/*" | "<<E\n") {
            continue; // what follows may be part of it
        }
        for (report, span) in &whole {
            let at = span.start as usize;
            let kept = found.contains_key(report);
            let hit = [place.start, place.end].map(|place| around(&outer, place));
            if !hit.contains(&around(&outer, at)) {
                assert!(kept, "{report:?} is lost: {how}");
            }
            let hit = [place.start, place.end].map(|place| around(&inner, place));
            if !hit.contains(&around(&inner, at)) && !hit.contains(&around(&outer, at)) {
                beside += 1;
                lost_beside += usize::from(!kept);
            }
        }
    }
    assert!(looked_at > 9_000 / STRIDE, "{looked_at} texts were damaged");
    assert!(
        lost_beside < beside / 50,
        "{lost_beside} of {beside} mistakes in blocks beside the damaged one are lost"
    );
}
