//! `templatefile` and `templatestring`: templates whose only names are the variables given with them.
//!
//! The values of the variables may be deferred; then so is what they stand in. A mistake in a template is told with its line
//! there, at the place of the call.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Evaluator;
use super::Frames;
use super::call::Arguments;
use super::fault::Fault;
use super::fault::Outcome;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::ast::Expr;
use crate::lang::ast::Ident;
use crate::lang::functions;
use crate::lang::parse::parse_template;
use crate::lang::references::references;
use crate::lang::scope::Resolution;
use crate::lang::scope::Scope;
use crate::lang::scope::Step;
use crate::lang::value::Reference;
use crate::lang::value::Value;

/// How deep templates may call each other.
const DEEPEST: u8 = 8;
/// What is said about those that are too deep, without the templates on the way.
const TOO_DEEP: &str = "Templates nested too deeply";
/// What spans inside a template lie in: no text that is known elsewhere.
const TEMPLATE: FileId = FileId(u32::MAX);

/// The names of a template.
struct Variables<'a> {
    values: &'a BTreeMap<Arc<str>, Value>,
    /// What the references among the values belong to.
    around: &'a dyn Scope,
    reported: RefCell<Vec<Diagnostic>>,
}

impl Scope for Variables<'_> {
    fn resolve(&self, path: &[Step]) -> Resolution {
        let root = path.first();
        match root.and_then(|root| self.values.get(&root.name)) {
            Some(value) => Resolution::Value {
                value: value.clone(),
                consumed: 1,
            },
            None => Resolution::Failed,
        }
    }

    fn attribute(&self, reference: &Reference, name: &Step) -> Option<Value> {
        self.around.attribute(reference, name)
    }

    fn module(&self, reference: &Reference) -> Option<Value> {
        self.around.module(reference)
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.reported.borrow_mut().push(diagnostic);
    }
}

/// A template that is to be carried out.
struct Template<'t> {
    /// The function that was called.
    function: &'t Ident,
    /// What messages call it.
    title: String,
    text: &'t str,
    call: Span,
}

impl Template<'_> {
    /// What is wrong in the template, at the place of the call.
    fn mistake(&self, found: &Diagnostic) -> Fault {
        if found.summary == TOO_DEEP {
            return Fault::at(TOO_DEEP, found.detail.clone(), self.call);
        }
        let line = match found.span {
            Some(span) if span.file == TEMPLATE => {
                let before = self.text.get(..span.start as usize).unwrap_or(self.text);
                format!(", line {}", before.matches('\n').count() + 1)
            }
            _ => String::new(),
        };
        let detail = format!(
            "`{}`: {}{line}: {}: {}",
            self.function.text, self.title, found.summary, found.detail
        );
        let diagnostic = Diagnostic::error("Invalid template", detail).at(self.call);
        Fault::new(diagnostic.help_if(found.help.first().cloned()))
    }

    /// All of them.
    fn mistakes<'d>(&self, found: impl IntoIterator<Item = &'d Diagnostic>) -> Option<Fault> {
        let mut faults = found.into_iter().map(|found| self.mistake(found));
        let mut first = faults.next()?;
        faults.for_each(|fault| first.merge(fault));
        Some(first)
    }
}

