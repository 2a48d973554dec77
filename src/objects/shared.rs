//! Groups of attributes that several types share.

use super::dependency::Require;
use super::group::Group;
use super::kind::Kind;
use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::Aws;
use super::schema::Default;
use super::schema::Nested;
use super::schema::Support;

/// What every object has that was imported, so that it can be exported again.
pub(super) const IMPORTED: &[AttributeSchema] = &[AWS_ID, AWS_FIELDS];

/// What an object, or a block that stands for one, was called.
pub(super) const AWS_ID: AttributeSchema = AttributeSchema::new(
    "aws_id",
    AttributeType::String,
    "Its id in AWS Data Pipeline, where it was imported from; it changes nothing here.",
)
.metadata()
.aws(Aws::Fields(&["id"]));

/// What an object, or a block that stands for one, had besides.
pub(super) const AWS_FIELDS: AttributeSchema = AttributeSchema::new(
    "aws_fields",
    AttributeType::StringMap,
    "Its fields in AWS Data Pipeline that have no attribute here, kept for `export`; they change nothing here.",
)
.metadata()
.ours();

/// What every runnable object has; on a pipeline these are the defaults of the objects inside.
pub(super) const RUNNABLE: &[AttributeSchema] = &[
    SCHEDULE,
    DUE,
    ON_FAIL,
    ON_SUCCESS,
    FAILURE_AND_RERUN_MODE,
    PRECONDITION_TIMEOUT,
    RETAIN,
    MAX_RETRIES,
    RETRY_DELAY,
    BACKOFF,
    MAX_RETRY_DELAY,
    RETRY_JITTER,
];

const SCHEDULE: AttributeSchema = AttributeSchema::new(
    "schedule",
    AttributeType::Ref(Kind::Schedule),
    "The schedule whose intervals it runs for; left out: the pipeline's; without any it runs on demand.",
);

const DUE: AttributeSchema = AttributeSchema::new(
    "due",
    AttributeType::OneOf(&["end", "start"]),
    "Whether its instances are due at the end or at the start of their intervals; left out: as the schedule says.",
)
.aws(Aws::Words("scheduleType", &["timeseries", "cron"]));

const ON_FAIL: AttributeSchema = AttributeSchema::new(
    "on_fail",
    AttributeType::Refs(Kind::Action),
    "What to do when an instance has failed for good.",
)
.handling();

const ON_SUCCESS: AttributeSchema = AttributeSchema::new(
    "on_success",
    AttributeType::Refs(Kind::Action),
    "What to do when an instance has finished.",
)
.handling();

const FAILURE_AND_RERUN_MODE: AttributeSchema = AttributeSchema::new(
    "failure_and_rerun_mode",
    AttributeType::OneOf(&["none", "cascade"]),
    "What becomes of an instance when something it waits for fails: `none` waits on, `cascade` gives up.",
)
.handling()
.or(Default::Text("none"));

const PRECONDITION_TIMEOUT: AttributeSchema = AttributeSchema::new(
    "precondition_timeout",
    AttributeType::Duration,
    "How long preconditions are checked, from the first check, before the instance fails; at its end they are checked once more. Left out: for ever.",
)
.handling()
.ours();

const RETAIN: AttributeSchema = AttributeSchema::new(
    "retain",
    AttributeType::Duration,
    "How long the records, attempts and logs of an instance that has finished are kept after its end; left out: for ever. What has finished stays finished.",
)
.handling()
.ours();

const MAX_RETRIES: AttributeSchema = AttributeSchema::new(
    "max_retries",
    AttributeType::Integer(0),
    "How many attempts are made after the first has failed.",
)
.handling()
.or(Default::Integer(2))
.aws(Aws::Fields(&["maximumRetries"]));

const RETRY_DELAY: AttributeSchema = AttributeSchema::new(
    "retry_delay",
    AttributeType::Duration,
    "The pause before the first retry.",
)
.handling()
.or(Default::Text("30 seconds"));

