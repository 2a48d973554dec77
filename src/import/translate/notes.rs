//! What is said of what is translated.

use crate::diag::Diagnostic;
use crate::diag::Span;

pub(super) fn secret_value(id: &str, variable: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "The value of `{id}` is in the file in clear. It is not written to HCL: put it where `var.{variable}` says, which is an environment variable of the runner unless you change it."
    );
    Diagnostic::warning("Secret in clear", detail).at(at)
}

pub(super) fn secret_text(key: &str, object: &str, place: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` is in the file in clear. It is not written to HCL: the value is read from `{place}` when an instance runs; put it there."
    );
    Diagnostic::warning("Secret in clear", detail).at(at)
}

pub(super) fn also_in_clear(key: &str, object: &str, id: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` has a text in it that is hidden elsewhere. It is not written to HCL, but read as the secret `{id}`."
    );
    Diagnostic::warning("Secret in clear", detail).at(at)
}

pub(super) fn in_address(key: &str, object: &str, id: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` has a password in it. It is not written to HCL, but read as the secret `{id}`."
    );
    Diagnostic::warning("Secret in clear", detail).at(at)
}

pub(super) fn secret_field(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` is hidden, is in the file in clear, and has no attribute here. It is left out, so that it is in no file; `export` does not have it either."
    );
    Diagnostic::warning("Secret in clear", detail).at(at)
}

pub(super) fn secret_attribute(key: &str, parameter: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of the parameter `{parameter}` is hidden, and is in the file in clear. It is left out, so that it is in no file; `export` does not have it either."
    );
    Diagnostic::warning("Secret in clear", detail).at(at)
}

pub(super) fn without_star(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` has no `*` before it, without which the service knows no such field and shows it to everybody. It is taken for `*{key}`."
    );
    Diagnostic::warning("Secret without a star", detail).at(at)
}

pub(super) fn no_type(object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{object}` has no `type`, and no object has it as its parent. It is left out; a type is not inherited."
    );
    Diagnostic::warning("Object without type", detail).at(at)
}

pub(super) fn unknown_type(type_name: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "There is no type `{type_name}`, which `{object}` has. AWS Data Pipeline does not know it either; the object is left out."
    );
    Diagnostic::error("Unknown type", detail).at(at)
}

pub(super) fn unknown_field(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` has no attribute here. It is kept in `aws_fields`, for export only; nothing acts on it."
    );
    Diagnostic::warning("Unknown field", detail).at(at)
}

pub(super) fn does_not_fit(
    key: &str,
    object: &str,
    why: &str,
    is_needed: bool,
    at: Span,
) -> Diagnostic {
    if is_needed {
        let detail = format!("`{key}` of `{object}` must have another value: {why}");
        return Diagnostic::error("Invalid value", detail).at(at);
    }
    let detail = format!(
        "`{key}` of `{object}` has a value that cannot be said here. {why} It is kept in `aws_fields`, for export only; nothing acts on it."
    );
    Diagnostic::warning("Value without its like", detail).at(at)
}

pub(super) fn no_schedule(word: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`scheduleType` is `{word}`, and no object has a schedule with a period. Without one all is on demand here, and `export` says so."
    );
    Diagnostic::warning("No schedule", detail).at(at)
}

pub(super) fn secret_elsewhere(
    key: &str,
    object: &str,
    kept: &str,
    place: &str,
    at: Span,
) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` is kept by AWS as `{kept}`, where nothing here reads it. The value is read from `{place}` when an instance runs; put it there."
    );
    Diagnostic::warning("Secret kept by AWS", detail).at(at)
}

pub(super) fn of_service(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` is set by the service, and says nothing in a definition. It is left out."
    );
    Diagnostic::warning("Field of the service", detail).at(at)
}

pub(super) fn undeclared(name: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{name}` is read here, and is declared nowhere in the definition. It becomes a variable; perhaps its parameter is in a file of its own."
    );
    Diagnostic::warning("Parameter not declared", detail).at(at)
}

