//! What holds for every text, however wrong or hostile: one function for each fuzz target.
//!
//! The targets call these with what the fuzzer makes up; `tests/it/fuzz.rs` calls them with the corpus, in which every finding
//! of the fuzzer stays. A check panics when something does not hold, and is expected to end within a second.

use pipeform::diag::{self, Diagnostic, Diagnostics, FileId, Sources, Span};
use pipeform::lang::functions::Call;
use pipeform::lang::{
    Budget, Evaluator, NoFiles, Phase, Reference, Resolution, Scope, SourceFile, Step, Syntax,
    Value, ast::Body, ast::Expr, fmt, parse_body, parse_expression, parse_files, parse_template,
    print, stored, tokens, types::Type,
};
use pipeform::objects::Blocks;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Longer texts only take longer.
const LONGEST: usize = 16 << 10;

/// Names with values, some of them known only when an instance runs, and what was reported.
struct World {
    names: BTreeMap<&'static str, Value>,
    deferred: bool,
    reported: RefCell<Diagnostics>,
}

impl Scope for World {
    fn resolve(&self, path: &[Step]) -> Resolution {
        let name = path.first().map_or("", |step| &*step.name);
        if self.deferred && name == "run" {
            return Resolution::Deferred {
                ty: Type::Any,
                consumed: 1,
            };
        }
        if let Some(value) = self.names.get(name) {
            let value = value.clone();
            return Resolution::Value { value, consumed: 1 };
        }
        self.report(Diagnostic::error("Unknown name", "There is no such name."));
        Resolution::Failed
    }

    fn attribute(&self, _: &Reference, _: &Step) -> Option<Value> {
        None
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.reported.borrow_mut().push(diagnostic);
    }
}

