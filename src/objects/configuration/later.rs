//! Blocks that this version does not have: names that users of Terraform, or of a newer version, write all the same.

use crate::diag::Diagnostic;
use crate::lang::ast::Block;
use crate::objects::kind::Kind;

/// What there is to say about a block at the top level that has a meaning elsewhere; `None`: it has none that is known.
pub(super) fn unsupported(block: &Block) -> Option<Diagnostic> {
    const LATER: &str = "Not in this version";
    let word = block.kind.text.as_ref();
    let (summary, detail) = match word {
        "import" => (
            LATER,
            "`import` blocks, which take definitions of AWS Data Pipeline over, are not in this version.",
        ),
        "terraform" => (
            "Unsupported block type",
            "The block with the settings of a module is called `pipeform` here.",
        ),
        "data" | "ephemeral" => (
            "Unsupported block type",
            "This block is Terraform's. Pipelines are described by objects like `data_node` and `activity`; infrastructure is left to Terraform.",
        ),
        _ => return None,
    };
    Some(Diagnostic::error(summary, detail).at(block.span))
}

/// What there is to say about a `resource` of Terraform, whose types begin with the name of a provider: `aws_s3_bucket`.
pub(super) fn of_terraform(kind: Kind, label: &str) -> Option<&'static str> {
    let terraform = kind == Kind::Resource && label.contains('_');
    terraform.then_some(
        "This looks like Terraform's. Resources here are the compute that work runs on; infrastructure is left to Terraform.",
    )
}
