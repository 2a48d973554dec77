use proptest::prelude::*;

use super::TokenKind;
use super::open_at_end;
use super::scan;

/// The tokens as `Kind text`, spaces left out.
fn tokens(text: &str) -> Vec<String> {
    scan(text)
        .iter()
        .filter(|token| token.kind != TokenKind::Space)
        .map(|token| format!("{:?} {}", token.kind, token.text(text)))
        .collect()
}

#[track_caller]
fn check(text: &str, wanted: &[&str]) {
    assert_eq!(tokens(text), wanted, "{text:?}");
}

#[test]
fn signs_are_read_as_long_as_possible() {
    check(
        "a=b==c=>d!=!e",
        &[
            "Identifier a",
            "Assign =",
            "Identifier b",
            "Equal ==",
            "Identifier c",
            "FatArrow =>",
            "Identifier d",
            "NotEqual !=",
            "Not !",
            "Identifier e",
        ],
    );
    check(
        "f(x...)<=>=&&||::?:.,<>+-*/%",
        &[
            "Identifier f",
            "OpenParen (",
            "Identifier x",
            "Ellipsis ...",
            "CloseParen )",
            "LessEqual <=",
            "GreaterEqual >=",
            "And &&",
            "Or ||",
            "DoubleColon ::",
            "Question ?",
            "Colon :",
            "Dot .",
            "Comma ,",
            "Less <",
            "Greater >",
            "Plus +",
            "Minus -",
            "Star *",
            "Slash /",
            "Percent %",
        ],
    );
}

#[test]
fn names_have_letters_of_all_languages_and_dashes() {
    check(
        "größe-2 _x 日本 a--b",
        &[
            "Identifier größe-2",
            "Identifier _x",
            "Identifier 日本",
            "Identifier a--b",
        ],
    );
    check("-a", &["Minus -", "Identifier a"]);
}

#[test]
fn numbers_do_not_end_in_a_point_or_half_an_exponent() {
    check(
        "1 2.5 1e5 1.5E-3 1e 7.x",
        &[
            "Number 1",
            "Number 2.5",
            "Number 1e5",
            "Number 1.5E-3",
            "Number 1",
            "Identifier e",
            "Number 7",
            "Dot .",
            "Identifier x",
        ],
    );
    check("1...", &["Number 1", "Ellipsis ..."]);
    check("a.0.1", &["Identifier a", "Dot .", "Number 0.1"]);
}

#[test]
fn templates_nest() {
    check(
        r#""a${b["${c}"]}%{~ if d ~}e$${f}""#,
        &[
            "OpenQuote \"",
            "QuotedLiteral a",
            "OpenInterpolation ${",
            "Identifier b",
            "OpenBracket [",
            "OpenQuote \"",
            "OpenInterpolation ${",
            "Identifier c",
            "CloseTemplate }",
            "CloseQuote \"",
            "CloseBracket ]",
            "CloseTemplate }",
            "OpenDirective %{~",
            "Identifier if",
            "Identifier d",
            "CloseTemplate ~}",
            "QuotedLiteral e$${f}",
            "CloseQuote \"",
        ],
    );
    check(
        r#""${{a = {}}}""#,
        &[
            "OpenQuote \"",
            "OpenInterpolation ${",
            "OpenBrace {",
            "Identifier a",
            "Assign =",
            "OpenBrace {",
            "CloseBrace }",
            "CloseBrace }",
            "CloseTemplate }",
            "CloseQuote \"",
        ],
    );
}

#[test]
fn doubled_signs_escape_and_mixed_ones_do_not() {
    check(
        r#""$$${a}" "$%{b}" "\"\\""#,
        &[
            "OpenQuote \"",
            "QuotedLiteral $$${a}",
            "CloseQuote \"",
            "OpenQuote \"",
            "QuotedLiteral $",
            "OpenDirective %{",
            "Identifier b",
            "CloseTemplate }",
            "CloseQuote \"",
            "OpenQuote \"",
            "QuotedLiteral \\\"\\\\",
            "CloseQuote \"",
        ],
    );
}

#[test]
fn a_heredoc_ends_at_a_line_that_is_its_delimiter() {
    check(
        "a = <<-EOT\n  EOTX\nEOT x\n${b}EOT\n\tEOT \nc",
        &[
            "Identifier a",
            "Assign =",
            "OpenHeredoc <<-EOT\n",
            "HeredocLiteral   EOTX\n",
            "HeredocLiteral EOT x\n",
            "OpenInterpolation ${",
            "Identifier b",
            "CloseTemplate }",
            "HeredocLiteral EOT\n",
            "CloseHeredoc \tEOT ",
            "Newline \n",
            "Identifier c",
        ],
    );
    check(
        "<<E\r\nx\r\nE\r\n",
        &[
            "OpenHeredoc <<E\r\n",
            "HeredocLiteral x\r\n",
            "CloseHeredoc E",
            "Newline \r\n",
        ],
    );
    // Something behind the delimiter: no heredoc. No newline behind the end: not the end.
    check(
        "<<E x\n",
        &[
            "Less <",
            "Less <",
            "Identifier E",
            "Identifier x",
            "Newline \n",
        ],
    );
    check("<<E\nE", &["OpenHeredoc <<E\n", "HeredocLiteral E"]);
}

