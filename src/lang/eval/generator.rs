//! Random expressions for the properties of the two phases: every construct of the language, by the kind of value it gives.
//!
//! An expression is drawn from bytes, so that what fails shrinks. What is *total* cannot fail, whatever its names stand for;
//! what is not calls any function of the table with arguments that may not suit it.

use crate::lang::functions;
use crate::lang::functions::Accepts;
use crate::lang::functions::Purity;

/// Names with their values, as the attributes of an object.
pub(in crate::lang) const VALUES: &str = r#"{
    n1 = 3, n2 = -1.5, s1 = "x$y", s2 = "a\"b\n%%{", b1 = true, b2 = false,
    l1 = ["p", "q$"], l2 = tolist(["r", "s", "t"]), e1 = toset(["u", "v"]),
    o1 = { k = "v", m = "w" }, m1 = tomap({ k = "y", "k-2" = "z" }), z1 = null,
    p1 = sensitive("pw"), q1 = { k = sensitive("deep"), m = "open" }, r1 = [["a"], ["b", "c"]]
}"#;

/// The names that may be deferred. What is sensitive is known to be so when a plan is made.
pub(in crate::lang) const NAMES: [&str; 13] = [
    "n1", "n2", "s1", "s2", "b1", "b2", "l1", "l2", "e1", "o1", "m1", "z1", "r1",
];

/// Functions that are left out: slow ones, and those that only some files or moments suit.
const LEFT_OUT: [&str; 4] = ["bcrypt", "rsadecrypt", "range", "format"];

/// What an expression gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::lang) enum Kind {
    Number,
    Text,
    Bool,
    Sequence,
    Mapping,
    Any,
}

/// Where the choices come from. When there are no more, everything is a leaf.
pub(in crate::lang) struct Generator<'b> {
    bytes: &'b [u8],
    /// Whether nothing it makes can fail.
    total: bool,
    /// Variables of loops around, which hold texts.
    bound: Vec<&'static str>,
}

impl<'b> Generator<'b> {
    pub(in crate::lang) fn new(bytes: &'b [u8], total: bool) -> Self {
        Self {
            bytes,
            total,
            bound: Vec::new(),
        }
    }

    fn pick(&mut self, among: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        usize::from(*first) % among
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        let at = self.pick(of.len());
        of[at]
    }

    /// An expression of a kind, `depth` levels deep.
    pub(in crate::lang) fn expression(&mut self, kind: Kind, depth: usize) -> String {
        if depth == 0 || self.bytes.is_empty() || self.pick(5) == 0 {
            return self.leaf(kind);
        }
        let depth = depth - 1;
        match (self.pick(4), kind) {
            (0, _) => self.around(kind, depth),
            (_, Kind::Number) => self.number(depth),
            (_, Kind::Text) => self.text(depth),
            (_, Kind::Bool) => self.bool(depth),
            (_, Kind::Sequence) => self.sequence(depth),
            (_, Kind::Mapping) => self.mapping(depth),
            (_, Kind::Any) => self.any(depth),
        }
    }

    fn leaf(&mut self, kind: Kind) -> String {
        if kind == Kind::Text
            && let Some(name) = self.bound.last().copied()
            && self.pick(3) > 0
        {
            return name.to_owned();
        }
        let leaves: &[&str] = match kind {
            Kind::Number => &["n1", "n2", "0", "12.5", "1e3", "length(l1)"],
            Kind::Text => &[
                "\"a\"",
                "s1",
                "s2",
                "p1",
                "l1[0]",
                "o1.k",
                "m1[\"k-2\"]",
                "\"lit $${x} 100%\"",
                "\"$\"",
                "\"%%{\"",
                "\"\\t\\u00e9\\\\\"",
                "q1.k",
            ],
            Kind::Bool => &["true", "b1", "b2", "n1 > n2", "s1 == \"x\"", "z1 == null"],
            Kind::Sequence => &[
                "[]",
                "l1",
                "l2",
                "e1",
                "r1[1]",
                "[for x in r1 : x[0]]",
                "r1[*][0]",
            ],
            Kind::Mapping => &["{}", "o1", "m1", "q1", "{ \"a b\" = s1, k = \"x\" }"],
            Kind::Any => &[
                "s1", "z1", "n1", "l2", "o1", "e1", "q1", "b1", "r1", "null", "p1",
            ],
        };
        // A variable of a loop may hide a name of another kind.
        let leaf = self.one(leaves);
        let hidden = self.bound.iter().any(|name| leaf.contains(name));
        match (hidden, kind) {
            (false, _) => leaf.to_owned(),
            (true, Kind::Number) => "7".to_owned(),
            (true, Kind::Bool) => "false".to_owned(),
            (true, Kind::Sequence) => "[\"h\"]".to_owned(),
            (true, Kind::Mapping) => "{ k = \"h\" }".to_owned(),
            (true, Kind::Text | Kind::Any) => "\"h\"".to_owned(),
        }
    }

