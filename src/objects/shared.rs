//! Groups of attributes that several types share.

use super::dependency::Require;
use super::kind::Kind;
use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::Default;
use super::schema::Nested;

/// What every runnable object has; on a pipeline these are the defaults of the objects inside.
pub(super) const RUNNABLE: &[AttributeSchema] = &[
    AttributeSchema::new(
        "schedule",
        AttributeType::Ref(Kind::Schedule),
        "The schedule whose intervals it runs for; left out: the pipeline's; without any it runs on demand.",
    ),
    AttributeSchema::new(
        "due",
        AttributeType::OneOf(&["end", "start"]),
        "Whether its instances are due at the end or at the start of their intervals; left out: as the schedule says.",
    ),
    AttributeSchema::new(
        "on_fail",
        AttributeType::Refs(Kind::Action),
        "What to do when an instance has failed for good.",
    ),
    AttributeSchema::new(
        "on_success",
        AttributeType::Refs(Kind::Action),
        "What to do when an instance has finished.",
    ),
    AttributeSchema::new(
        "failure_and_rerun_mode",
        AttributeType::OneOf(&["none", "cascade"]),
        "What becomes of an instance when something it waits for fails: `none` waits on, `cascade` gives up.",
    )
    .or(Default::Text("none")),
    AttributeSchema::new(
        "precondition_timeout",
        AttributeType::Duration,
        "How long preconditions are checked, from the first check, before the instance fails; left out: for ever.",
    ),
    AttributeSchema::new(
        "retain",
        AttributeType::Duration,
        "How long the records, attempts and logs of an instance that has finished are kept after its end; left out: for ever. What has finished stays finished.",
    ),
    AttributeSchema::new(
        "max_retries",
        AttributeType::Integer(0),
        "How many attempts are made after the first has failed.",
    )
    .or(Default::Integer(2)),
    AttributeSchema::new(
        "retry_delay",
        AttributeType::Duration,
        "The pause before the first retry.",
    )
    .or(Default::Text("30 seconds")),
    AttributeSchema::new(
        "backoff",
        AttributeType::OneOf(&["exponential", "constant"]),
        "How the pause grows: `exponential` doubles it with each further retry, up to `max_retry_delay`; `constant` does not.",
    )
    .or(Default::Text("exponential")),
    AttributeSchema::new(
        "max_retry_delay",
        AttributeType::Duration,
        "The longest pause that doubling leads to.",
    )
    .or(Default::Text("10 minutes")),
    AttributeSchema::new(
        "retry_jitter",
        AttributeType::Bool,
        "Whether up to a quarter is added to each pause, another part of it for each attempt, so that what failed together is not tried again together.",
    )
    .or(Default::Bool(true)),
];

/// What only activities and pipelines have.
pub(super) const ATTEMPTS: &[AttributeSchema] = &[
    AttributeSchema::new(
        "attempt_timeout",
        AttributeType::Duration,
        "How long one attempt may take before it is stopped and retried; left out: for ever.",
    ),
    AttributeSchema::new(
        "report_progress_timeout",
        AttributeType::Duration,
        "How long nothing may be heard of an attempt before it is taken for failed; an attempt under way is heard of each minute.",
    )
    .or(Default::Text("15 minutes")),
    AttributeSchema::new(
        "late_after",
        AttributeType::Duration,
        "An instance that has not finished so long after it was due is late; left out: it never is.",
    ),
    AttributeSchema::new(
        "on_late",
        AttributeType::Refs(Kind::Action),
        "What to do when an instance is late.",
    ),
    AttributeSchema::new(
        "max_active_instances",
        AttributeType::Integer(1),
        "How many instances of one activity may run at once.",
    )
    .or(Default::Integer(5)),
    AttributeSchema::new(
        "pool",
        AttributeType::Ref(Kind::Pool),
        "The pool whose slots its attempts take; what finds it full waits.",
    ),
    AttributeSchema::new(
        "pool_slots",
        AttributeType::Integer(1),
        "How many slots of the pool an attempt takes.",
    )
    .or(Default::Integer(1)),
    AttributeSchema::new(
        "priority",
        AttributeType::Integer(-1_000_000),
        "Where places are short, activities with a higher priority start first; those with the same take turns, pipeline by pipeline.",
    )
    .or(Default::Integer(0)),
    AttributeSchema::new(
        "instance_order",
        AttributeType::OneOf(&["oldest_first", "newest_first"]),
        "Which of the instances of one activity that can start does so first. What `backfill` has asked for comes after the others.",
    )
    .or(Default::Text("oldest_first")),
    AttributeSchema::new(
        "catch_up",
        AttributeType::OneOf(&["all", "latest", "none"]),
        "Which intervals that are due and have no instance get one: `all`; the `latest` only; or `none` that was due before the activity was applied, and later the latest only.",
    )
    .or(Default::Text("all")),
    AttributeSchema::new(
        "active",
        AttributeType::Bool,
        "Whether its schedule makes new instances and waiting ones start; left out: what operators have set, else true.",
    ),
];

