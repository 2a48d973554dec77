//! What a plan sees of expressions whose values it does not know, but perhaps their types.

use crate::lang::eval::Phase;
use crate::lang::infer;
use crate::lang::test_support::TestScope;

/// Expressions, the place of the mistake in each, and what is said about it.
const MISTAKES: [(&str, &str, &str); 20] = [
    (
        "text + {}",
        "{}",
        "`+` takes a number here; this is an empty object.",
    ),
    (
        "(text == \"a\") + 1",
        "(text == \"a\")",
        "`+` takes a number here; this is a bool.",
    ),
    (
        "!number",
        "number",
        "`!` takes a bool here; this is a number.",
    ),
    (
        "open && list",
        "list",
        "`&&` takes a bool here; this is a list.",
    ),
    (
        "number ? 1 : 2",
        "number",
        "A condition is true or false; this is a number.",
    ),
    (
        "list.path",
        "path",
        "`path` is read from a list, which has no attributes.",
    ),
    (
        "list[0].pth",
        "pth",
        "There is no attribute \"pth\" here. There are `path`.",
    ),
    (
        "list[*].pth",
        "pth",
        "There is no attribute \"pth\" here. There are `path`.",
    ),
    (
        "[for item in list : item.pth]",
        "pth",
        "There is no attribute \"pth\" here. There are `path`.",
    ),
    (
        "text.x",
        "x",
        "`x` is read from a string, which has no attributes.",
    ),
    (
        "list[text == \"a\"]",
        "text == \"a\"",
        "The index of a list is a whole number and the key of an object a string; this is a bool.",
    ),
    (
        "text[0]",
        "text[0]",
        "Only lists, tuples, maps and objects have elements; this is a string.",
    ),
    (
        "[for c in text : c]",
        "text",
        "`for` goes through a list, set, tuple, map or object; this is a string.",
    ),
    (
        "\"%{ for c in number }x%{ endfor }\"",
        "number",
        "`for` goes through a list, set, tuple, map or object; this is a number.",
    ),
    (
        "\"a${list}\"",
        "list",
        "A template takes strings, numbers and bools; this is a list. Use `join` or `jsonencode` to make text of a collection.",
    ),
    (
        "length(number)",
        "number",
        "`length` takes a collection or a string as `value`; this is a number.",
    ),
    (
        "keys(list)",
        "list",
        "`keys` takes a map or object as `map`; this is a list.",
    ),
    (
        "join(\",\", text)",
        "text",
        "`join` takes a list of strings as `lists`; this is a string.",
    ),
    (
        "max(text...)",
        "text",
        "What `...` expands is a list, set or tuple; this is a string.",
    ),
    (
        "upper(text, 1)",
        "upper(text, 1)",
        "The call is `upper(str)`; this one has 2 arguments.",
    ),
];

/// A scope in which the types of some deferred names are known.
fn typed() -> TestScope {
    let mut scope = TestScope::new(
        "{ text = \"a\", number = 1, list = tolist([{ path = \"p\" }]), none = {} }",
        &["text", "number", "list", "open"],
    );
    for name in ["text", "number", "list"] {
        let ty = infer::type_of(&scope.names[name]);
        scope.types.insert(name.to_owned(), ty);
    }
    scope
}

#[test]
fn mistakes_in_what_is_deferred_are_found_by_its_type() {
    for (text, place, expected) in MISTAKES {
        let scope = typed();
        assert_eq!(
            scope.evaluate(text, Phase::Plan { defer_impure: true }),
            None,
            "{text}"
        );
        let reported = scope.reported.borrow();
        let [finding] = reported.as_slice() else {
            panic!("{text}: {reported:?}");
        };
        assert_eq!(finding.detail, expected, "{text}");
        let span = finding.span.unwrap_or_default();
        assert_eq!(
            text.get(span.start as usize..span.end as usize),
            Some(place),
            "{text}"
        );
    }
}

#[test]
fn what_may_be_right_is_left_to_the_run() {
    let scope = typed();
    for (text, expected) in [
        ("text + 1", "text + 1"),
        ("text ? 1 : 2", "text ? 1 : 2"),
        ("open.x[0].y + open", "open.x[0].y + open"),
        ("[for item in open : item.x]", "[for item in open : item.x]"),
        ("try(list.path, text)", "try(text)"),
        ("can(list.path)", "false"),
        ("tolist([text, \"a\"])", "tolist([text, \"a\"])"),
        ("tolist([open, \"a\"])[1]", "tolist([open, \"a\"])[1]"),
        ("tolist([text, \"a\"])[1]", "\"a\""),
        ("tolist([number, \"a\"])[0]", "tolist([number, \"a\"])[0]"),
        ("true ? 1 : text", "\"1\""),
        ("true ? 1 : number", "1"),
        ("true ? 1 : open", "true ? 1 : open"),
        ("true ? text : \"x\"", "text"),
        ("true ? number : \"x\"", "true ? number : \"x\""),
        ("coalesce(number, 1)", "coalesce(number, 1)"),
        ("length(list[*].path)", "length(list[*].path)"),
    ] {
        assert_eq!(scope.shown(text), expected, "{text}");
    }
}
