//! Blocks that this version does not have: names that users of Terraform, or of a newer version, write all the same.

use crate::diag::Diagnostic;
use crate::lang::ast::Block;

/// What there is to say about a block at the top level that has a meaning elsewhere; `None`: it has none that is known.
pub(super) fn unsupported(block: &Block) -> Option<Diagnostic> {
    const LATER: &str = "Not in this version";
    let word = block.kind.text.as_ref();
    let (summary, detail) = match word {
        "import" => (
            LATER,
            "`import` blocks, which take definitions of AWS Data Pipeline over, are not in this version.",
        ),
        "resource" if !from_terraform(block) => (
            LATER,
            "`resource` blocks, which create compute for the work, are not in this version: all work runs on the machine of the runner.",
        ),
        "terraform" => (
            "Unsupported block type",
            "The block with the settings of a module is called `pipeform` here.",
        ),
        "resource" | "data" | "ephemeral" => (
            "Unsupported block type",
            "This block is Terraform's. Pipelines are described by objects like `data_node` and `activity`; infrastructure is left to Terraform.",
        ),
        _ => return None,
    };
    Some(Diagnostic::error(summary, detail).at(block.span))
}

/// Whether the type is one of a provider, e.g. `aws_s3_bucket`, and none of AWS Data Pipeline's resources.
fn from_terraform(block: &Block) -> bool {
    let label = block.labels.first().map_or("", |label| label.text.as_ref());
    label.contains('_') && label != "emr_cluster" && label != "local_spark"
}