impl Evaluator<'_> {
    /// `templatefile(path, vars)` or `templatestring(template, vars)`.
    pub(super) fn template_call(
        &self,
        name: &Ident,
        arguments: &[Expr],
        span: Span,
        frames: Frames<'_>,
    ) -> Outcome {
        let [source_expr, variables_expr] = arguments else {
            let first = if &*name.text == "templatefile" {
                "path"
            } else {
                "template"
            };
            let detail = format!(
                "The call is `{}({first}, vars)`; this one has {} arguments.",
                name.text,
                arguments.len()
            );
            return Err(Fault::at("Wrong number of arguments", detail, span));
        };
        let mut values = self.all(arguments, frames)?.into_iter();
        let (source, source_marked) = values.next().unwrap_or(Value::NULL).unmark();
        let (variables, marked) = values.next().unwrap_or(Value::NULL).unmark();
        if matches!(source, Value::Deferred(_)) || matches!(variables, Value::Deferred(_)) {
            let values = vec![(source, source_expr.span), (variables, variables_expr.span)];
            let sensitive = source_marked || marked;
            let arguments = Arguments {
                values,
                expand: false,
                sensitive,
            };
            return Ok(self.residual_call(name, arguments, span));
        }
        let sensitive = source_marked || marked;
        let wrong = |detail: String, place: Span| {
            Err(Fault::at("Invalid function argument", detail, place).concealed_if(sensitive))
        };
        let Value::String(source) = source else {
            let detail = format!(
                "`{}` takes a string first; this is {}.",
                name.text,
                source.describe()
            );
            return wrong(detail, source_expr.span);
        };
        let (Value::Map(values) | Value::Object(values)) = &variables else {
            let detail = format!(
                "`{}` takes the variables of the template as a map or object; this is {}.",
                name.text,
                variables.describe()
            );
            return wrong(detail, variables_expr.span);
        };
        if let Some(odd) = values.keys().find(|key| !is_name(key)) {
            let detail = format!(
                "No template can use a variable \"{odd}\": a name starts with a letter, and letters, digits, `_` and `-` follow."
            );
            return wrong(detail, variables_expr.span);
        }
        let (title, text) = if &*name.text == "templatefile" {
            (
                format!("`{source}`"),
                self.template_text(&source, source_expr.span)
                    .map_err(|fault| fault.concealed_if(source_marked))?,
            )
        } else {
            ("the template".to_owned(), source)
        };
        let template = Template {
            function: name,
            title,
            text: &text,
            call: span,
        };
        let result = self
            .carry_out(&template, values)
            .map_err(|fault| fault.concealed_if(sensitive))?;
        self.meet_all(&result);
        Ok(result.mark(sensitive))
    }

    /// The content of a file, as `file` reads it, without what marks it as Unicode.
    fn template_text(&self, path: &Arc<str>, span: Span) -> Result<Arc<str>, Fault> {
        let arguments = [Value::String(Arc::clone(path))];
        let read = functions::find("file").map(|file| (file.body)(self.call, &arguments));
        match read {
            Some(Ok(Value::String(text))) => Ok(match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.into(),
                None => text,
            }),
            Some(Err(error)) => {
                let detail = format!("`templatefile`: {}.", error.message);
                Err(Fault::at("Invalid function call", detail, span))
            }
            _ => Err(Fault::reported()),
        }
    }

    fn carry_out(&self, template: &Template<'_>, values: &BTreeMap<Arc<str>, Value>) -> Outcome {
        if self.templates == DEEPEST {
            let detail = format!(
                "`{}`: {} is called by a template in a template, {DEEPEST} deep; perhaps it calls itself.",
                template.function.text, template.title
            );
            return Err(Fault::at(TOO_DEEP, detail, template.call));
        }
        self.bytes(template.text.len(), template.call)?;
        let mut found = Diagnostics::new();
        let parsed = parse_template(TEMPLATE, template.text, &mut found);
        let Some(expr) = parsed.filter(|_| !found.has_errors()) else {
            return Err(template
                .mistakes(found.iter())
                .unwrap_or_else(Fault::reported));
        };
        let unknown = references(&expr).into_iter().filter_map(|path| {
            let root = path.into_iter().next()?;
            (!values.contains_key(&root.name)).then(|| unknown(&root, values))
        });
        let unknown: Vec<Diagnostic> = unknown.collect();
        if let Some(fault) = template.mistakes(&unknown) {
            return Err(fault);
        }
        let scope = Variables {
            values,
            around: self.scope,
            reported: RefCell::default(),
        };
        let mut inner = Evaluator::new(&scope, self.call, self.budget, self.phase);
        inner.templates = self.templates + 1;
        match inner
            .expression(&expr, None)
            .and_then(|value| inner.whole(value))
        {
            Ok(Value::Deferred(rest)) => Ok(Value::Deferred(Arc::new(Expr {
                kind: rest.kind.clone(),
                span: template.call,
            }))),
            Ok(value) => Ok(value),
            Err(fault) => {
                let reported = scope.reported.borrow();
                let fatal = fault.fatal;
                let all = fault.diagnostics.iter().chain(reported.iter());
                let mut told = template.mistakes(all).unwrap_or_else(Fault::reported);
                told.fatal = fatal;
                Err(told)
            }
        }
    }
}

