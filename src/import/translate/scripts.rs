//! Long scripts, which go into files of their own beside the configuration: there editors know their language, and they can be
//! run and reviewed by themselves.
//!
//! A text without expressions is read with `file`, one with expressions is a template for `templatefile`.

use std::collections::BTreeSet;

use super::File;
use super::hcl;
use super::identifiers;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::lang::print;
use crate::lang::references;

/// A script of more lines than this gets a file of its own.
const LINES: usize = 10;

/// And so does one of more characters than this.
const CHARACTERS: usize = 1_000;

/// Attributes that are scripts, and how files of their language end.
const LANGUAGES: [(&str, &str); 8] = [
    ("command", "sh"),
    ("create_table_sql", "sql"),
    ("filter_sql", "sql"),
    ("hive_script", "hql"),
    ("insert_query", "sql"),
    ("script", "sql"),
    ("select_query", "sql"),
    ("transform_sql", "sql"),
];

/// The scripts of a pipeline that got files of their own.
#[derive(Debug)]
pub(super) struct Scripts {
    /// The directory that they are in, relative to the root module.
    directory: String,
    taken: BTreeSet<String>,
    pub(super) files: Vec<File>,
}

impl Scripts {
    pub(super) fn new(pipeline: &str) -> Self {
        Self {
            directory: pipeline.to_owned(),
            taken: BTreeSet::new(),
            files: Vec::new(),
        }
    }

    /// The value of an attribute: as it is, or read from a file if it is a long script. `type_name` and `object` are those of the
    /// object that has it.
    pub(super) fn apart(
        &mut self,
        (type_name, object): (&str, &str),
        attribute: &str,
        expr: Expr,
    ) -> Expr {
        let Some(ending) = ending(type_name, attribute) else {
            return expr;
        };
        match &expr.kind {
            // What could not be translated stays in sight.
            ExprKind::Value(Value::String(text)) if is_long(text) && !text.contains("#{") => {
                let path = self.add(object, attribute, ending, text.to_string());
                hcl::call("file", vec![path])
            }
            ExprKind::Template(parts) => match template(parts) {
                Some((text, variables)) => {
                    let path = self.add(object, attribute, &format!("{ending}.tftpl"), text);
                    hcl::call("templatefile", vec![path, hcl::object(variables)])
                }
                None => expr,
            },
            _ => expr,
        }
    }

    /// Adds a file; gives the path that it is read from.
    fn add(&mut self, object: &str, attribute: &str, ending: &str, text: String) -> Expr {
        let is_main = matches!(attribute, "command" | "script" | "hive_script");
        let object = identifiers::short(object);
        let label = if is_main {
            object.to_owned()
        } else {
            format!("{object}.{attribute}")
        };
        let label = identifiers::unique(&label, &mut self.taken);
        let name = format!("{}/{label}.{ending}", self.directory);
        let path = hcl::joined([hcl::path("path.module"), hcl::text(&format!("/{name}"))]);
        self.files.push(File { name, text });
        path
    }
}

/// How a file with the value of an attribute ends; `None`: it is no script.
fn ending(type_name: &str, attribute: &str) -> Option<&'static str> {
    if (type_name, attribute) == ("pig", "script") {
        return Some("pig");
    }
    let (_, ending) = LANGUAGES.iter().find(|(name, _)| *name == attribute)?;
    Some(ending)
}

fn is_long(text: &str) -> bool {
    text.lines().count() > LINES || text.chars().count() > CHARACTERS
}

/// A long text with expressions as the text of a template and its variables.
fn template(parts: &[Part]) -> Option<(String, Vec<(Expr, Expr)>)> {
    let mut text = String::new();
    let mut length = String::new();
    let mut variables: Vec<(String, String, Expr)> = Vec::new();
    let mut taken = BTreeSet::new();
    for part in parts {
        match part {
            Part::Literal(literal) => {
                let odd = |sign: char| sign.is_control() && !matches!(sign, '\n' | '\t');
                if literal.contains(odd) {
                    return None;
                }
                length.push_str(literal);
                text.push_str(&literal.replace("${", "$${").replace("%{", "%%{"));
            }
            // What stands before an interpolation must not double its sign.
            Part::Interpolation(_) if text.ends_with(['$', '%']) => return None,
            Part::Interpolation(expr) => {
                let printed = print::expression(expr);
                let known = variables.iter().find(|(_, known, _)| *known == printed);
                let name = if let Some((name, ..)) = known {
                    name.clone()
                } else {
                    let name = identifiers::unique(&name_of(expr), &mut taken);
                    variables.push((name.clone(), printed, expr.clone()));
                    name
                };
                text.extend(["${", &name, "}"]);
            }
            Part::If { .. } | Part::For { .. } => return None,
        }
    }
    if !is_long(&length) {
        return None;
    }
    let variables = variables.into_iter();
    let variables = variables.map(|(name, _, expr)| (hcl::text(&name), expr));
    Some((text, variables.collect()))
}

/// A name for what an expression gives: that of what it reads.
fn name_of(expr: &Expr) -> String {
    let read = references(expr).into_iter().next();
    let words: Vec<String> = read
        .into_iter()
        .flatten()
        .skip(1)
        .map(|step| step.name.to_string())
        .collect();
    if words.is_empty() {
        "value".to_owned()
    } else {
        words.join("_")
    }
}
