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
        not_on_clusters,
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
    for (name, first) in not_on_clusters {
        let detail = format!(
            "Activities of type `{name}` are planned and applied with a cluster as `runs_on`. An instance of one fails at once: this version runs them on the machine of the runner only. Leave `runs_on` out, on the pipeline, too, or make it a step of `activity \"emr\"`."
        );
        let warning = Diagnostic::warning("Not run by this version", detail);
        warnings.push(warning.about(first.to_string()));
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

/// A text that begins in a small letter, as a sentence begins.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
