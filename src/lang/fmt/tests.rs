use proptest::prelude::*;

use super::format;
use super::layout;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::lang::ast::Body;
use crate::lang::ast::ExprKind;
use crate::lang::parse_body;
use crate::lang::print;
use crate::lang::tokens::TokenKind;
use crate::lang::tokens::scan;

#[track_caller]
fn check(text: &str, wanted: &str) {
    assert_eq!(format(text), wanted, "{text:?}");
    assert_eq!(format(wanted), wanted, "again");
}

#[test]
fn lines_are_indented_by_the_lines_that_leave_brackets_open() {
    check(
        "a {\nb = [\n1,\n{\nc = 1\n}\n]\n\n   \n}\n",
        "a {\n  b = [\n    1,\n    {\n      c = 1\n    }\n  ]\n\n\n}\n",
    );
    check(
        "a = f({\nb = 1\n})\nc = f([\n1,\n], [\n2])\n",
        "a = f({\n  b = 1\n})\nc = f([\n  1,\n  ], [\n2])\n",
    );
    check("a = x ? 1 :\n", "a = x ? 1 :\n");
    check("}\n}\na = 1", "}\n}\na = 1");
}

#[test]
fn spaces_are_those_between_tokens() {
    for (text, wanted) in [
        ("a=1+ -2*b .c [ 0 ]", "a = 1 + -2 * b.c[0]"),
        ("a = - 1 - - 1", "a = -1 - -1"),
        ("a = !  b&&c", "a = !b && c"),
        ("a = f ( x ,y , z ... )", "a = f(x, y, z...)"),
        ("a = core :: upper (x)", "a = core::upper(x)"),
        ("a = {b=1,c:2}", "a = { b = 1, c : 2 }"),
        ("a = { }", "a = {}"),
        (
            "a = [ for x in[1]:x if x>0 ]",
            "a = [for x in [1] : x if x > 0]",
        ),
        ("a = in[0]", "a = in[0]"),
        ("a = x?y:z", "a = x ? y : z"),
        ("a = x [ * ] .b", "a = x[*].b"),
        (
            "a = \"x${ {} }y${ a }${b}%{ if  c }\"",
            "a = \"x${ {} }y${a}${b}%{if c}\"",
        ),
        ("b { a=1 }", "b { a = 1 }"),
        ("b {}", "b {}"),
        // Together they would be one number.
        ("a = 1. 5 .x", "a = 1. 5.x"),
        ("a = 1 . e5", "a = 1. e5"),
        ("a = 1 . e-5", "a = 1. e-5"),
        ("a = 1 . e", "a = 1.e"),
        ("a = 1 . E /5", "a = 1.E / 5"),
        ("a = x . 0 . 1 . y", "a = x.0. 1.y"),
        ("a = x . y . 1", "a = x.y.1"),
    ] {
        check(text, wanted);
    }
}

#[test]
fn values_and_comments_of_neighbouring_lines_stand_below_each_other() {
    check(
        "a=1#x\nbcd=2 //y\n\ne=3 /* z */\nfgh = {\n}\ni=4 # w",
        "a   = 1 #x\nbcd = 2 //y\n\ne = 3 /* z */\nfgh = {\n}\ni = 4 # w",
    );
    check("é日=1\nab=2\n", "é日 = 1\nab = 2\n");
    check("e\u{301}=1\nab=2\n", "e\u{301}  = 1\nab = 2\n");
    check("a = [ # x\n  1, # y\n]\n", "a = [ # x\n  1,  # y\n]\n");
}

#[test]
fn text_is_left_alone() {
    for text in [
        "a = \"  x ${b}  y \"\n",
        "a = <<EOT\n  x\n\t${b}  {\n EOT\n",
        "b {\n  a = f(<<-A\n x\n    A\n  )\n}\n",
        "# x  \n\n\n/* y\n   z */\n",
        "a = 1",
        "",
        "a = 1\n   ",
        "a = 1\r\n\r\nb {\r\n  c = 1 # d\r\n}\r\n",
    ] {
        check(text, text);
    }
    check("\u{feff}a=1", "a = 1");
}