    /// What gives any kind of value that is put into it.
    fn around(&mut self, kind: Kind, depth: usize) -> String {
        let inner = self.expression(kind, depth);
        match self.pick(14) {
            0 => format!("({inner})"),
            1 => {
                let (test, other) = (
                    self.expression(Kind::Bool, depth),
                    self.expression(kind, depth),
                );
                match kind {
                    Kind::Number | Kind::Text | Kind::Bool => {
                        format!("({test} ? {inner} : {other})")
                    }
                    // Others may have no type in common.
                    _ => format!("[{inner}, {other}][{test} ? 0 : 1]"),
                }
            }
            2 => format!("[{inner}, {}][0]", self.expression(Kind::Any, depth)),
            3 => format!(
                "{{ k = {inner}, j = {} }}.k",
                self.expression(Kind::Any, depth)
            ),
            4 => format!("{{ k = {inner} }}[\"k\"]"),
            5 => format!("[for i, w in [{inner}] : w][0]"),
            6 if kind == Kind::Any => format!("try({}, {inner})", self.failing(depth)),
            6 => format!(
                "[{inner}, {}][can({}) ? 0 : 1]",
                self.leaf(kind),
                self.failing(depth)
            ),
            7 => format!("try({inner}, {})", self.leaf(Kind::Any)),
            8 => format!("element([{inner}], 3)"),
            9 => format!("merge({{ a = 1 }}, {{ k = {inner} }}).k"),
            10 => format!("values({{ k = {inner} }})[0]"),
            11 => format!("([{{ k = {inner} }}][*].k)[0]"),
            12 => format!("sensitive({inner})"),
            // A plan takes all marks off what is deferred, where a run leaves those inside of it.
            13 if matches!(kind, Kind::Number | Kind::Text | Kind::Bool) => {
                format!("nonsensitive({inner})")
            }
            _ => format!("one([{inner}])"),
        }
    }

    /// What may fail, made of what cannot.
    fn failing(&mut self, depth: usize) -> String {
        match self.pick(5) {
            0 => format!(
                "{}[{}]",
                self.operand(Kind::Sequence, depth),
                self.expression(Kind::Number, depth)
            ),
            1 => format!("{}.k", self.operand(Kind::Mapping, depth)),
            2 => format!("tonumber({})", self.expression(Kind::Text, depth)),
            3 => format!("1 / {}", self.operand(Kind::Number, depth)),
            _ => format!(
                "{}[{}]",
                self.operand(Kind::Mapping, depth),
                self.expression(Kind::Text, depth)
            ),
        }
    }

    fn operand(&mut self, kind: Kind, depth: usize) -> String {
        format!("({})", self.expression(kind, depth))
    }

