//! What is said of what a file holds.

use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::import::document::Key;
use crate::import::document::Node;

pub(super) fn no_definition(root: &Node) -> Diagnostic {
    let detail = "This file is none of what is read here: a definition with `objects` (of the console, or of `aws datapipeline get-pipeline-definition`), an answer of the API with `pipelineObjects`, a template of CloudFormation with `Resources`, or what `terraform show -json` prints.";
    Diagnostic::error("No definition", detail).at(root.span)
}

pub(super) fn no_values(root: &Node) -> Diagnostic {
    let detail = "This file has no `values`. It must be as AWS's command line takes it: `{\"values\": {\"myBucket\": \"s3://acme\"}}`.";
    Diagnostic::error("No values", detail).at(root.span)
}

pub(super) fn wrong(node: &Node, what: &str, wanted: &str) -> Diagnostic {
    let detail = format!("{what} must be {wanted}, and is {}.", node.what());
    Diagnostic::error("Invalid definition", detail).at(node.span)
}

pub(super) fn missing(at: Span, what: &str, key: &str) -> Diagnostic {
    let detail = format!("{what} has no `{key}`. The service refuses it, too; add it.");
    Diagnostic::error("Invalid definition", detail).at(at)
}

pub(super) fn passed_over(key: &Key) -> Diagnostic {
    let detail = format!(
        "`{}` is nothing that a definition has; it is passed over, as AWS does.",
        key.text
    );
    Diagnostic::warning("Unknown key", detail).at(key.span)
}

pub(super) fn set_twice(key: &Key) -> Diagnostic {
    let detail = format!(
        "`{}` is there twice; this one counts, as it does for AWS's command line.",
        key.text
    );
    Diagnostic::warning("Duplicate key", detail).at(key.span)
}

pub(super) fn not_text(node: &Node) -> Diagnostic {
    let detail = format!(
        "This is {}; it is taken for the text that is written here, because AWS Data Pipeline has texts only.",
        node.what()
    );
    Diagnostic::warning("Not a text", detail).at(node.span)
}

pub(super) fn sensitive_value(id: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "Terraform says that the value of `{id}` is sensitive. It is not written to HCL, but taken for a secret."
    );
    Diagnostic::warning("Sensitive in Terraform", detail).at(at)
}

pub(super) fn sensitive_field(key: &str, object: &str, id: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "Terraform says that `{key}` of `{object}` is sensitive. It is not written to HCL: the whole text is the secret `{id}` now. Write it out again with a secret where only a part of it is one."
    );
    Diagnostic::warning("Sensitive in Terraform", detail).at(at)
}

pub(super) fn sensitive_somewhere(what: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "Terraform says that something in `{what}` is sensitive, and not what. The fields and parameters whose names begin with `*` are taken for secrets; all else is written in clear: look through it before others see it."
    );
    Diagnostic::warning("Sensitive in Terraform", detail).at(at)
}

pub(super) fn sensitive_and_unknown(what: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "Terraform says that something in `{what}` is sensitive, and not what; no field of it has a name that begins with `*`, which would tell. It would be written in clear."
    );
    Diagnostic::error("Sensitive in Terraform", detail).at(at).help(
        "Make the secret a parameter `*my…` in Terraform's configuration. If nothing in it is secret, take `pipeline_object` out of `sensitive_values` in this file.",
    )
}

pub(super) fn sensitive_and_left_out(what: &str, pipeline: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "Terraform says that `{what}` of the pipeline `{pipeline}` is sensitive. It is left out."
    );
    Diagnostic::warning("Sensitive in Terraform", detail).at(at)
}

pub(super) fn of_stack(source: &str, id: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{source}` is known only when AWS builds the stack. It becomes the variable of `{id}`: give it the value that the stack has."
    );
    Diagnostic::warning("Value known by CloudFormation only", detail).at(at)
}

pub(super) fn of_parameters(source: &str, id: &str, default: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{source}` depends on parameters of the stack. It becomes the variable of `{id}`, by default `{default}`, as their defaults have it: give it another value if the stack has others."
    );
    Diagnostic::warning("Value computed by CloudFormation", detail).at(at)
}

pub(super) fn settled(source: &str, text: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{source}` depends on parameters of the stack. It is written as `{text}`, as their defaults have it: change it if the stack has others."
    );
    Diagnostic::warning("Value computed by CloudFormation", detail).at(at)
}

pub(super) fn not_settled(source: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "`{source}` is known only when AWS builds the stack. The variable has no value here: give it the one that the stack has."
    );
    Diagnostic::warning("Value known by CloudFormation only", detail).at(at)
}

pub(super) fn part_of_expression(id: &str, default: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "The parameter of the stack that is `{id}` here is a piece of an expression. It is written as `{default}`, its default: change it if the stack has another."
    );
    Diagnostic::warning("Value computed by CloudFormation", detail).at(at)
}

pub(super) fn fixed(text: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "An id or a name depends on the stack here. It is `{text}`, as the defaults of the parameters have it, because names are not computed."
    );
    Diagnostic::warning("Name computed by CloudFormation", detail).at(at)
}

pub(super) fn name_of_stack(logical: &str, name: &str, at: Span) -> Diagnostic {
    let detail = format!(
        "What the pipeline `{logical}` is called depends on the stack. It is called as `{name}` here; `--name` gives it another name."
    );
    Diagnostic::warning("Name computed by CloudFormation", detail).at(at)
}

pub(super) fn decided(condition: &str, holds: Option<bool>, at: Span) -> Diagnostic {
    let detail = match holds {
        Some(holds) => format!(
            "Whether this is there depends on the condition `{condition}` of the stack. It is taken to be {holds}, as the defaults of the parameters have it."
        ),
        None => format!(
            "Whether this is there depends on the condition `{condition}` of the stack, which only AWS knows. It is taken to be true."
        ),
    };
    Diagnostic::warning("Condition of CloudFormation", detail).at(at)
}

pub(super) fn only_if(pipeline: &str, condition: &Node) -> Diagnostic {
    let detail = format!(
        "The pipeline `{pipeline}` is there only in stacks for which the condition `{}` holds. Here it always is: remove it where it is not wanted.",
        condition.text().unwrap_or("")
    );
    Diagnostic::warning("Condition of CloudFormation", detail).at(condition.span)
}
