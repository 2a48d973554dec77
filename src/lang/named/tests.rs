//! What goes by its name means what it stands for: planned, stored, read back and run.

use std::cell::Cell;

use proptest::prelude::*;

use super::super::eval::Budget;
use super::super::eval::Evaluator;
use super::super::eval::Phase;
use super::super::eval::generator::Generator;
use super::super::eval::generator::Kind;
use super::super::eval::generator::NAMES;
use super::super::eval::generator::VALUES;
use super::super::stored;
use super::super::test_support::TestScope;
use super::super::test_support::parsed;
use super::super::test_support::with_call;
use super::large::LARGE;
use super::*;

thread_local! {
    /// How large is large.
    pub(super) static LIMIT: Cell<u64> = const { Cell::new(LARGE) };
}

const PLAN: Phase = Phase::Plan { defer_impure: true };

/// A tree whose named parts have these texts.
fn bound(text: &str, parts: &[(&str, &str)]) -> Option<Expr> {
    let names = parts.iter();
    let names = names.map(|(name, text)| ((*name).to_owned(), parsed(text)));
    with_names(parsed(text), &names.collect())
}

fn finished(value: &Value, scope: &TestScope) -> Option<Value> {
    let budget = Budget::new(200_000, 1 << 24);
    with_call(|call| Evaluator::new(scope, call, &budget, Phase::Run).finish(value))
}

fn stored_and_read(value: &Value) -> Value {
    let text = stored::to_json(value).to_string();
    let json = serde_json::from_str(&text).unwrap();
    stored::from_json(&json, FileId(0)).unwrap()
}

#[test]
fn names_stand_for_parts_and_parts_of_parts() {
    let expr = bound(
        "\"${local.a}-${module.m[\"k\"].var.b[0]}\"",
        &[
            ("local.a", "[for local in [1] : local + n]"),
            ("module.m[\"k\"].var.b[0]", "\"${local.a[0]}!\""),
        ],
    );
    let expr = expr.unwrap();
    assert_eq!(names(&expr).len(), 2);
    let scope = TestScope::new("{ n = 1 }", &[]);
    let text = parsed("[for x in [0] : x]");
    assert!(!same(&expr, &text));
    let value = Value::Deferred(Arc::new(expr));
    let json = stored::to_json(&value);
    assert_eq!(json, stored::to_json(&stored_and_read(&value)));
    let spelled = print::value(&spelled_out(value));
    assert!(!spelled.contains("module"), "{spelled}");
    let part = bound(
        "local.b",
        &[("local.b", "\"${local.a}!\""), ("local.a", "n + 1")],
    );
    let part = Value::Deferred(Arc::new(part.unwrap()));
    assert_eq!(finished(&part, &scope), Some(Value::string("2!")));
}

#[test]
fn residuals_are_compared_by_what_they_print() {
    let scope = TestScope::new("{}", &["run"]);
    let residual = |text: &str| match scope.evaluate(text, PLAN) {
        Some(Value::Deferred(expr)) => expr,
        other => panic!("{text}: {other:?}"),
    };
    let texts = [
        "run.date",
        "(run).day",
        "\"a${run.date}b\"",
        "\"a${run.day}b\"",
        "\"a${run.date}\"",
        "run.attempt + 1",
    ];
    for text in texts {
        for other in texts {
            let (planned, read) = (residual(text), parsed(&print::expression(&residual(other))));
            assert_eq!(same(&planned, &read), text == other, "{text}, {other}");
        }
    }
    let named = |text: &str| bound("local.a", &[("local.a", text)]).unwrap();
    assert!(same(&named("run.date"), &named("run.date")));
    assert!(!same(&named("run.date"), &named("run.day")));
}

#[test]
fn a_name_that_stands_for_itself_is_damage() {
    assert!(
        bound(
            "local.a",
            &[("local.a", "local.b"), ("local.b", "local.a + 1")]
        )
        .is_none()
    );
}

#[test]
fn parts_that_double_are_evaluated_once() {
    let mut parts = vec![("local.a0".to_owned(), "n + 1".to_owned())];
    for at in 1..60 {
        let before = format!("local.a{}", at - 1);
        parts.push((
            format!("local.a{at}"),
            format!("{before} == {before} ? {before} : 0"),
        ));
    }
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    let expr = bound("local.a59", &parts).unwrap();
    let again = bound("local.a59", &parts).unwrap();
    assert!(same(&expr, &again) && expr == again);
    let value = Value::Deferred(Arc::new(expr));
    let scope = TestScope::new("{ n = 1 }", &[]);
    let two = scope.evaluate("2", Phase::Run);
    assert_eq!(finished(&stored_and_read(&value), &scope), two);
    assert_eq!(
        print::value(&spelled_out(value.clone())),
        print::value(&value)
    );
}

#[test]
fn a_deep_chain_of_parts_is_no_overflow() {
    let mut parts = vec![("local.a0".to_owned(), "n".to_owned())];
    for at in 1..1000 {
        let before = format!("local.a{}", at - 1);
        parts.push((format!("local.a{at}"), format!("((1 + ((({before})))))")));
    }
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    let value = Value::Deferred(Arc::new(bound("local.a999", &parts).unwrap()));
    let scope = TestScope::new("{ n = 1 }", &[]);
    let thousand = scope.evaluate("1000", Phase::Run);
    assert_eq!(finished(&stored_and_read(&value), &scope), thousand);
}

fn drawn(bytes: &[u8]) -> String {
    Generator::new(bytes, true).expression(Kind::Any, 3)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// However much goes by its name: to plan, store, read back and finish gives what evaluating at once gives.
    #[test]
    fn named_parts_mean_what_they_stand_for(
        first in prop::collection::vec(any::<u8>(), 1..100),
        second in prop::collection::vec(any::<u8>(), 1..60),
        deferred in prop::sample::subsequence(&NAMES[..], 0..=NAMES.len()),
        limit in 0_u64..6,
    ) {
        LIMIT.set(limit);
        let (first, second) = (drawn(&first), drawn(&second));
        let mut run = TestScope::new(VALUES, &[]);
        let mut plan = TestScope::new(VALUES, &deferred);
        let part = plan.evaluate(&first, PLAN);
        prop_assert!(part.is_some(), "{}: {:?}", first, plan.reported.borrow());
        let part = called(part.unwrap(), || path("part"));
        plan.names.insert("part".to_owned(), part);
        run.names.insert("part".to_owned(), run.evaluate(&first, Phase::Run).unwrap());
        let text = format!("[part, [part, {second}], {{ a = part }}, [for part in [1, part] : jsonencode([part])], (b1 ? [part] : [])]");
        let expected = run.evaluate(&text, Phase::Run);
        let planned = plan.evaluate(&text, PLAN);
        prop_assert!(planned.is_some(), "{}: {:?}", text, plan.reported.borrow());
        let read = stored_and_read(&planned.unwrap());
        LIMIT.set(LARGE);
        let result = finished(&read, &run).map(|value| value.unmark_deep().0);
        let expected = expected.map(|value| value.unmark_deep().0);
        prop_assert_eq!(&result, &expected, "{} with part = {} and {:?} deferred, by way of {}: {:?}", text, first, deferred, stored::to_json(&read), run.reported.borrow());
    }
}