/// What names stand for.
const NAMES: [(&str, &str); 4] = [
    (
        "run",
        r#"{ date = "2026-11-24", hour = "00", attempt = 1, inputs = { a = [{ path = "s3://b/1" }, { path = "s3://b/2" }] } }"#,
    ),
    (
        "var",
        r#"{ s = "x$y\n", n = 3, list = ["p", "q"], map = tomap({ k = "v" }), nil = null, set = toset(["a"]), secret = sensitive("s") }"#,
    ),
    ("each", r#"{ key = "k", value = { deep = [1, 2] } }"#),
    ("empty", "{}"),
];

impl World {
    fn new(deferred: bool) -> Self {
        let mut world = Self {
            names: BTreeMap::new(),
            deferred,
            reported: RefCell::default(),
        };
        for (name, text) in NAMES {
            let value = expression(text).and_then(|expr| world.evaluate(&expr, Phase::Run));
            world.names.insert(name, value.unwrap());
        }
        world
    }

    fn with_evaluator<T>(&self, phase: Phase, body: impl FnOnce(&Evaluator<'_>) -> T) -> T {
        let call = Call {
            files: &NoFiles,
            now: jiff::Timestamp::UNIX_EPOCH,
            random: || [7; 16],
            secrets: None,
        };
        let budget = Budget::new(20_000, 1 << 20);
        body(&Evaluator::new(self, &call, &budget, phase))
    }

    fn evaluate(&self, expr: &Expr, phase: Phase) -> Option<Value> {
        self.with_evaluator(phase, |evaluator| evaluator.evaluate(expr))
    }

    /// Whether evaluation ended because it was too large, not because it was wrong.
    fn is_exhausted(&self) -> bool {
        let reported = self.reported.borrow();
        reported.iter().any(|found| {
            let text = format!("{} {}", found.summary, found.detail);
            text.contains("too large") || text.contains("too many") || text.contains("too deep")
        })
    }
}

fn expression(text: &str) -> Option<Expr> {
    parse_expression(FileId(0), text, &mut Diagnostics::new())
}

/// The places of findings lie in the text, and the findings can be shown to people and programs.
fn shown(diagnostics: &Diagnostics, text: &str) {
    let mut sources = Sources::default();
    sources.add("text", text);
    for found in diagnostics.iter() {
        let spans = found
            .span
            .iter()
            .chain(found.labels.iter().map(|label| &label.span));
        spans.for_each(|span| lies_in(*span, text));
        assert!(!found.summary.is_empty() && !found.detail.is_empty());
    }
    let picture = diag::render(diagnostics, &sources, true, 80);
    assert_eq!(picture.is_empty(), diagnostics.is_empty());
    let _json = diag::to_json(diagnostics, &sources, tokens::outline);
}

fn lies_in(span: Span, text: &str) {
    let range = span.start as usize..span.end as usize;
    assert!(
        text.get(range.clone()).is_some(),
        "{range:?} is no place in {text:?}"
    );
}

/// Any text is read as a body, as JSON, as an expression and as a template, or told what is wrong with it.
pub(crate) fn parser(text: &str) {
    if text.len() > LONGEST {
        return;
    }
    let mut end = 0;
    for token in tokens::scan(text) {
        assert_eq!(token.start, end);
        assert!(text.get(token.range()).is_some());
        end = token.end;
    }
    assert_eq!(end as usize, text.len());
    let _open = tokens::open_at_end(text);

    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId(0), text, &mut diagnostics);
    for attribute in &body.attributes {
        lies_in(attribute.name.span, text);
        lies_in(attribute.expr.span, text);
    }
    shown(&diagnostics, text);
    for syntax in [Syntax::Native, Syntax::Json] {
        let file = SourceFile {
            file: FileId(0),
            text,
            syntax,
        };
        for parsed in parse_files(&[file], &Blocks, 1) {
            shown(&parsed.diagnostics, text);
        }
    }
    for parse in [parse_expression, parse_template] {
        let mut diagnostics = Diagnostics::new();
        let read = parse(FileId(0), text, &mut diagnostics);
        assert_eq!(read.is_some(), !diagnostics.has_errors());
        shown(&diagnostics, text);
        if let Some(expr) = read {
            reads_back(&expr);
        }
    }
}

/// What is printed reads back as what prints the same.
fn reads_back(expr: &Expr) {
    let printed = print::expression(expr);
    let mut diagnostics = Diagnostics::new();
    let Some(again) = parse_expression(FileId(0), &printed, &mut diagnostics) else {
        panic!("{printed:?} does not read back: {diagnostics:?}");
    };
    assert_eq!(print::expression(&again), printed);
}

/// Any expression has a value, or is told what is wrong with it, within its budget.
pub(crate) fn evaluator(text: &str) {
    let Some(expr) = expression(text).filter(|_| text.len() <= LONGEST) else {
        return;
    };
    let world = World::new(false);
    let value = world.evaluate(&expr, Phase::Run);
    let reported = world.reported.borrow();
    // Names that do not exist are reported in the branch that is not taken, too.
    assert!(value.is_some() || reported.has_errors(), "{text:?}");
    shown(&reported, text);
    if let Some(value) = value {
        // Here nobody resolves secrets.
        assert!(value.is_known() || text.contains("secret"));
        let _lines = print::value_lines(&value);
        let _told = value.describe();
        if !value.has_sensitive() && value.is_known() {
            let kept = stored::from_json(&stored::to_json(&value), FileId(0)).unwrap();
            assert_eq!(kept, value);
        }
    }
}

/// What is left until an instance runs reads back as it was, and gives what evaluating all of it at once gives.
pub(crate) fn residual(text: &str) {
    let Some(expr) = expression(text).filter(|_| text.len() <= LONGEST) else {
        return;
    };
    let plan = World::new(true);
    let Some(planned) = plan.evaluate(&expr, Phase::Plan { defer_impure: true }) else {
        return; // stricter than a run: what is wrong is wrong even where no run would come by
    };
    if let Value::Deferred(rest) = &planned {
        reads_back(rest);
    }
    let kept = stored::from_json(&stored::to_json(&planned), FileId(0)).unwrap();
    assert_eq!(print::value(&kept), print::value(&planned));

    let (whole, parts) = (World::new(false), World::new(false));
    let expected = whole.evaluate(&expr, Phase::Run);
    let found = parts.with_evaluator(Phase::Run, |evaluator| evaluator.finish(&kept));
    if whole.is_exhausted() || parts.is_exhausted() {
        return;
    }
    // What nobody reads may be wrong and stay unseen in two phases, which `try` and `can` tell; and more may be sensitive.
    // Nobody resolves secrets here.
    let left_out = ["try", "can", "secret"];
    let compared = !left_out.iter().any(|word| text.contains(word));
    let Some(expected) = expected.filter(|_| compared) else {
        return;
    };
    assert_eq!(
        found.map(|value| value.unmark_deep().0),
        Some(expected.unmark_deep().0),
        "{text:?} by way of {}: {:?} {:?}",
        print::value(&planned),
        parts.reported.borrow(),
        whole.reported.borrow()
    );
}

/// Any text is laid out; of a body, layout changes white space only, and what is formatted says the same.
pub(crate) fn formatter(text: &str) {
    if text.len() > LONGEST {
        return;
    }
    let laid_out = fmt::layout(text);
    let Some(body) = body(text) else {
        return;
    };
    assert_eq!(fmt::layout(&laid_out), laid_out, "{text:?}");
    assert_eq!(signs(&laid_out), signs(text), "{text:?}");
    let formatted = fmt::format(text);
    // Of templates in templates one is unwrapped at a time, as in Terraform.
    let mut settled = formatted.clone();
    for _ in 0..text.matches("${").count() {
        settled = fmt::format(&settled);
    }
    assert_eq!(fmt::format(&settled), settled, "{text:?}");
    let Some(again) = self::body(&formatted) else {
        panic!("{text:?} does not parse when it is formatted: {formatted:?}");
    };
    // The rewriting of expressions, such as `"${x}"` to `x`, changes the tree and not its meaning.
    let rewritten = signs(&formatted) != signs(text);
    assert_eq!(outline(&again, rewritten), outline(&body, rewritten));
}

/// The body, if nothing is wrong with it.
fn body(text: &str) -> Option<Body> {
    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId(0), text, &mut diagnostics);
    (!diagnostics.has_errors()).then_some(body)
}

/// The text of all tokens but white space.
fn signs(text: &str) -> Vec<&str> {
    let blank = [tokens::TokenKind::Space, tokens::TokenKind::ByteOrderMark];
    let signs = tokens::scan(text)
        .into_iter()
        .filter(|token| !blank.contains(&token.kind));
    signs.map(|token| token.text(text)).collect()
}

/// What a body says, without places: names, labels and, unless `names_only`, expressions.
fn outline(body: &Body, names_only: bool) -> String {
    let mut outline = String::new();
    for attribute in &body.attributes {
        let value = if names_only {
            String::new()
        } else {
            print::expression(&attribute.expr)
        };
        writeln!(outline, "{} = {value}", attribute.name.text).unwrap();
    }
    for block in &body.blocks {
        let labels: Vec<_> = block.labels.iter().map(|label| &*label.text).collect();
        let inner = self::outline(&block.body, names_only);
        writeln!(outline, "{} {labels:?} {{\n{inner}}}", block.kind.text).unwrap();
    }
    outline
}