#[test]
fn comments_of_lines_hold_their_newline() {
    check(
        "a # b\n// c\r\n/* d\n */ e #",
        &[
            "Identifier a",
            "LineComment # b\n",
            "LineComment // c\r\n",
            "BlockComment /* d\n */",
            "Identifier e",
            "LineComment #",
        ],
    );
    check("/*/", &["BlockComment /*/"]);
}

#[test]
fn what_hcl_does_not_know_is_invalid() {
    check(
        "\u{feff}'a' ; \0 \r é\u{a0}& \u{feff}",
        &[
            "ByteOrderMark \u{feff}",
            "Invalid '",
            "Identifier a",
            "Invalid '",
            "Invalid ;",
            "Invalid \0",
            "Invalid \r",
            "Identifier é",
            "Invalid \u{a0}",
            "Invalid &",
            "Invalid \u{feff}",
        ],
    );
    check(
        "\"a\\\nb\"",
        &[
            "OpenQuote \"",
            "QuotedLiteral a\\",
            "QuotedNewline \n",
            "QuotedLiteral b",
            "CloseQuote \"",
        ],
    );
}

#[test]
fn what_is_open_at_the_end_is_told() {
    for (text, wanted) in [
        ("", None),
        ("a = [1]", None),
        ("}", None),
        ("a = [1, {", Some(("{", true))),
        ("f(a[1]", Some(("(", true))),
        ("\"a${b", Some(("${", true))),
        ("\"a${b}", Some(("\"", false))),
        ("\"%{ if a }x%{ end", Some(("%{", true))),
        ("<<A\nb\n", Some(("<<A\n", true))),
        ("<<A\nb\nA\n", None),
        ("a /* b", Some(("/* b", true))),
        ("a /*/", Some(("/*/", true))),
        ("a /**/", None),
        ("a # (", None),
        ("(]", Some(("(", true))),
    ] {
        let open = open_at_end(text).map(|open| (open.by.text(text), open.goes_on));
        assert_eq!(open, wanted, "{text:?}");
    }
}

#[test]
fn the_outline_has_the_outer_blocks_with_their_headers() {
    let text =
        "a = { b = 1 }\nc \"d\" e /* f */ {\n  g \"h\" {\n  }\n}\n# i {\nj {}\nk {\n  l = \"${m\n";
    let found = super::outline(text);
    let shown: Vec<(&str, &str)> = found
        .iter()
        .map(|(range, header)| (text.get(range.clone()).unwrap_or(""), header.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            (
                "c \"d\" e /* f */ {\n  g \"h\" {\n  }\n}",
                "c \"d\" e /* f */"
            ),
            ("j {}", "j"),
            ("k {\n  l = \"${m\n", "k"),
        ]
    );
}

#[test]
fn deep_and_long_texts_take_linear_time() {
    for piece in [
        "[", "{", "}", "(", "\"${", "<<A\n${", "%{", "$", "1.", "1e", "/*", "<<a", "\\", "\"\n",
        "~}", "é", "#\n", "\r", "a-",
    ] {
        let text = piece.repeat(100_000);
        let tokens = scan(&text);
        assert_eq!(
            tokens.last().map(|token| token.end as usize),
            Some(text.len())
        );
        open_at_end(&text);
    }
}

proptest! {
    #[test]
    fn all_tokens_together_are_the_text(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("${"), Just("%{~"), Just("}"), Just("~}"), Just("\""), Just("{"), Just("<<A\n"), Just("<<-é\r\n"),
                Just("A\n"), Just("  é\r\n"), Just("\n"), Just("\\"), Just("$"), Just("%"), Just("# x"), Just("/*"),
                Just("*/"), Just("12.e+5"), Just("a-ü"), Just("\u{feff}"), Just("\0"), Just(" \t"), Just("=>"), Just("..."),
            ],
            0..40,
        ),
        tail in "\\PC{0,8}",
    ) {
        let text = pieces.concat() + &tail;
        let mut at = 0;
        for token in scan(&text) {
            prop_assert_eq!(token.start as usize, at);
            prop_assert!(token.end > token.start);
            prop_assert!(text.is_char_boundary(token.end as usize));
            at = token.end as usize;
        }
        prop_assert_eq!(at, text.len());
    }
}

proptest! {
    #[test]
    fn what_is_open_so_far_is_what_is_open_at_the_end(
        lines in proptest::collection::vec("[ ax(){}\\[\\]\"$%/*#<E-]{0,8}(<<E)?", 0..8),
    ) {
        let mut text = String::new();
        let mut open = super::OpenSoFar::default();
        for line in lines {
            text.push_str(&line);
            text.push('\n');
            prop_assert_eq!(open.read(&text), open_at_end(&text), "{:?}", text);
        }
    }
}