#[test]
fn a_template_of_one_interpolation_is_unwrapped() {
    for (value, wanted) in [
        ("\"${x}\"", "x"),
        ("\"${ f(\"${y}\") }\"", "f(\"${y}\")"),
        ("\"${~ x ~}\"", "x"),
        ("/* a */ \"${x}\" # b", "/* a */ x # b"),
        ("\"${\nx\n}\"", "x"),
        ("\"${x ?\n1 : 2}\"", "(x ?\n1 : 2)"),
        ("\"${(\nx)}\"", "(\nx)"),
        ("\"${(x) +\n(y)}\"", "((x) +\n(y))"),
        ("\"${# c\nx}\"", "(# c\nx)"),
        ("\"${\nx ? // c\n1 : 2}\"", "(x ? // c\n1 : 2)"),
        ("\"${[# c\nx]}\"", "[# c\nx]"),
        ("\"${x +\n<<E\nE\n}\"", "(x +\n<<E\nE\n)"),
        ("\"${x + <<E\nE\n}\"", "x + <<E\nE"),
        ("\"${x}y\"", "\"${x}y\""),
        ("\"${x}${y}\"", "\"${x}${y}\""),
        ("\"%{if x}y%{endif}\"", "\"%{if x}y%{endif}\""),
        ("[\"${x}\"]", "[\"${x}\"]"),
        ("\"${x}\" == \"${y}\"", "\"${x}\" == \"${y}\""),
        ("{ b = \"${x}\" }", "{ b = \"${x}\" }"),
    ] {
        let written = layout(&format!("a = {wanted}\n"));
        check(&format!("a = {value}\n"), &written);
        check(
            &format!("b {{ a = {value}\n}}\n"),
            &layout(&format!("b {{ a = {wanted}\n}}\n")),
        );
    }
    check("b { a = \"${x}\" }\n", "b { a = x }\n");
    check("a = \"${x # c\n}\"\n", "a = x # c\n\n");
    check("b { a = \"${x # c\n}\" }\n", "b { a = (x # c\n) }\n");
    let heredoc = "b { a = (x + <<E\nE\n) }\n";
    check("b { a = \"${x + <<E\nE\n}\" }\n", heredoc);
}

#[test]
fn labels_are_quoted() {
    for (labels, wanted) in [
        ("x y", "\"x\" \"y\""),
        ("\"x\"y", "\"x\" \"y\""),
        (r#""\u0041\n\"\\""#, r#""A\n\"\\""#),
        ("\"e\u{301}\"", "\"é\""),
        ("\"\"", "\"\""),
        ("\"a$b\" \"50%\" \"$${c}\"", "\"a$b\" \"50%\" \"$${c}\""),
        ("/* a */ x /* b */ y /* c */", "\"x\" \"y\" /* c */"),
    ] {
        check(&format!("b {labels} {{}}"), &format!("b {wanted} {{}}"));
    }
    check("b /* a */ {}", "b /* a */ {}");
}

#[test]
fn types_of_variables_have_their_present_spelling() {
    for (written, wanted) in [
        ("\"string\"", "string"),
        ("\"list\"", "list(string)"),
        ("\"map\"", "map(string)"),
        ("\"set\"", "\"set\""),
        ("list", "list(any)"),
        ("map", "map(any)"),
        ("set", "set(any)"),
        ("any", "any"),
        ("list(string)", "list(string)"),
        ("\"${list}\"", "\"${list}\""),
    ] {
        check(
            &format!("variable \"x\" {{\n  type = {written}\n}}\n"),
            &format!("variable \"x\" {{\n  type = {wanted}\n}}\n"),
        );
    }
    check("type = list\n", "type = list\n");
    check(
        "variable { b { type = list } }\n",
        "variable { b { type = list } }\n",
    );
    check(
        "output \"x\" { type = \"list\" }\n",
        "output \"x\" { type = \"list\" }\n",
    );
}

#[test]
fn hostile_texts_take_linear_time() {
    for piece in [
        "[", "{", "}", "(", "\"${", "<<A\n${", "%{", "a=", "a{", "a \"x\"", "\"\n", "#\n",
        "a=1#b\n", "é=1\n", "/**/",
    ] {
        let text = piece.repeat(50_000);
        format(&text);
        layout(&text);
    }
}

/// The tokens that are no white space.
fn bare(text: &str) -> Vec<(TokenKind, &str)> {
    let tokens = scan(text).into_iter();
    let kept =
        tokens.filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::ByteOrderMark));
    kept.map(|token| (token.kind, token.text(text))).collect()
}

/// A body as text that says nothing of places, of parentheses around values, and of types without elements.
fn meaning(body: &Body, out: &mut String) {
    for attribute in &body.attributes {
        let mut expr = &attribute.expr;
        while let ExprKind::Parens(inner) = &expr.kind {
            expr = inner;
        }
        out.extend([&attribute.name.text, " = ", &print::expression(expr), "\n"]);
    }
    for block in &body.blocks {
        out.push_str(&block.kind.text);
        for label in &block.labels {
            out.extend([" ", &label.text]);
        }
        out.push_str(" {\n");
        meaning(&block.body, out);
        out.push_str("}\n");
    }
}

