//! The law of the two phases: to plan with some names deferred, to store the result, to read it back and to finish it, gives
//! what evaluating with all names known gives.

use proptest::prelude::*;

use super::generator::Generator;
use super::generator::Kind;
use super::generator::NAMES;
use super::generator::VALUES;
use super::*;
use crate::diag::FileId;
use crate::lang::ast::BinaryOp;
use crate::lang::infer;
use crate::lang::print;
use crate::lang::stored;
use crate::lang::test_support::TestScope;
use crate::lang::test_support::parsed;
use crate::lang::test_support::with_call;
use crate::lang::types::Type;
use crate::lang::unify;

/// What became of an expression that was planned, stored, read back and finished.
#[derive(Debug)]
enum Planned {
    /// The plan found a mistake.
    Refused(String),
    /// What it came to, and by way of which residual; no value if it could not be finished.
    Finished(Option<Value>, String),
}

/// The value of `text` by way of a plan in which `deferred` are not known, but perhaps their types.
fn two_phases(text: &str, deferred: &[&str], typed: bool) -> Planned {
    let mut plan = TestScope::new(VALUES, deferred);
    for name in deferred.iter().filter(|_| typed) {
        let ty = plan.names.get(*name).map_or(Type::Any, infer::type_of);
        plan.types.insert((*name).to_owned(), ty);
    }
    let Some(value) = plan.evaluate(text, Phase::Plan { defer_impure: true }) else {
        return Planned::Refused(format!("{:?}", plan.reported.borrow()));
    };
    let printed = print::value(&value);
    let read = match stored::from_json(&stored::to_json(&value), FileId(0)) {
        Ok(read) => read,
        Err(error) => return Planned::Finished(None, error.to_string()),
    };
    let again = print::value(&read);
    if matches!(value, Value::Deferred(_)) && again != printed {
        return Planned::Finished(None, format!("{printed} reads back as {again}"));
    }
    let run = TestScope::new(VALUES, &[]);
    let budget = Budget::default();
    let finished = with_call(|call| Evaluator::new(&run, call, &budget, Phase::Run).finish(&read));
    let ty = infer::type_of(&value);
    if let Some(finished) = finished
        .as_ref()
        .filter(|finished| **finished != Value::NULL)
        && !unify::same(&ty, &infer::type_of(finished))
    {
        return Planned::Finished(None, format!("{printed} seemed to be {ty}"));
    }
    Planned::Finished(finished, format!("{printed} {:?}", run.reported.borrow()))
}

fn drawn(bytes: &[u8], total: bool) -> String {
    Generator::new(bytes, total).expression(Kind::Any, 4)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..160)
}

fn some_names() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(&NAMES[..], 0..=NAMES.len())
}

/// Whether the value is the expected one. A plan marks more: what may become sensitive is.
fn is_what_a_run_gives(value: Option<&Value>, expected: Option<&Value>) -> bool {
    let (Some(value), Some(expected)) = (value, expected) else {
        return false;
    };
    let bare = |value: &Value| value.clone().unmark_deep().0;
    bare(value) == bare(expected) && (!expected.has_sensitive() || value.has_sensitive())
}

/// What runs only under some condition, so that a mistake in it need not be one of the run.
fn has_branches(text: &str) -> bool {
    ["?", " if ", "&&", "||", "for ", "try(", "can(", "[*]"]
        .iter()
        .any(|sign| text.contains(sign))
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plan_then_run_equals_run(bytes in bytes(), deferred in some_names(), typed in any::<bool>()) {
        let text = drawn(&bytes, true);
        let run = TestScope::new(VALUES, &[]);
        let expected = run.evaluate(&text, Phase::Run);
        prop_assert!(expected.is_some(), "{}: {:?}", text, run.reported.borrow());
        match two_phases(&text, &deferred, typed) {
            Planned::Finished(result, residual) =>
                prop_assert!(is_what_a_run_gives(result.as_ref(), expected.as_ref()), "{} with {:?} deferred: {:?}\n instead of {:?},\n by way of {}", text, deferred, result, expected, residual),
            Planned::Refused(why) => prop_assert!(false, "{} with {:?} deferred: {}", text, deferred, why),
        }
    }

    #[test]
    fn mistakes_are_found_by_the_plan_or_by_the_run(bytes in bytes(), deferred in some_names(), typed in any::<bool>()) {
        let text = drawn(&bytes, false);
        // What is wrong with an element that nobody reads is found only where it is known: not so by `try` in a plan.
        prop_assume!(!text.contains("try(") && !text.contains("can("));
        let run = TestScope::new(VALUES, &[]);
        let expected = run.evaluate(&text, Phase::Run);
        match (two_phases(&text, &deferred, typed), expected) {
            (Planned::Finished(result, residual), Some(expected)) =>
                prop_assert!(is_what_a_run_gives(result.as_ref(), Some(&expected)), "{} with {:?} deferred: {:?}\n instead of {:?},\n by way of {}", text, deferred, result, expected, residual),
            (Planned::Refused(why), Some(_)) =>
                prop_assert!(has_branches(&text), "{} with {:?} deferred: {}", text, deferred, why),
            (Planned::Finished(Some(_), residual), None) =>
                prop_assert!(!deferred.is_empty(), "{} is known at once, by way of {}", text, residual),
            (Planned::Finished(None, _) | Planned::Refused(_), None) => {}
        }
    }

    #[test]
    fn printed_expressions_read_back_as_the_same(bytes in bytes()) {
        let text = drawn(&bytes, true);
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