pub(super) fn untranslated(key: &str, object: &str, why: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "An expression in `{key}` of `{object}` stays as the text that it is: {why} Write it in HCL by hand."
    );
    Diagnostic::warning("Expression not translated", detail).at(at)
}

pub(super) fn in_quoted_document(id: &str, key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "The secret `{id}` stands in `{key}` of `{object}` in a here-document whose end is in quotes (`<<'END'`), where the shell expands nothing. It stays as the text that it is, which is not the secret. Take the quotes away and read `$NAME`, with `environment = {{ NAME = secret(…) }}`, or write these lines in another way."
    );
    Diagnostic::warning("Secret not passed", detail).at(at)
}

pub(super) fn in_unsure_place(id: &str, key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "The secret `{id}` stands in `{key}` of `{object}` where it is not certain what a shell would do with a variable: quotes or backslashes around it, or before it, are not understood. It stays as the text that it is, which is not the secret. Read `$NAME` there, with `environment = {{ NAME = secret(…) }}`."
    );
    Diagnostic::warning("Secret not passed", detail).at(at)
}

pub(super) fn behind_quotes(id: &str, key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "Before the secret `{id}` in `{key}` of `{object}` stands a parameter whose value has quotes or backslashes. If they are not closed there, the shell may not expand the variable that the secret is now: look at the whole command."
    );
    Diagnostic::warning("Secret behind quotes", detail).at(at)
}

pub(super) fn nested_in_circle(id: &str, key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` refers to `{id}`, which `{object}` is a part of, so that there is no end to it. Refer to another object."
    );
    Diagnostic::error("Parts in a circle", detail).at(at)
}

pub(super) fn nested_too_deep(key: &str, object: &str, most: usize, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` is a part of a part of a part, and so on: {most} of them may be in each other. Without it the object that they are part of would be another one."
    );
    Diagnostic::error("Nested too deep", detail).at(at)
}

pub(super) fn comma_in_value(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` has a parameter in a part of it whose value has a comma. The service divides the text when the value is there; here it is one part: write out the parts."
    );
    Diagnostic::warning("Comma in a value", detail).at(at)
}

pub(super) fn on_demand_by_itself(object: &str, schedule: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`scheduleType` of `{object}` is `ondemand`, and its schedule is `{schedule}`. The service takes `ondemand` for whole pipelines only; it is left out, so that instances are made by the schedule. For work on demand put it into a pipeline of its own, without a schedule."
    );
    Diagnostic::warning("On demand with a schedule", detail).at(at)
}

pub(super) fn pointed(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` has a computed number in its text. The service writes a whole one as `4.0`, which is `4` here; say with `format(\"%.1f\", …)` if it must have a point."
    );
    Diagnostic::warning("Number with a point", detail).at(at)
}

pub(super) fn another_place(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` has `@pipelineId` in a path. In the service that is an id such as `df-0937003356ZJEXAMPLE`; here it is `run.pipeline`, the name of the pipeline, so that the path is another one. Write the id in its place where work goes on with data that is there."
    );
    Diagnostic::warning("Path with the id of the pipeline", detail).at(at)
}

pub(super) fn computed_value(id: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "The value of `{id}` has an expression in it. Variables are constants here, so that it stays the text that it is: write it as a local, or where the variable is read."
    );
    Diagnostic::warning("Expression not translated", detail).at(at)
}

pub(super) fn no_number(id: &str, text: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "The parameter `{id}` is a number, and has the value `{text}`, which is none. The variable is a text, so that it stays; give it a number, or make the parameter a `String`."
    );
    Diagnostic::warning("No number", detail).at(at)
}

pub(super) fn not_allowed(id: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "The parameter `{id}` has a value that is not among those that it allows. What it allows is kept in `aws_fields`, for export only; add a `validation` when you have changed one or the other."
    );
    Diagnostic::warning("Value not allowed", detail).at(at)
}

pub(super) fn one_value(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` takes one value, and there are several. The first is taken; the others are left out."
    );
    Diagnostic::warning("Several values", detail).at(at)
}