/// What a text means, if it parses.
fn parsed(text: &str) -> Option<String> {
    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId(0), text, &mut diagnostics);
    let mut out = String::new();
    meaning(&body, &mut out);
    (!diagnostics.has_errors()).then_some(out)
}

fn space() -> impl Strategy<Value = &'static str> + Clone {
    prop_oneof![4 => Just(""), 4 => Just(" "), 2 => Just("  \t"), 1 => Just(" /* s */ ")]
}

fn end() -> impl Strategy<Value = &'static str> + Clone {
    prop_oneof![6 => Just("\n"), 1 => Just("\r\n"), 2 => Just("  # c\n"), 1 => Just("\t// é  \n"), 1 => Just("\n\n  \n")]
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1"),
        Just("(-2.5e3)"),
        Just("x.y"),
        Just("\"é ${x}\""),
        Just("\"${x}\""),
        Just("\"a\""),
        Just("null"),
        Just("x[*].y"),
        Just("\"%{ if x }a%{ else }b%{ endif }\""),
        Just("! y"),
        Just("\"${ f(\"${x}\") }\""),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let sign = prop_oneof![Just("+"), Just("-"), Just("=="), Just("&&"), Just("<")];
        let many =
            || prop::collection::vec((inner.clone(), space(), prop::option::of(end())), 0..4);
        prop_oneof![
            (inner.clone(), space(), sign, space(), inner.clone())
                .prop_map(|(a, s, sign, t, b)| format!("{a} {s}{sign}{t}{b}")),
            (inner.clone(), space(), inner.clone(), inner.clone())
                .prop_map(|(a, s, b, c)| format!("({a}{s}?{b}{s}:{c})")),
            many().prop_map(|items| listed("[", &items, ",", "]")),
            many().prop_map(|items| listed("f(", &items, ",", ")")),
            many().prop_map(|items| {
                let named: Vec<_> = items
                    .into_iter()
                    .enumerate()
                    .map(|(at, (item, s, _))| (format!("k{at}{s}={s}{item}"), s, Some("\n")))
                    .collect();
                listed("{\n", &named, "", "}")
            }),
            (space(), inner.clone(), space())
                .prop_map(|(s, a, t)| format!("[for{s} k in{t} {a}:k]")),
            inner.prop_map(|a| format!("f(<<-A\n  x ${{{a}}}\n\ty\n  A\n)")),
        ]
    })
}

/// Items in brackets, each with white space and perhaps a line break behind it.
fn listed(
    open: &str,
    items: &[(String, &'static str, Option<&'static str>)],
    between: &str,
    close: &str,
) -> String {
    let items = items
        .iter()
        .map(|(item, space, end)| format!("{item}{space}{between}{}", end.unwrap_or("")));
    format!("{open}{}{close}", items.collect::<String>())
}

fn body() -> impl Strategy<Value = String> {
    let attribute = (space(), space(), expression(), end())
        .prop_map(|(s, t, value, end)| format!("{s}N{t}={s}{value}{end}"));
    let line = prop_oneof![end(), Just("  # é\n"), Just("/* a\n b */\n")].prop_map(str::to_owned);
    let item = prop_oneof![6 => attribute, 1 => line];
    item.prop_recursive(3, 24, 5, |inner| {
        let label = prop_oneof![
            Just(""),
            Just(" x"),
            Just(" \"y z\""),
            Just("\t\"\\u0041\"")
        ];
        (
            label,
            space(),
            end(),
            prop::collection::vec(inner, 0..5),
            end(),
        )
            .prop_map(|(label, s, end, items, last)| {
                format!("b{label}{s} {{{end}{}{s}}}{last}", items.concat())
            })
    })
}

fn file() -> impl Strategy<Value = String> {
    prop::collection::vec(body(), 0..6).prop_map(|items| {
        // Names of attributes are unique.
        let mut text = String::new();
        for (at, piece) in items.concat().split('N').enumerate() {
            if at > 0 {
                text.extend(["n".repeat(at % 5 + 1), at.to_string()]);
            }
            text.push_str(piece);
        }
        text
    })
}

proptest! {
    #[test]
    fn layout_changes_white_space_only(text in file()) {
        let written = layout(&text);
        prop_assert_eq!(bare(&text), bare(&written));
        prop_assert_eq!(&layout(&written), &written);
    }

    #[test]
    fn formatting_keeps_what_is_meant(text in file()) {
        let before = parsed(&text);
        prop_assert!(before.is_some(), "{}", text);
        let written = format(&text);
        prop_assert_eq!(before, parsed(&written));
        prop_assert_eq!(&format(&written), &written);
    }

    #[test]
    fn any_text_is_laid_out(text in "\\PC*") {
        let written = layout(&text);
        prop_assert_eq!(bare(&text), bare(&written));
        format(&text);
    }
}
