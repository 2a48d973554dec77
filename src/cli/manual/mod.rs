//! What `--help` and the man pages say besides flags: examples, and what exit codes mean.
//!
//! It is apart from the commands so that it can be read, and checked for completeness, in one place.

mod state;

/// What is said of one command.
pub(super) struct Entry {
    /// The command, e.g. `state list`; empty for Pipeform itself.
    command: &'static str,
    /// What one may want, and the command that does it.
    pub(super) examples: &'static [(&'static str, &'static str)],
    /// Exit codes and when they are given.
    pub(super) exit_codes: &'static [(u8, &'static str)],
}

const FINE: (u8, &str) = (0, "it went well");
const ERROR: (u8, &str) = (1, "an error");
const DONE: &[(u8, &str)] = &[FINE, ERROR];
const DONE_OR_NOT: &[(u8, &str)] = &[
    (0, "it was done, or there was nothing to do"),
    (1, "an error, or it was not approved"),
];

/// Of what may end a cluster.
const NOT_OR_ALIVE: (u8, &str) = (
    1,
    "an error, it was not approved, or a cluster that was to end may still be alive",
);

static OTHERS: &[Entry] = &[
    Entry {
        command: "",
        examples: &[
            ("See what a change does", "pipeform plan"),
            (
                "Put it into the state, and activate its schedules",
                "pipeform apply",
            ),
            ("Do what is due", "pipeform run"),
            ("See how it stands", "pipeform status"),
            ("Learn about a command", "pipeform help plan"),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "init",
        examples: &[
            ("Fetch what is missing", "pipeform init"),
            (
                "Take newer commits of branches and tags",
                "pipeform init --upgrade",
            ),
            (
                "In CI: fail rather than change the lock file",
                "pipeform init --lockfile=readonly",
            ),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "get",
        examples: &[("Fetch what is missing", "pipeform get")],
        exit_codes: DONE,
    },
    Entry {
        command: "validate",
        examples: &[
            ("Check the configuration here", "pipeform validate"),
            ("For an editor or CI", "pipeform validate --json"),
        ],
        exit_codes: &[(0, "the configuration is valid"), (1, "it is not")],
    },
    Entry {
        command: "fmt",
        examples: &[
            (
                "Format the files here and below",
                "pipeform fmt --recursive",
            ),
            (
                "In CI: fail and show what is not formatted",
                "pipeform fmt --check --diff --recursive",
            ),
            ("In an editor", "pipeform fmt - < main.pipe.hcl"),
        ],
        exit_codes: &[
            (
                0,
                "all files are formatted now; with --check they were before",
            ),
            (1, "the command line cannot be understood"),
            (2, "something could not be read, written or parsed"),
            (3, "with --check: something is not formatted"),
        ],
    },
    Entry {
        command: "plan",
        examples: &[
            ("See what an apply would do", "pipeform plan"),
            (
                "With values for variables",
                "pipeform plan --var bucket=acme --var-file prod.pipevars",
            ),
            (
                "With the runs behind the counts, by intervals",
                "pipeform plan --runs",
            ),
            (
                "In CI: tell whether anything would change",
                "pipeform plan --detailed-exitcode",
            ),
        ],
        exit_codes: &[
            (
                0,
                "the plan was made; with --detailed-exitcode: nothing changes",
            ),
            ERROR,
            (2, "with --detailed-exitcode: something changes"),
            (3, "policies deny the plan"),
        ],
    },
    Entry {
        command: "apply",
        examples: &[
            ("See the plan, and say yes or no", "pipeform apply"),
            ("In CI", "pipeform apply --auto-approve"),
            ("Allow a long back-fill", "pipeform apply --allow-runs 5000"),
        ],
        exit_codes: &[
            (
                0,
                "the plan was applied; with --detailed-exitcode: there was nothing to do",
            ),
            NOT_OR_ALIVE,
            (2, "with --detailed-exitcode: changes were applied"),
            (3, "policies deny the plan"),
        ],
    },
    Entry {
        command: "destroy",
        examples: &[("See what is removed, and say yes or no", "pipeform destroy")],
        exit_codes: &[
            (
                0,
                "all definitions are removed; with --detailed-exitcode: there were none",
            ),
            NOT_OR_ALIVE,
            (
                2,
                "with --detailed-exitcode: all definitions are removed now",
            ),
            (3, "policies deny the plan"),
        ],
    },
    Entry {
        command: "run",
        examples: &[
            ("Do what is due now", "pipeform run"),
            (
                "Wait for data that comes late",
                "pipeform run --wait '2 hours'",
            ),
            ("Stay, and run what becomes due", "pipeform run --watch"),
            (
                "See what is due and why, and run nothing",
                "pipeform run --dry-run",
            ),
        ],
        exit_codes: &[
            (0, "nothing failed; waiting for data is no failure"),
            (
                1,
                "an instance failed or was given up, it was interrupted, a cluster may still be alive that was to end, or an error",
            ),
        ],
    },
    Entry {
        command: "trigger",
        examples: &[(
            "Run a pipeline that has no schedule",
            "pipeform trigger pipeline.export && pipeform run",
        )],
        exit_codes: DONE_OR_NOT,
    },
    Entry {
        command: "backfill",
        examples: &[(
            "Make what `catch_up` has passed over in January",
            "pipeform backfill pipeline.weblogs@2026-01-01..2026-02-01",
        )],
        exit_codes: DONE_OR_NOT,
    },
    Entry {
        command: "rerun",
        examples: &[
            (
                "One day, and what was made of it",
                "pipeform rerun pipeline.weblogs.activity.archive@2026-11-01 --with-consumers",
            ),
            (
                "All that failed",
                "pipeform rerun pipeline.weblogs --failed",
            ),
            (
                "In CI",
                "pipeform rerun 'pipeline.export*@2026-11-01..' --auto-approve=342",
            ),
        ],
        exit_codes: DONE_OR_NOT,
    },
    Entry {
        command: "cancel",
        examples: &[
            ("All that waits or runs", "pipeform cancel pipeline.weblogs"),
            (
                "See what that would be",
                "pipeform cancel pipeline.weblogs@2026-11-01.. --dry-run",
            ),
        ],
        exit_codes: &[(0, "it was done, or there was nothing to do"), NOT_OR_ALIVE],
    },
    Entry {
        command: "pause",
        examples: &[
            (
                "A pipeline, until it is resumed",
                "pipeform pause pipeline.weblogs",
            ),
            (
                "Some instances",
                "pipeform pause pipeline.weblogs.activity.report@2026-11-01..2026-11-08",
            ),
        ],
        exit_codes: DONE_OR_NOT,
    },
    Entry {
        command: "resume",
        examples: &[("What was paused", "pipeform resume pipeline.weblogs")],
        exit_codes: DONE_OR_NOT,
    },
    Entry {
        command: "mark-finished",
        examples: &[(
            "The work was done by hand",
            "pipeform mark-finished pipeline.weblogs.activity.report@2026-11-01",
        )],
        exit_codes: DONE_OR_NOT,
    },
    Entry {
        command: "import",
        examples: &[
            (
                "Turn what the console exported into configuration",
                "pipeform import definition.json --name sales",
            ),
            (
                "With the values that it was activated with",
                "pipeform import definition.json --values values.json --out sales",
            ),
            (
                "Take a pipeline from the account",
                "pipeform import --pipeline-id df-0937003356ZJEXAMPLE --region eu-west-1",
            ),
            ("Take all of them", "pipeform import --all --out pipelines"),
        ],
        exit_codes: &[
            (0, "the files are written, maybe with warnings"),
            (
                1,
                "an error, or files that are there already; nothing is written, but with --all the pipelines without errors are",
            ),
        ],
    },
    Entry {
        command: "export",
        examples: &[
            (
                "Write the only pipeline as a definition",
                "pipeform export --out definition.json",
            ),
            (
                "Give it to AWS Data Pipeline",
                "pipeform export orders --out orders.json && aws datapipeline put-pipeline-definition --pipeline-id df-0937003356ZJEXAMPLE --pipeline-definition file://orders.json",
            ),
            ("Write all pipelines", "pipeform export --out definitions/"),
        ],
        exit_codes: &[
            (0, "the definition is written, maybe with warnings"),
            (
                1,
                "an error, or files that are there already; nothing is written",
            ),
        ],
    },
    Entry {
        command: "simulate",
        examples: &[
            (
                "The days around the change of the clocks",
                "pipeform simulate --from 2027-03-27 --to 2027-03-30",
            ),
            (
                "How long it takes to catch up with what is not done, with four hands",
                "pipeform simulate --backlog --parallelism 4",
            ),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "test",
        examples: &[
            ("All cases, here and in `tests/`", "pipeform test"),
            (
                "One of them, with its timetable",
                "pipeform test --case \"late data\" --verbose",
            ),
            (
                "In CI, with a report",
                "pipeform test --json --junit-xml report.xml",
            ),
        ],
        exit_codes: &[
            (0, "all cases pass"),
            (1, "a case fails, or something is wrong"),
        ],
    },
    Entry {
        command: "status",
        examples: &[
            ("All activities", "pipeform status"),
            (
                "One pipeline, for a script",
                "pipeform status pipeline.weblogs --json",
            ),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "history",
        examples: &[
            ("What failed lately", "pipeform history --status FAILED"),
            (
                "One day of a pipeline",
                "pipeform history pipeline.weblogs --from 2026-11-01 --to 2026-11-02",
            ),
            ("Who has asked for what", "pipeform history --operations"),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "resources",
        examples: &[
            ("What is alive, and who needs it", "pipeform resources"),
            (
                "End what nothing needs, in a nightly job",
                "pipeform resources --reap --auto-approve",
            ),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "schedule",
        examples: &[
            (
                "When a pipeline is due next",
                "pipeform schedule pipeline.weblogs",
            ),
            (
                "What daylight saving time does to a schedule",
                "pipeform schedule schedule.nightly --from 2027-03-25 --next 20",
            ),
            (
                "As it is applied, for a script",
                "pipeform schedule schedule.nightly --state --json",
            ),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "logs",
        examples: &[
            (
                "The newest attempt",
                "pipeform logs pipeline.weblogs.activity.report",
            ),
            (
                "Of a given day",
                "pipeform logs pipeline.weblogs.activity.report --interval 2026-11-01",
            ),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "show",
        examples: &[("What has been applied", "pipeform show")],
        exit_codes: DONE,
    },
    Entry {
        command: "output",
        examples: &[
            ("All outputs", "pipeform output"),
            ("One, for a script", "pipeform output --raw report_path"),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "console",
        examples: &[
            ("Try expressions", "pipeform console"),
            (
                "One expression, for a script",
                "echo 'local.tables' | pipeform console --json",
            ),
        ],
        exit_codes: &[
            (0, "it went well"),
            (1, "an error, or an expression had one"),
        ],
    },
    Entry {
        command: "graph",
        examples: &[("A picture", "pipeform graph | dot -Tsvg > graph.svg")],
        exit_codes: DONE,
    },
    Entry {
        command: "schema",
        examples: &[
            ("All types of objects", "pipeform schema"),
            ("One type", "pipeform schema activity.copy"),
            ("For a program", "pipeform schema --json"),
        ],
        exit_codes: &[FINE, (1, "there is no such type")],
    },
    Entry {
        command: "completion",
        examples: &[
            (
                "For bash",
                "pipeform completion bash > ~/.local/share/bash-completion/completions/pipeform",
            ),
            (
                "For zsh",
                "pipeform completion zsh > \"${fpath[1]}/_pipeform\"",
            ),
            (
                "For fish",
                "pipeform completion fish > ~/.config/fish/completions/pipeform.fish",
            ),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "man",
        examples: &[
            ("Read about Pipeform", "pipeform man | man -l -"),
            (
                "Install the pages",
                "pipeform man --out ~/.local/share/man/man1",
            ),
        ],
        exit_codes: DONE,
    },
    Entry {
        command: "version",
        examples: &[("The version", "pipeform version")],
        exit_codes: DONE,
    },
];

/// What is said of a command, by its words, e.g. `state list`.
pub(super) fn entry(command: &str) -> Option<&'static Entry> {
    entries().find(|entry| entry.command == command)
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    OTHERS.iter().chain(state::ENTRIES)
}

impl Entry {
    /// As the end of `--help`.
    fn text(&self) -> String {
        let mut text = String::from("Examples:");
        for (what, command) in self.examples {
            text.extend(["\n  # ", what, "\n  ", command, "\n"]);
        }
        text.push_str("\nExit codes:");
        for (code, when) in self.exit_codes {
            text.extend(["\n  ", &code.to_string(), "  ", when]);
        }
        text
    }
}

/// The command with what is said of it and of those inside it. `words` are those of the command.
pub(super) fn added_to(command: clap::Command, words: &str) -> clap::Command {
    let inside: Vec<String> = command
        .get_subcommands()
        .map(|inside| inside.get_name().to_owned())
        .collect();
    let mut command = command;
    for name in inside {
        let words = format!("{words} {name}");
        command = command.mut_subcommand(&name, |inside| added_to(inside, words.trim_start()));
    }
    match entry(words) {
        Some(entry) => command.after_long_help(entry.text()),
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of all commands.
    fn commands(command: &clap::Command, words: &str, all: &mut Vec<String>) {
        all.push(words.to_owned());
        for inside in command.get_subcommands() {
            let words = format!("{words} {}", inside.get_name());
            commands(inside, words.trim_start(), all);
        }
    }

    #[test]
    fn every_command_has_examples_and_exit_codes_and_nothing_else_has() {
        let mut all = Vec::new();
        commands(&crate::cli::command(), "", &mut all);
        assert!(all.contains(&"state list".to_owned()));
        for command in &all {
            let entry = entry(command);
            assert!(
                entry.is_some_and(|entry| !entry.examples.is_empty() && !entry.exit_codes.is_empty()),
                "`{command}` has no entry in cli/manual"
            );
        }
        for entry in entries() {
            assert!(
                all.iter().any(|command| command == entry.command),
                "there is no command `{}`",
                entry.command
            );
            for (_, example) in entry.examples {
                assert!(example.contains("pipeform"), "{example}");
                let words = format!("pipeform {}", entry.command);
                assert!(
                    entry.command.is_empty() || example.contains(&words),
                    "{example}"
                );
            }
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        crate::cli::command().debug_assert();
    }
}