pub(super) fn file_with_slash(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` ends with `/`. Here that is a directory, with all files in it; `export` writes it as `directoryPath`."
    );
    Diagnostic::warning("File that is a directory", detail).at(at)
}

pub(super) fn parts_of_second(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` has parts of a second. Intervals begin with whole seconds here, as the service's do; they are left out."
    );
    Diagnostic::warning("Parts of a second", detail).at(at)
}

pub(super) fn no_object(id: &str, key: &str, at: Span) -> Diagnostic {
    let detail = format!("`{key}` refers to `{id}`, and there is no object with this id.");
    Diagnostic::error("Unknown object", detail).at(at)
}

pub(super) fn parents_in_circle(object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "The parents of `{object}` lead in a circle, so that there is no end to what it inherits. The service refuses it, too; name another parent."
    );
    Diagnostic::error("Parents in a circle", detail).at(at)
}

pub(super) fn too_many_parents(object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{object}` has more than {} parents of parents. The service takes no more than a hundred objects; make the chain shorter.",
        super::parents::MAX_PARENTS
    );
    Diagnostic::error("Too many parents", detail).at(at)
}

pub(super) fn refers_to_no_type(id: &str, key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` refers to `{id}`, which has no type: it is a parent of others, and nothing by itself. Without it the pipeline would do something else. Give it a type, or refer to another object."
    );
    Diagnostic::error("Object without type", detail).at(at)
}

pub(super) fn nothing_to_give_up(id: &str, key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` refers to `{id}`, which gives up an instance. Then the instance has ended, and there is nothing to give up: it is left out."
    );
    Diagnostic::warning("Reference left out", detail).at(at)
}

pub(super) fn no_instance(id: &str, key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` refers to `{id}`, which gives up an instance, and a cluster has none: it is left out. Set it on the activities that run on the cluster."
    );
    Diagnostic::warning("Reference left out", detail).at(at)
}

pub(super) fn without_period(object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "The schedule `{object}` has no `period` that says how long its intervals are, such as `1 day`. The service refuses it, too; add one."
    );
    Diagnostic::error("Schedule without period", detail).at(at)
}

pub(super) fn without_unit(key: &str, object: &str, text: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` is `{text}`, without a unit. It is taken for hours, which is what the service's guide says of `terminateAfter`; change it if it is not."
    );
    Diagnostic::warning("Period without unit", detail).at(at)
}

pub(super) fn wrong_kind(id: &str, key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` cannot refer to `{id}` here, which is another kind of object. It is left out."
    );
    Diagnostic::warning("Reference left out", detail).at(at)
}

pub(super) fn not_a_reference(key: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` must be a reference, `{{\"ref\": \"Id\"}}`, and is a text. It is left out."
    );
    Diagnostic::error("No reference", detail).at(at)
}

pub(super) fn same_key(property: &str, object: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{property}` has a key that another property of `{object}` has, too. The last one counts; the one before is left out."
    );
    Diagnostic::warning("Duplicate key", detail).at(at)
}

pub(super) fn not_used(object: &str, at: Span) -> Diagnostic {
    let detail =
        format!("`{object}` is part of no other object, and nothing by itself. It is left out.");
    Diagnostic::warning("Unused object", detail).at(at)
}

pub(super) fn wrong_word(
    key: &str,
    object: &str,
    text: &str,
    words: &[&str],
    at: Span,
) -> Diagnostic {
    let detail = format!(
        "`{key}` of `{object}` is `{text}`, and must be one of {}. It is left out.",
        words.join(", ")
    );
    Diagnostic::warning("Unknown word", detail).at(at)
}