fn unknown(root: &Step, values: &BTreeMap<Arc<str>, Value>) -> Diagnostic {
    let given: Vec<String> = values
        .keys()
        .take(10)
        .map(|key| format!("`{key}`"))
        .collect();
    let given = match given.as_slice() {
        [] => "It is given none".to_owned(),
        given => format!("It is given {}", given.join(", ")),
    };
    let detail = format!(
        "The template uses `{}`, which is not among its variables. {given}.",
        root.name
    );
    let hint = did_you_mean(&root.name, values.keys().map(|key| &**key));
    Diagnostic::error("Unknown variable", detail)
        .at(root.span)
        .help_if(hint)
}

/// Whether a template can use it as a name.
fn is_name(key: &str) -> bool {
    let mut letters = key.chars();
    letters
        .next()
        .is_some_and(|first| first == '_' || unicode_ident::is_xid_start(first))
        && letters.all(|letter| letter == '-' || unicode_ident::is_xid_continue(letter))
}

#[cfg(test)]
mod tests {
    use crate::lang::test_support::TestScope;

    #[test]
    fn templates_have_their_own_names() {
        let scope = TestScope::new(r#"{ outer = 1, text = "$${a}!" }"#, &["run"]);
        for (call, expected) in [
            (
                r#"templatestring("Hello, $${name}!", { name = "Jo" })"#,
                r#""Hello, Jo!""#,
            ),
            ("templatestring(text, { a = outer })", r#""1!""#),
            (r#"templatestring("$${l}", { l = [1] })"#, "[1]"),
            (
                r#"templatestring("%%{ for x in l ~} $${x}%%{ endfor ~}", { l = ["a", "b"] })"#,
                r#""ab""#,
            ),
            (
                r#"templatestring("$${a}-$${b}", { a = run.x, b = 1 })"#,
                r#""${run.x}-1""#,
            ),
            ("templatestring(run.x, {})", "templatestring(run.x, {})"),
            (
                r#"templatestring("$${templatestring(t, { x = 1 })}", { t = "$${x}" })"#,
                "1",
            ),
        ] {
            assert_eq!(scope.shown(call), expected, "{call}");
        }
    }

    #[test]
    fn a_template_that_calls_itself_is_said_once() {
        let scope = TestScope::new(
            r#"{ text = "$${templatestring(text, { text = text })}" }"#,
            &[],
        );
        assert_eq!(
            scope.shown("templatestring(text, { text = text })"),
            "Templates nested too deeply: `templatestring`: the template is called by a template in a template, 8 deep; perhaps it calls itself."
        );
    }

    #[test]
    fn mistakes_in_templates_are_told_with_their_line() {
        let scope = TestScope::new("{ outer = 1 }", &[]);
        for (call, part) in [
            (
                r#"templatestring("a\n$${outer}", { inner = 1 })"#,
                "line 2: Unknown variable: The template uses `outer`",
            ),
            (
                r#"templatestring("a\n\n$${upper(1, 2)}", {})"#,
                "line 3: Wrong number of arguments",
            ),
            (r#"templatestring("%%{ if true }", {})"#, "line 1: "),
            (
                r#"templatestring("", [])"#,
                "map or object; this is an empty tuple",
            ),
            (r#"templatestring("", { "a b" = 1 })"#, "variable \"a b\""),
            (r#"templatestring("")"#, "templatestring(template, vars)"),
            (r#"templatefile("none", {})"#, "there is no file `none`"),
        ] {
            let shown = scope.shown(call);
            assert!(shown.contains(part), "{call}: {shown}");
        }
    }
}
