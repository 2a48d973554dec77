//! Blocks that there are not: names that users of Terraform write all the same.

use crate::diag::Diagnostic;
use crate::lang::ast::Block;
use crate::objects::kind::Kind;

/// What does here what `import` blocks are for; `choices.md` says why there are none.
const INSTEAD_OF_IMPORT: &[&str] = &[
    "A pipeline of AWS Data Pipeline becomes configuration by `pipeform import --pipeline-id ID`.",
    "What has run elsewhere is not run again when `start` of the schedule says so, or `pipeform mark-finished ADDRESS@..TIME` after the apply.",
    "What is in the state under another address stays what it is with a `moved` block.",
];

/// What there is to say about a block at the top level that has a meaning elsewhere; `None`: it has none that is known.
pub(super) fn unsupported(block: &Block) -> Option<Diagnostic> {
    let word = block.kind.text.as_ref();
    let detail = match word {
        "import" => {
            "This block is Terraform's, and takes into the state what is there without it. Here nothing is: an object is what the configuration says."
        }
        "terraform" => "The block with the settings of a module is called `pipeform` here.",
        "data" | "ephemeral" => {
            "This block is Terraform's. Pipelines are described by objects like `data_node` and `activity`; infrastructure is left to Terraform."
        }
        _ => return None,
    };
    let finding = Diagnostic::error("Unsupported block type", detail).at(block.span);
    let hints: &[&str] = if word == "import" {
        INSTEAD_OF_IMPORT
    } else {
        &[]
    };
    let hints = hints.iter();
    Some(hints.fold(finding, |finding, hint| finding.help(*hint)))
}

/// What there is to say about a `resource` of Terraform, whose types begin with the name of a provider: `aws_s3_bucket`.
pub(super) fn of_terraform(kind: Kind, label: &str) -> Option<&'static str> {
    let terraform = kind == Kind::Resource && label.contains('_');
    terraform.then_some(
        "This looks like Terraform's. Resources here are the compute that work runs on; infrastructure is left to Terraform.",
    )
}
