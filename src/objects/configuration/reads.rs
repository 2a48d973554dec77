//! What the outputs of the root module read of objects, as it is written: through locals, too.

use std::collections::BTreeSet;

use super::Reads;
use super::builder::Builder;
use crate::lang::Step;
use crate::lang::references;
use crate::objects::address::Address;
use crate::objects::kind::Kind;

impl Builder<'_> {
    /// What each output reads.
    pub(super) fn read_by_outputs(&self) -> Reads {
        let module = self.declarations.modules[self.root().id].module;
        let mut reads = Reads::new();
        for (name, output) in &module.outputs {
            let mut read = BTreeSet::new();
            let mut seen = BTreeSet::new();
            let mut open = vec![&output.value];
            while let Some(expr) = open.pop() {
                for path in references(expr) {
                    read.extend(object_of(&path));
                    if let [root, local, ..] = path.as_slice()
                        && &*root.name == "local"
                        && seen.insert(local.name.clone())
                    {
                        let local = module.locals.get(&local.name);
                        open.extend(local.map(|local| &local.expr));
                    }
                }
            }
            if !read.is_empty() {
                reads.insert(name.clone(), read);
            }
        }
        reads
    }
}

/// The object or the module that a chain of names leads to.
fn object_of(path: &[Step]) -> Option<Address> {
    let [kind, name, rest @ ..] = path else {
        return None;
    };
    let is_kind = |step: &Step| Kind::parse(&step.name).is_some();
    if &*kind.name != "module" && !is_kind(kind) {
        return None;
    }
    let mut text = format!("{}.{}", kind.name, name.name);
    if let [inner, name, ..] = rest
        && Kind::parse(&kind.name) == Some(Kind::Pipeline)
        && is_kind(inner)
    {
        text = format!("{text}.{}.{}", inner.name, name.name);
    }
    Some(Address::new(text))
}

#[cfg(test)]
mod tests {
    use super::super::tests::configured;

    #[test]
    fn outputs_read_objects_themselves_and_through_locals() {
        let root = r#"
            locals {
              one = local.two
              two = data_node.d.path
            }
            pipeline "p" {
              activity "shell_command" "a" {
                command = "true"
              }
            }
            data_node "file" "d" {
              path = "/x"
            }
            output "none" { value = 1 }
            output "local" { value = "x${local.one}" }
            output "inner" { value = pipeline.p.activity.a.command }
        "#;
        let (configuration, findings) = configured(&[(".", root)]);
        assert!(findings.is_empty(), "{findings:?}");
        let found: Vec<_> = configuration
            .reads
            .iter()
            .map(|(name, read)| {
                let read: Vec<_> = read.iter().map(ToString::to_string).collect();
                format!("{name}: {}", read.join(" "))
            })
            .collect();
        assert_eq!(
            found,
            ["inner: pipeline.p.activity.a", "local: data_node.d"]
        );
    }
}