const BACKOFF: AttributeSchema = AttributeSchema::new(
    "backoff",
    AttributeType::OneOf(&["exponential", "constant"]),
    "How the pause grows: `exponential` doubles it with each further retry, up to `max_retry_delay`; `constant` does not.",
)
.handling()
.or(Default::Text("exponential"))
.ours();

const MAX_RETRY_DELAY: AttributeSchema = AttributeSchema::new(
    "max_retry_delay",
    AttributeType::Duration,
    "The longest pause that doubling leads to.",
)
.handling()
.or(Default::Text("10 minutes"))
.ours();

const RETRY_JITTER: AttributeSchema = AttributeSchema::new(
    "retry_jitter",
    AttributeType::Bool,
    "Whether up to a quarter is added to each pause, another part of it for each attempt, so that what failed together is not tried again together.",
)
.handling()
.or(Default::Bool(true))
.ours();

/// The time that attempts take, and how many there are at once: of what does work, or is compute for it.
pub(super) const ATTEMPTS: &[AttributeSchema] = &[
    ATTEMPT_TIMEOUT,
    REPORT_PROGRESS_TIMEOUT,
    LATE_AFTER,
    ON_LATE,
    MAX_ACTIVE_INSTANCES,
];

const ATTEMPT_TIMEOUT: AttributeSchema = AttributeSchema::new(
    "attempt_timeout",
    AttributeType::Duration,
    "How long one attempt may take before it is stopped and retried; left out: for ever.",
)
.handling();

const REPORT_PROGRESS_TIMEOUT: AttributeSchema = AttributeSchema::new(
    "report_progress_timeout",
    AttributeType::Duration,
    "How long nothing may be heard of an attempt before it is taken for failed; an attempt under way is heard of each minute.",
)
.handling()
.or(Default::Text("15 minutes"));

const LATE_AFTER: AttributeSchema = AttributeSchema::new(
    "late_after",
    AttributeType::Duration,
    "An instance that has not finished so long after it was due is late; left out: it never is.",
)
.handling()
.aws(Aws::Fields(&["lateAfterTimeout"]));

const ON_LATE: AttributeSchema = AttributeSchema::new(
    "on_late",
    AttributeType::Refs(Kind::Action),
    "What to do when an instance is late.",
)
.handling()
.aws(Aws::Fields(&["onLateAction"]));

const MAX_ACTIVE_INSTANCES: AttributeSchema = AttributeSchema::new(
    "max_active_instances",
    AttributeType::Integer(1),
    "How many instances of one activity may run at once.",
)
.handling()
.or(Default::Integer(5));

/// Nothing says when an instance is late, and something what to do then.
pub(super) const LATE: Group = Group::Needs("on_late", "late_after");

/// What AWS Data Pipeline lets data nodes have, although they make no attempts.
pub(super) const NODE_ATTEMPTS: &[AttributeSchema] = &[
    ATTEMPT_TIMEOUT
        .meaning("As on activities. A data node makes no attempts, so that nothing acts on it.")
        .support(Support::Kept),
    AttributeSchema::new(
        "report_progress_timeout",
        AttributeType::Duration,
        "As on activities. A data node makes no attempts, so that nothing acts on it.",
    )
    .support(Support::Kept),
    LATE_AFTER
        .meaning("When an instance is late. This version looks at activities only: set it on the activity that writes or reads the data.")
        .support(Support::Kept),
    ON_LATE
        .meaning("What to do when an instance is late. This version looks at activities only.")
        .support(Support::Kept),
    AttributeSchema::new(
        "max_active_instances",
        AttributeType::Integer(1),
        "As on activities. A data node makes no attempts, so that nothing acts on it.",
    )
    .support(Support::Kept),
    RUNS_ON
        .meaning("On which compute its preconditions are checked. They are checked by the runner, so that nothing acts on it.")
        .support(Support::Kept),
    WORKER_GROUP
        .meaning("Which workers check its preconditions. They are checked by the runner, so that nothing acts on it.")
        .support(Support::Kept),
    LOG_URI
        .meaning("As on activities. A data node makes no attempts, so that nothing acts on it.")
        .support(Support::Kept),
];

