//! What is said of what AWS Data Pipeline does not have.

use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::objects::Object;

/// A finding about an object, at a place if it is known.
fn about(object: &Object, finding: Diagnostic, place: Option<Span>) -> Diagnostic {
    let finding = finding.about(object.address.to_string());
    match place {
        Some(place) => finding.at(place),
        None => finding,
    }
}

fn error(object: &Object, summary: &str, detail: String, place: Option<Span>) -> Diagnostic {
    about(object, Diagnostic::error(summary, detail), place)
}

fn warning(object: &Object, summary: &str, detail: String, place: Option<Span>) -> Diagnostic {
    about(object, Diagnostic::warning(summary, detail), place)
}

pub(super) fn own_type(object: &Object, place: Option<Span>) -> Diagnostic {
    let detail = format!(
        "`{}` is of type `{}`, which is our own: AWS Data Pipeline has nothing like it.",
        object.address, object.object_type.name
    );
    error(object, "No such type in AWS Data Pipeline", detail, place)
}

pub(super) fn lost(object: &Object, what: &str, place: Option<Span>) -> Diagnostic {
    let detail = format!("{what} of `{}`. It is left out.", object.address);
    warning(object, "Left out", detail, place)
}

pub(super) fn impossible(object: &Object, what: &str, place: Option<Span>) -> Diagnostic {
    let detail = format!(
        "{what}, and `{}` would mean something else without it.",
        object.address
    );
    error(
        object,
        "Nothing like it in AWS Data Pipeline",
        detail,
        place,
    )
}

pub(super) fn untranslated(
    object: &Object,
    attribute: &str,
    why: &str,
    place: Option<Span>,
) -> Diagnostic {
    let detail = format!(
        "`{attribute}` of `{}` cannot be written as an expression of the service: {why}.",
        object.address
    );
    error(object, "Expression not translated", detail, place)
}

pub(super) fn value_of_now(
    object: &Object,
    attribute: &str,
    why: &str,
    place: Option<Span>,
) -> Diagnostic {
    let detail = format!(
        "`{attribute}` of `{}` is written as the value that it has now, without the parameters that it is made of: {why}.",
        object.address
    );
    warning(object, "Value without its parameters", detail, place)
}

pub(super) fn pointed(object: &Object, attribute: &str, place: Option<Span>) -> Diagnostic {
    let detail = format!(
        "`{attribute}` of `{}` has a computed number in its text. The service writes `4.0` where this is `4`, and no more than 17 digits.",
        object.address
    );
    warning(object, "Number with a point", detail, place)
}

pub(super) fn rounded(
    object: &Object,
    attribute: &str,
    written: &str,
    place: Option<Span>,
) -> Diagnostic {
    let detail = format!(
        "The service counts in minutes, so that `{attribute}` of `{}` becomes `{written}`.",
        object.address
    );
    warning(object, "Length rounded up", detail, place)
}

pub(super) fn elsewhere(object: &Object, target: &str, place: Option<Span>) -> Diagnostic {
    let detail = format!(
        "`{}` refers to `{target}`, which is in another pipeline, and pipelines of AWS Data Pipeline know nothing of each other.",
        object.address
    );
    error(object, "Reference to another pipeline", detail, place)
}

pub(super) fn others_data(object: &Object, pipeline: &str, place: Option<Span>) -> Diagnostic {
    let detail = format!(
        "`{}` is data of `{pipeline}`. It is written into this definition, too; that this pipeline waits for the other one is lost.",
        object.address
    );
    warning(object, "Data of another pipeline", detail, place)
}

pub(super) fn unscheduled(object: &Object, place: Option<Span>) -> Diagnostic {
    let detail = format!(
        "`{}` has no schedule and others in its pipeline have one: to AWS Data Pipeline either all of a pipeline is on demand, or nothing is.",
        object.address
    );
    error(object, "On demand beside a schedule", detail, place)
}

pub(super) fn retries(object: &Object, place: Option<Span>) -> Diagnostic {
    let detail = format!(
        "The pauses between the attempts of what is in `{}` double here, from 30 seconds where nothing else is said. The service pauses as long each time, 10 minutes where nothing is said.",
        object.address
    );
    warning(object, "Retries at other times", detail, place)
        .help("Set `backoff = \"constant\"`, `retry_jitter = false` and `retry_delay` on the pipeline to have the same on both sides.")
}

pub(super) fn secret(place: &str, id: &str) -> Diagnostic {
    let detail = format!(
        "What `{place}` holds is a parameter of the definition, `{id}`. Its value is not written: give it when you put the definition."
    );
    Diagnostic::warning("Secret without a value", detail)
}

pub(super) fn renamed<'i>(ids: impl Iterator<Item = (&'i str, &'i str)>, at: Span) -> Diagnostic {
    let changes = ids.map(|(said, id)| format!("`{said}` becomes `{id}`"));
    let changes = changes.collect::<Vec<_>>().join(", ");
    let detail = format!(
        "Ids of parameters begin with `my` in AWS Data Pipeline: {changes}. Give the values by these ids."
    );
    Diagnostic::warning("Parameters with other ids", detail).at(at)
}

pub(super) fn validation(variable: &str, place: Span) -> Diagnostic {
    let detail = format!(
        "A condition on `var.{variable}` is left out: parameters of AWS Data Pipeline have lists of allowed values only."
    );
    Diagnostic::warning("Left out", detail).at(place)
}

pub(super) fn schedule(object: &Object, why: &str, place: Option<Span>) -> Diagnostic {
    let detail = format!(
        "The intervals of `{}` cannot be said there: {why}.",
        object.address
    );
    error(
        object,
        "No such schedule in AWS Data Pipeline",
        detail,
        place,
    )
}

pub(super) fn ambiguous_part(object: &Object, attribute: &str, place: Option<Span>) -> Diagnostic {
    let detail = format!(
        "An element of `{attribute}` of `{}` has a backslash before a comma or at its end. In the service's list of arguments that is a comma.",
        object.address
    );
    error(object, "Argument not written", detail, place)
}