    fn number(&mut self, depth: usize) -> String {
        match self.pick(5) {
            0 => format!("length({})", self.expression(Kind::Sequence, depth)),
            1 => format!("-{}", self.operand(Kind::Number, depth)),
            2 => format!(
                "max({}, {})",
                self.expression(Kind::Number, depth),
                self.leaf(Kind::Number)
            ),
            _ => {
                let (left, right) = (
                    self.operand(Kind::Number, depth),
                    self.expression(Kind::Number, depth),
                );
                let sign = self.one(if self.total {
                    &["+", "-", "*"]
                } else {
                    &["+", "-", "*", "/", "%"]
                });
                format!("{left} {sign} ({right})")
            }
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        match self.pick(7) {
            0 => format!("!{}", self.operand(Kind::Bool, depth)),
            1 => {
                let sign = self.one(&["&&", "||", "==", "!="]);
                format!(
                    "{} {sign} {}",
                    self.operand(Kind::Bool, depth),
                    self.operand(Kind::Bool, depth)
                )
            }
            2 => {
                let sign = self.one(&["<", "<=", ">", ">="]);
                format!(
                    "{} {sign} {}",
                    self.operand(Kind::Number, depth),
                    self.operand(Kind::Number, depth)
                )
            }
            3 => {
                let sign = self.one(&["==", "!="]);
                format!(
                    "{} {sign} {}",
                    self.operand(Kind::Any, depth),
                    self.operand(Kind::Any, depth)
                )
            }
            4 => format!("can({})", self.failing(depth)),
            5 => format!(
                "contains({}, {})",
                self.expression(Kind::Sequence, depth),
                self.expression(Kind::Text, depth)
            ),
            _ => format!("issensitive({}) || true", self.expression(Kind::Any, depth)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        match self.pick(9) {
            0 => format!("upper({})", self.expression(Kind::Text, depth)),
            1 => format!(
                "join({}, [{}, {}])",
                self.leaf(Kind::Text),
                self.expression(Kind::Text, depth),
                self.leaf(Kind::Text)
            ),
            2 => format!("jsonencode({})", self.expression(Kind::Any, depth)),
            3 => format!(
                "coalesce({}, \"c\", {})",
                self.expression(Kind::Text, depth),
                self.expression(Kind::Text, depth)
            ),
            4 => self.heredoc(depth),
            5 => format!(
                "coalesce(toset([{}, \"z\"])...)",
                self.expression(Kind::Text, depth)
            ),
            _ => format!("\"{}\"", self.parts(depth, 3)),
        }
    }

    fn heredoc(&mut self, depth: usize) -> String {
        // Inside a heredoc no text may hold a line end, so its parts are leaves.
        let (flush, first) = (self.one(&["-", ""]), self.leaf(Kind::Text));
        let test = self.leaf(Kind::Bool);
        let strip = self.one(&["~", ""]);
        let inner = self.parts(depth.min(1), 2).replace("\\n", "");
        format!(
            "\"${{<<{flush}EOT\n  a ${{{first}}}\n    %{{ if {test} {strip}}}\n  b {inner}\n  %{{{strip} endif }}\n\nEOT\n}}\""
        )
    }

    /// What stands between the quotes of a template.
    fn parts(&mut self, depth: usize, most: usize) -> String {
        let count = 1 + self.pick(most);
        (0..count).map(|_| self.part(depth)).collect()
    }

    fn part(&mut self, depth: usize) -> String {
        let (open, close) = (self.one(&["", "~"]), self.one(&["", "~"]));
        match self.pick(6) {
            0 => self
                .one(&[
                    "a", "$ ", "% ", " ", "$$ ", "$${", "%%{", "\\n", " b ", "\\\"",
                ])
                .to_owned(),
            1 => format!("${{{open}{}{close}}}", self.expression(Kind::Number, depth)),
            2 => {
                let test = self.expression(Kind::Bool, depth);
                let (yes, no) = (
                    self.parts(depth.saturating_sub(1), 2),
                    self.parts(depth.saturating_sub(1), 2),
                );
                format!(
                    "%{{{open} if {test} {close}}}{yes}%{{ else }}{no}%{{{open} endif {close}}}"
                )
            }
            3 => {
                let source = self.texts(depth);
                let name = self.variable();
                self.bound.push(name);
                let body = self.parts(depth.saturating_sub(1), 2);
                self.bound.pop();
                format!("%{{ for {name} in {source} {close}}}{body}%{{{open} endfor }}")
            }
            _ => format!("${{{open}{}{close}}}", self.expression(Kind::Text, depth)),
        }
    }

    /// The name of a loop's variable, which may be a name that is there.
    fn variable(&mut self) -> &'static str {
        self.one(&["x", "s1", "v", "w", "s2", "l1", "b1"])
    }

    /// A sequence of texts.
    fn texts(&mut self, depth: usize) -> String {
        match self.pick(7) {
            0 => self.text_names(),
            1 => format!(
                "[{}, {}]",
                self.expression(Kind::Text, depth),
                self.leaf(Kind::Text)
            ),
            2 => format!(
                "concat(tolist({}), [{}])",
                self.text_names(),
                self.expression(Kind::Text, depth)
            ),
            3 => format!("keys({})", self.expression(Kind::Mapping, depth)),
            4 => format!("split(\"$\", {})", self.expression(Kind::Text, depth)),
            5 => format!(
                "toset([{}, {}])",
                self.expression(Kind::Text, depth),
                self.leaf(Kind::Text)
            ),
            _ => {
                let source = self.text_names();
                let name = self.variable();
                self.bound.push(name);
                let result = self.expression(Kind::Text, depth);
                self.bound.pop();
                format!("[for {name} in {source} : {result}]")
            }
        }
    }

    fn text_names(&mut self) -> String {
        let name = self.one(&["l1", "l2", "e1", "r1[1]"]);
        let hidden = self.bound.iter().any(|bound| name.contains(bound));
        if hidden {
            "[\"t\"]".to_owned()
        } else {
            name.to_owned()
        }
    }

    fn sequence(&mut self, depth: usize) -> String {
        match self.pick(8) {
            0 => format!(
                "[{}, {}]",
                self.expression(Kind::Any, depth),
                self.expression(Kind::Any, depth)
            ),
            1 => self.loop_of(depth, false),
            2 => format!("reverse(tolist({}))", self.texts(depth)),
            3 => format!(
                "concat(tolist({}), tolist({}))",
                self.texts(depth),
                self.texts(depth)
            ),
            4 => format!("toset({})", self.texts(depth)),
            5 => format!(
                "tolist([{}, {}])",
                self.expression(Kind::Text, depth),
                self.expression(Kind::Text, depth)
            ),
            6 => format!(
                "flatten([{}, [{}]])",
                self.texts(depth),
                self.expression(Kind::Text, depth)
            ),
            _ => format!(
                "[{{ k = {} }}, {{ k = \"z\" }}][*].k",
                self.expression(Kind::Text, depth)
            ),
        }
    }

    fn loop_of(&mut self, depth: usize, object: bool) -> String {
        let source = self.texts(depth);
        let name = self.variable();
        self.bound.push(name);
        let result = self.expression(Kind::Any, depth);
        let condition = if self.pick(3) == 0 {
            format!(" if {}", self.operand(Kind::Bool, depth))
        } else {
            String::new()
        };
        let text = if object {
            let key = self.expression(Kind::Text, depth.min(1));
            format!("{{ for {name} in {source} : {key} => {result}...{condition} }}")
        } else {
            format!("[for {name} in {source} : {result}{condition}]")
        };
        self.bound.pop();
        text
    }

    fn mapping(&mut self, depth: usize) -> String {
        match self.pick(6) {
            0 => format!(
                "{{ k = {}, \"x y\" = {} }}",
                self.expression(Kind::Any, depth),
                self.expression(Kind::Any, depth)
            ),
            1 => self.loop_of(depth, true),
            2 => format!(
                "merge({}, {})",
                self.expression(Kind::Mapping, depth),
                self.expression(Kind::Mapping, depth)
            ),
            3 => format!(
                "zipmap([\"a\", {}], [{}, 1])",
                self.expression(Kind::Text, depth),
                self.expression(Kind::Any, depth)
            ),
            4 => format!(
                "tomap({{ a = {}, b = {} }})",
                self.expression(Kind::Text, depth),
                self.expression(Kind::Text, depth)
            ),
            _ => format!(
                "{{ ({}) = {} }}",
                self.expression(Kind::Text, depth),
                self.expression(Kind::Any, depth)
            ),
        }
    }

    fn any(&mut self, depth: usize) -> String {
        if !self.total && self.pick(2) == 0 {
            return self.any_call(depth);
        }
        let kinds = [
            Kind::Number,
            Kind::Text,
            Kind::Bool,
            Kind::Sequence,
            Kind::Mapping,
        ];
        let kind = kinds[self.pick(kinds.len())];
        self.expression(kind, depth)
    }

    /// A call of any function, with arguments of the kinds it takes.
    fn any_call(&mut self, depth: usize) -> String {
        let names: Vec<&str> = functions::names()
            .filter(|name| !LEFT_OUT.contains(name))
            .collect();
        let at = self.pick(256) * 256 + self.pick(256);
        let name = names[at % names.len()];
        let Some(function) =
            functions::find(name).filter(|function| function.purity == Purity::Pure)
        else {
            return self.leaf(Kind::Any);
        };
        let further = function.variadic.as_ref().map_or(0, |_| self.pick(3));
        let parameters = function
            .parameters
            .iter()
            .chain(std::iter::repeat_n(function.variadic.as_ref(), further).flatten());
        let arguments: Vec<String> = parameters
            .map(|parameter| self.argument(parameter.accepts, depth))
            .collect();
        format!("{name}({})", arguments.join(", "))
    }

    fn argument(&mut self, accepts: Accepts, depth: usize) -> String {
        let kind = match accepts {
            Accepts::Bool => Kind::Bool,
            Accepts::Number => Kind::Number,
            Accepts::String => Kind::Text,
            Accepts::Sequence | Accepts::Strings => Kind::Sequence,
            Accepts::Mapping => Kind::Mapping,
            Accepts::Collection | Accepts::Any => Kind::Any,
        };
        self.expression(kind, depth)
    }
}