/// What every runnable object has, on compute. It serves the instances of the activities that run on it, and has none of its own.
pub(super) const COMPUTE: &[AttributeSchema] = &[
    SCHEDULE.meaning("The schedule that its formulas are shown with. It serves the intervals of the activities that run on it, whatever is said here."),
    DUE.meaning(OF_ACTIVITIES).support(Support::Kept),
    ON_FAIL.meaning("What to do when nothing of an interval needs it any more and it could not be made, or the last one that was made has failed. A pipeline's is not meant for it."),
    ON_SUCCESS.meaning("What to do when it has ended because nothing of its interval needs it any more, whatever became of the work. A pipeline's is not meant for it."),
    FAILURE_AND_RERUN_MODE
        .meaning(OF_ACTIVITIES)
        .support(Support::Kept),
    PRECONDITION_TIMEOUT
        .meaning(OF_ACTIVITIES)
        .support(Support::Kept),
    RETAIN.meaning(OF_ACTIVITIES).support(Support::Kept),
    MAX_RETRIES.meaning("How often another one is asked for when one does not start, or ends with errors."),
    RETRY_DELAY.meaning("The pause before the first of these."),
    BACKOFF,
    MAX_RETRY_DELAY,
    RETRY_JITTER.meaning(OF_ACTIVITIES).support(Support::Kept),
    ATTEMPT_TIMEOUT
        .meaning("As on activities; here `init_timeout` and `terminate_after` say how long it may take. Nothing acts on it.")
        .support(Support::Kept),
    REPORT_PROGRESS_TIMEOUT
        .meaning(OF_ACTIVITIES)
        .support(Support::Kept),
    LATE_AFTER.meaning("One that was asked for and has not ended so long after its interval was due is late; left out: the pipeline's."),
    ON_LATE.meaning("What to do when it is late, once for an interval; `terminate` is not among it. A pipeline's is not meant for it."),
    MAX_ACTIVE_INSTANCES
        .meaning(OF_ACTIVITIES)
        .support(Support::Kept),
];

const OF_ACTIVITIES: &str =
    "As on activities. Compute has no instances of its own, so that nothing acts on it here.";

/// Shares of places, and which instances there are: our own.
pub(super) const PLACES: &[AttributeSchema] = &[
    AttributeSchema::new(
        "pool",
        AttributeType::Ref(Kind::Pool),
        "The pool whose slots its attempts take; what finds it full waits.",
    )
    .handling()
    .ours(),
    AttributeSchema::new(
        "pool_slots",
        AttributeType::Integer(1),
        "How many slots of the pool an attempt takes.",
    )
    .handling()
    .or(Default::Integer(1))
    .ours(),
    AttributeSchema::new(
        "priority",
        AttributeType::Integer(-1_000_000),
        "Where places are short, activities with a higher priority start first; those with the same take turns, pipeline by pipeline.",
    )
    .handling()
    .or(Default::Integer(0))
    .ours(),
    AttributeSchema::new(
        "instance_order",
        AttributeType::OneOf(&["oldest_first", "newest_first"]),
        "Which of the instances of one activity that can start does so first. What `backfill` has asked for comes after the others.",
    )
    .handling()
    .or(Default::Text("oldest_first"))
    .ours(),
    AttributeSchema::new(
        "catch_up",
        AttributeType::OneOf(&["all", "latest", "none"]),
        "Which intervals that are due and have no instance get one: `all`; the `latest` only; or `none` that was due before the activity was applied, and later the latest only.",
    )
    .handling()
    .or(Default::Text("all"))
    .ours(),
    AttributeSchema::new(
        "active",
        AttributeType::Bool,
        "Whether its schedule makes new instances and waiting ones start; left out: what operators have set, else true.",
    )
    .ours(),
];

