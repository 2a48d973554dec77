//! What is said of the commands about the state and its workspaces.

use super::DONE;
use super::Entry;

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        command: "state",
        examples: &[("What is in the state", "pipeform state list")],
        exit_codes: DONE,
    },
    Entry {
        command: "workspace",
        examples: &[
            ("See which there are", "pipeform workspace list"),
            ("Go to another one", "pipeform workspace select prod"),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "workspace list",
        examples: &[("See which there are", "pipeform workspace list")],
        exit_codes: DONE,
    },
    Entry {
        command: "workspace show",
        examples: &[("Which one is selected", "pipeform workspace show")],
        exit_codes: DONE,
    },
    Entry {
        command: "workspace new",
        examples: &[("One more state", "pipeform workspace new prod")],
        exit_codes: DONE,
    },
    Entry {
        command: "workspace select",
        examples: &[(
            "In CI, whether it is there or not",
            "pipeform workspace select --or-create pr-7",
        )],
        exit_codes: DONE,
    },
    Entry {
        command: "workspace delete",
        examples: &[
            (
                "When nothing is in it any more",
                "pipeform workspace delete pr-7",
            ),
            (
                "With all that is in it",
                "pipeform workspace delete --force pr-7",
            ),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "state list",
        examples: &[
            ("All objects", "pipeform state list"),
            (
                "Those of a pipeline",
                "pipeform state list pipeline.weblogs",
            ),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "state show",
        examples: &[(
            "One object",
            "pipeform state show pipeline.weblogs.activity.report",
        )],
        exit_codes: DONE,
    },
    Entry {
        command: "state mv",
        examples: &[(
            "After a block was renamed",
            "pipeform state mv pipeline.logs pipeline.weblogs",
        )],
        exit_codes: DONE,
    },
    Entry {
        command: "state rm",
        examples: &[
            (
                "See what it would do",
                "pipeform state rm --dry-run pipeline.old",
            ),
            ("Forget a pipeline", "pipeform state rm pipeline.old"),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "state pull",
        examples: &[("A copy to look at", "pipeform state pull > state.json")],
        exit_codes: DONE,
    },
    Entry {
        command: "state push",
        examples: &[(
            "Into another workspace",
            "pipeform state pull | PIPEFORM_WORKSPACE=copy pipeform state push -",
        )],
        exit_codes: DONE,
    },
    Entry {
        command: "force-unlock",
        examples: &[("See who holds the lock", "pipeform force-unlock 4711")],
        exit_codes: &[(
            1,
            "the state is not locked, or it is, by a process that has not ended",
        )],
    },
];
