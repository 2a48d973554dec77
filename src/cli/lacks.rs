//! Warnings about what a configuration has that this version cannot run or does not act on: one a type, not one an object.

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::objects::Objects;
use crate::objects::support;
use crate::objects::support::Lacks;

/// The warnings about a configuration.
pub(crate) fn warnings(objects: &Objects) -> Diagnostics {
    let Lacks {
        types,
        attributes,
        kept,
    } = support::lacks(objects);
    let mut warnings = Diagnostics::new();
    for (object_type, needs) in types {
        let detail = format!(
            "{} of type `{}` are planned and applied. An instance that uses one fails at once: that needs {needs}.",
            capital(&support::plural(object_type.kind)),
            object_type.name
        );
        warnings.push(Diagnostic::warning("Not run by this version", detail));
    }
    for (kind, name, needs) in attributes {
        let detail = format!(
            "`{name}` is set on {}. An instance that it is for fails at once: that needs {needs}.",
            support::plural(kind)
        );
        warnings.push(Diagnostic::warning("Not run by this version", detail));
    }
    for (kind, name) in kept {
        let detail = format!(
            "`{name}` is set on {}. It is kept, and this version does not act on it.",
            support::plural(kind)
        );
        warnings.push(Diagnostic::warning("Attribute without effect", detail));
    }
    warnings
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