/// A note for people.
pub(super) const DESCRIPTION: AttributeSchema = AttributeSchema::new(
    "description",
    AttributeType::String,
    "What it is for, for people.",
);

/// What activities and data nodes wait for besides their data.
pub(super) const WAITS: &[AttributeSchema] = &[
    DESCRIPTION,
    AttributeSchema::new(
        "precondition",
        AttributeType::Refs(Kind::Precondition),
        "What must hold before it is ready; checked each minute.",
    ),
    AttributeSchema::new(
        "depends_on",
        AttributeType::DependsOn,
        "Activities and pipelines whose instances it waits for although it reads none of their data. An activity may have a `window`.",
    )
    .windows(),
];

/// Data that an activity reads and writes.
pub(super) const INPUT: AttributeSchema = AttributeSchema::new(
    "input",
    AttributeType::NamedRefs(Kind::DataNode),
    "The data it reads: a data node, a list, or a map that names them, each maybe with a `window`. It waits for the instances that overlap its own.",
)
.windows();

/// How much of its data, and of what it depends on, an activity needs.
pub(super) const REQUIRE: AttributeSchema = AttributeSchema::new(
    "require",
    AttributeType::OneOf(Require::WORDS),
    "Which instances it waits for, of each input and of each activity in `depends_on`: `all` that overlap its interval or lie in the window, `any` that is finished, or the `latest`.",
)
.or(Default::Text("all"));

/// Data that an activity writes.
pub(super) const OUTPUT: AttributeSchema = AttributeSchema::new(
    "output",
    AttributeType::NamedRefs(Kind::DataNode),
    "The data it writes: a data node, a list, or a map that names them.",
);

/// What a shell command is made of.
pub(super) const COMMAND: &[AttributeSchema] = &[
    AttributeSchema::new(
        "command",
        AttributeType::String,
        "The command, run by `/bin/sh -c`; it succeeds when it exits with 0.",
    )
    .required()
    .deferrable(),
    AttributeSchema::new(
        "script_argument",
        AttributeType::Strings,
        "The values of `$1`, `$2`, … in the command.",
    )
    .deferrable(),
    AttributeSchema::new(
        "environment",
        AttributeType::StringMap,
        "Environment variables; besides these the command gets PATH, HOME, LANG and TZ, and nothing else.",
    )
    .secret(),
    AttributeSchema::new(
        "working_dir",
        AttributeType::String,
        "The directory it runs in; left out: the root module's.",
    )
    .deferrable(),
];

/// `schedule { … }` inside an object.
pub(super) const NESTED_SCHEDULE: Nested = Nested {
    block: "schedule",
    kind: Kind::Schedule,
    attribute: "schedule",
    many: false,
};

/// `precondition "exists" { … }` inside an object.
pub(super) const NESTED_PRECONDITION: Nested = Nested {
    block: "precondition",
    kind: Kind::Precondition,
    attribute: "precondition",
    many: true,
};

/// `format "csv" { … }` inside a data node.
pub(super) const NESTED_FORMAT: Nested = Nested {
    block: "format",
    kind: Kind::DataFormat,
    attribute: "format",
    many: false,
};