/// Where an activity does its work, and where its logs go.
pub(super) const WHERE: &[AttributeSchema] = &[RUNS_ON, WORKER_GROUP, LOG_URI];

const RUNS_ON: AttributeSchema = AttributeSchema::new(
    "runs_on",
    AttributeType::Ref(Kind::Resource),
    "The compute that does the work, created for the interval; left out: the pipeline's, else `worker_group`, else the runner itself.",
);

const WORKER_GROUP: AttributeSchema = AttributeSchema::new(
    "worker_group",
    AttributeType::String,
    "The name of the queue from which workers take the work; `runs_on` goes before it.",
)
.support(Support::Missing("workers, which take work from a server"));

pub(super) const LOG_URI: AttributeSchema = AttributeSchema::new(
    "log_uri",
    AttributeType::String,
    "Where the log of each attempt is put when it ends, besides the machine of the runner: `s3://acme/logs/`, or a directory. What a command prints is there, too, on its own. Left out: the pipeline's.",
)
.handling()
.deferrable()
.aws(Aws::Fields(&["pipelineLogUri"]));

/// With which provider an object reaches AWS.
pub(super) const PROVIDER: AttributeSchema = AttributeSchema::new(
    "provider",
    AttributeType::Provider,
    "With which provider it reaches AWS: `aws`, or `aws.west` for one with an alias; left out: the one of what it stands in, else `provider \"aws\"` of its module or of one that calls it, else the environment says all.",
)
.ours();

/// How often an action is tried again.
pub(super) const RETRIES: AttributeSchema = AttributeSchema::new(
    "retries",
    AttributeType::Integer(0),
    "How often it is tried again when it fails: after 1 second, 5 seconds, 25 seconds, 2 minutes and so on, up to 10 minutes.",
)
.or(Default::Integer(4))
.ours();

/// The role of the service that creates compute and checks data.
pub(super) const ROLE: AttributeSchema = AttributeSchema::new(
    "role",
    AttributeType::String,
    "The ARN of an IAM role that is taken on with the credentials of the provider; left out: the pipeline's, else none, so that those are used as they are. A name alone, as definitions of AWS Data Pipeline have it, is that of its service's role, which is not taken on.",
)
.deferrable();

/// The roles with which compute is created, and which it has.
pub(super) const ROLES: &[AttributeSchema] = &[
    ROLE.meaning("The IAM role with which it is created; left out: the pipeline's, else AWS's own name for it.")
        .or(Default::Text("DataPipelineDefaultRole")),
    RESOURCE_ROLE
        .meaning("The IAM role that its machines have; left out: the pipeline's, else AWS's own name for it.")
        .or(Default::Text("DataPipelineDefaultResourceRole")),
];

/// The role that machines have.
pub(super) const RESOURCE_ROLE: AttributeSchema = AttributeSchema::new(
    "resource_role",
    AttributeType::String,
    "The IAM role that machines have which are created for the work.",
)
.deferrable();

/// A note for people.
pub(super) const DESCRIPTION: AttributeSchema = AttributeSchema::new(
    "description",
    AttributeType::String,
    "What it is for, for people.",
)
.metadata()
.ours();

/// What activities and data nodes wait for besides their data.
pub(super) const WAITS: &[AttributeSchema] = &[
    DESCRIPTION,
    AttributeSchema::new(
        "precondition",
        AttributeType::Refs(Kind::Precondition),
        "What must hold before it is ready; checked each minute, or as often as its `retry_delay` says.",
    ),
    AttributeSchema::new(
        "depends_on",
        AttributeType::DependsOn,
        "Activities and pipelines whose instances it waits for although it reads none of their data. An activity may have a `window`, and its own `require`.",
    )
    .windows(),
];

