//! The law of the two phases: to plan with some names deferred, to store the result, to read it back and to finish it, gives
//! what evaluating with all names known gives.

use proptest::prelude::*;

use super::*;
use crate::diag::FileId;
use crate::lang::ast::BinaryOp;
use crate::lang::print;
use crate::lang::stored;
use crate::lang::test_support::TestScope;
use crate::lang::test_support::parsed;
use crate::lang::test_support::with_call;

const NAMES: [&str; 9] = ["n1", "n2", "s1", "s2", "b1", "b2", "l1", "l2", "o1"];
const VALUES: &str = r#"{ n1 = 3, n2 = -1.5, s1 = "x$y", s2 = "a\"b\n%%{", b1 = true, b2 = false, l1 = ["p", "q$"], l2 = [["r"], ["s", "t"]], o1 = { k = "v", m = "w" } }"#;

fn number() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("n1".to_owned()),
        Just("n2".to_owned()),
        "[0-9]{1,3}(\\.[0-9]{1,2})?"
    ];
    leaf.prop_recursive(3, 16, 2, |inner| {
        prop_oneof![
            (
                inner.clone(),
                prop::sample::select(vec!["+", "-", "*"]),
                inner.clone()
            )
                .prop_map(|(left, operator, right)| format!("{left} {operator} {right}")),
            inner.clone().prop_map(|operand| format!("-({operand})")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("({left} + {right})")),
        ]
    })
    .boxed()
}

fn string() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("s1".to_owned()),
        Just("s2".to_owned()),
        Just("l1[0]".to_owned()),
        Just("o1.k".to_owned()),
        Just("\"lit $${x} 100%\"".to_owned()),
        Just("\"$\"".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), number())
                .prop_map(|(text, number)| format!("\"a${{{text}}}$${{${{{number}}}%\"")),
            (condition(), inner.clone(), inner.clone())
                .prop_map(|(test, yes, no)| format!("({test} ? {yes} : {no})")),
            (condition(), inner.clone()).prop_map(|(test, yes)| format!(
                "\"%{{ if {test} }}${{{yes}}}-%{{ else }}$%{{ endif }}\""
            )),
            (list(), inner.clone()).prop_map(|(list, text)| format!(
                "\"%{{ for i, s1 in {list} }}${{s1}}${{i}}${{{text}}}%{{ endfor }}\""
            )),
            (list(), inner.clone()).prop_map(|(list, text)| format!("try({list}[1], {text})")),
            inner.clone().prop_map(|text| format!("[{text}, s2][0]")),
            inner.clone().prop_map(|text| format!("{{ k = {text} }}.k")),
            inner.prop_map(|text| format!("\"${{\"\"}}${{{text}}}\"")),
        ]
    })
    .boxed()
}

fn condition() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("b1".to_owned()),
        Just("b2".to_owned()),
        Just("true".to_owned()),
        Just("s1 == \"x\"".to_owned()),
        Just("n1 > n2".to_owned())
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} && {right})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} || {right})")),
            inner.clone().prop_map(|operand| format!("!({operand})")),
            inner.prop_map(|operand| format!("(({operand}) == b1)")),
        ]
    })
    .boxed()
}

fn list() -> BoxedStrategy<String> {
    prop_oneof![
        Just("l1".to_owned()),
        Just("l2[*][0]".to_owned()),
        Just("[for l1 in l2 : l1[0]]".to_owned()),
        Just("[for s1 in l1 : s1 if b1]".to_owned()),
        Just("[for s2 in [s1] : \"${s2}${s1}\"]".to_owned()),
        Just("[for k, v in o1 : \"${k}${v}\" if v != s1]".to_owned()),
        Just("[for k in [for l1 in l2 : l1[0]] : \"${k}\"]".to_owned()),
        Just("flat".to_owned())
            .prop_map(|_| "[for s1 in l1 : [for l1 in l2 : \"${s1}${l1[0]}\"][0]]".to_owned()),
    ]
    .boxed()
}

fn any() -> BoxedStrategy<String> {
    prop_oneof![
        string(),
        number(),
        condition(),
        list(),
        (string(), list())
            .prop_map(|(text, list)| format!("[{text}, {list}, {{ a = {text}, (s1) = 1 }}]")),
        (list(), string())
            .prop_map(|(list, text)| format!("[for x in {list} : {{ x = x, t = {text} }}]")),
        (list(), string()).prop_map(|(list, text)| format!(
            "{{ for i, s2 in {list} : \"${{i}}\" => \"${{s2}}${{{text}}}\"... }}"
        )),
        (list(), string()).prop_map(|(list, text)| format!(
            "[for s1 in {list} : [for s2 in [s1] : [for s1 in l1 : \"${{s1}}${{s2}}${{{text}}}\"]]]"
        )),
    ]
    .boxed()
}

/// The value of `text` by way of a plan in which `deferred` are not known.
fn two_phases(text: &str, deferred: &[&str]) -> (Option<Value>, String) {
    let plan = TestScope::new(VALUES, deferred);
    let Some(value) = plan.evaluate(text, Phase::Plan { defer_impure: true }) else {
        return (None, format!("{:?}", plan.reported.borrow()));
    };
    let printed = print::value(&value);
    let read = match stored::from_json(&stored::to_json(&value), FileId(0)) {
        Ok(read) => read,
        Err(error) => return (None, error.to_string()),
    };
    let run = TestScope::new(VALUES, &[]);
    let budget = Budget::default();
    let finished = with_call(|call| Evaluator::new(&run, call, &budget, Phase::Run).finish(&read));
    (finished, format!("{printed} {:?}", run.reported.borrow()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn plan_then_run_equals_run(text in any(), deferred in prop::sample::subsequence(&NAMES[..], 0..NAMES.len())) {
        let run = TestScope::new(VALUES, &[]);
        let expected = run.evaluate(&text, Phase::Run);
        prop_assert!(expected.is_some(), "{}: {:?}", text, run.reported.borrow());
        let (result, residual) = two_phases(&text, &deferred);
        prop_assert_eq!(result, expected, "{} with {:?} deferred, by way of {}", text, deferred, residual);
    }

    #[test]
    fn printed_expressions_read_back_as_the_same(text in any()) {
        let run = TestScope::new(VALUES, &[]);
        let expr = parsed(&text);
        let again = parsed(&print::expression(&expr));
        prop_assert_eq!(run.evaluate_expr(&again, Phase::Run), run.evaluate_expr(&expr, Phase::Run));
        prop_assert_eq!(print::expression(&again), print::expression(&expr));
    }
}

#[test]
fn operators_print_in_the_order_they_bind() {
    let operators = [
        BinaryOp::Or,
        BinaryOp::And,
        BinaryOp::Equal,
        BinaryOp::Less,
        BinaryOp::Add,
        BinaryOp::Multiply,
    ];
    for outer in operators {
        for inner in operators {
            for text in [
                format!("(a {} b) {} c", sign(inner), sign(outer)),
                format!("a {} (b {} c)", sign(outer), sign(inner)),
            ] {
                let expr = parsed(&text);
                assert_eq!(
                    print::expression(&parsed(&print::expression(&expr))),
                    print::expression(&expr),
                    "{text}"
                );
            }
        }
    }
}