/// Data that an activity reads and writes.
pub(super) const INPUT: AttributeSchema = AttributeSchema::new(
    "input",
    AttributeType::NamedRefs(Kind::DataNode),
    "The data it reads: a data node, a list, or a map that names them, each maybe with a `window` and its own `require`. It waits for the instances that overlap its own.",
)
.windows();

/// How much of its data, and of what it depends on, an activity needs.
pub(super) const REQUIRE: AttributeSchema = AttributeSchema::new(
    "require",
    AttributeType::OneOf(Require::WORDS),
    "Which instances it waits for, of each input and of each activity in `depends_on` for which `require()` says nothing else: `all` that overlap its interval or lie in the window, `any` that is finished, or the `latest`.",
)
.or(Default::Text("all"))
.ours();

/// Data that an activity writes.
pub(super) const OUTPUT: AttributeSchema = AttributeSchema::new(
    "output",
    AttributeType::NamedRefs(Kind::DataNode),
    "The data it writes: a data node, a list, or a map that names them.",
);

/// A command of the shell.
pub(super) const COMMAND: AttributeSchema = AttributeSchema::new(
    "command",
    AttributeType::String,
    "The command, run by `/bin/sh -c`; it succeeds when it exits with 0.",
)
.deferrable();

/// A script in the place of what is written here.
pub(super) const SCRIPT_URI: AttributeSchema = AttributeSchema::new(
    "script_uri",
    AttributeType::String,
    "Where the script is, if it is not written here: `s3://acme/code/load.sh`, or a path on the machine of the runner. It is read when an attempt starts; one in the repository is better read by `file()`, which shows what changes in it.",
)
.deferrable();

/// A command, or a script of them.
pub(super) const COMMAND_OR_SCRIPT: Group = Group::ExactlyOne(&["command", "script_uri"]);

/// What a command is run with.
pub(super) const COMMAND_CONTEXT: &[AttributeSchema] = &[
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
    .secret()
    .ours(),
    AttributeSchema::new(
        "working_dir",
        AttributeType::String,
        "The directory it runs in; left out: the root module's.",
    )
    .deferrable()
    .ours(),
    AttributeSchema::new(
        "aws_credentials",
        AttributeType::Bool,
        "Whether it gets the region and the credentials of its provider, as `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, and the addresses of endpoints, as `AWS_ENDPOINT_URL`.",
    )
    .or(Default::Bool(false))
    .ours(),
];

/// Where what a command prints is kept.
pub(super) const PRINTED: &[AttributeSchema] = &[
    AttributeSchema::new(
        "stdout",
        AttributeType::String,
        "Where what it prints is put after it, besides the attempt's log: a key in Amazon S3, or a file.",
    )
    .deferrable(),
    AttributeSchema::new(
        "stderr",
        AttributeType::String,
        "Where its errors are put after it, besides the attempt's log: a key in Amazon S3, or a file.",
    )
    .deferrable(),
];

/// Whether every run may write to the same place.
pub(super) const OVERWRITE: AttributeSchema = AttributeSchema::new(
    "overwrite",
    AttributeType::Bool,
    "Allows a path that is the same for every interval, so that each run overwrites what the last one wrote.",
)
.or(Default::Bool(false))
.ours();

/// Whether what other intervals have written to the same place stays.
pub(super) const ACCUMULATE: AttributeSchema = AttributeSchema::new(
    "accumulate",
    AttributeType::Bool,
    "Each interval adds its files to the directory; those of other intervals stay, as in AWS Data Pipeline; a file of the same name is replaced.",
)
.or(Default::Bool(false))
.ours();

/// `schedule { … }` inside an object.
pub(super) const NESTED_SCHEDULE: Nested = Nested {
    block: "schedule",
    kind: Kind::Schedule,
    attribute: "schedule",
    many: false,
};

/// `calendar { … }` inside a schedule.
pub(super) const NESTED_CALENDAR: Nested = Nested {
    block: "calendar",
    kind: Kind::Calendar,
    attribute: "calendar",
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
