//! How the status of an instance may change, and why: one table. The simulation of the engine checks every change
//! against it, and the documentation prints it.

use super::model::Status;

/// One legal change of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The status before; `None`: there was no instance.
    pub from: Option<Status>,
    /// The status after.
    pub to: Status,
    /// What brings it about.
    pub why: &'static str,
}

const fn transition(from: Option<Status>, to: Status, why: &'static str) -> Transition {
    Transition { from, to, why }
}

/// All legal changes of the status of an instance. What has finished changes only when an operator
/// asks for it.
pub const TRANSITIONS: [Transition; 37] = [
    transition(
        None,
        Status::WaitingOnDependencies,
        "it is due or was triggered, and waits for others or for its preconditions",
    ),
    transition(
        None,
        Status::WaitingForRunner,
        "it is due or was triggered, and waits for nothing",
    ),
    transition(
        None,
        Status::Finished,
        "it is a data node and waits for nothing, or an operator counts it as finished",
    ),
    transition(
        None,
        Status::CascadeFailed,
        "it is due, and something it depends on was given up before",
    ),
    transition(
        Some(Status::WaitingOnDependencies),
        Status::WaitingOnDependencies,
        "its preconditions were checked and do not hold yet, or it is late",
    ),
    transition(
        Some(Status::WaitingOnDependencies),
        Status::WaitingForRunner,
        "what it depends on has finished, and its preconditions hold",
    ),
    transition(
        Some(Status::WaitingOnDependencies),
        Status::Finished,
        "it is a data node, and is there, or an operator counts it as finished",
    ),
    transition(
        Some(Status::WaitingOnDependencies),
        Status::Failed,
        "its preconditions did not hold in time, or cannot be checked",
    ),
    transition(
        Some(Status::WaitingOnDependencies),
        Status::CascadeFailed,
        "something it depends on was given up, and it gives up with it",
    ),
    transition(
        Some(Status::WaitingOnDependencies),
        Status::Canceled,
        "an operator gave it up, it was late and `terminate` did, or its definition was removed",
    ),
    transition(
        Some(Status::WaitingForRunner),
        Status::WaitingForRunner,
        "it is late",
    ),
    transition(
        Some(Status::WaitingForRunner),
        Status::WaitingOnDependencies,
        "before its first attempt an apply gave it more to wait for, or what it depends on is run again; later an operator runs it again with that",
    ),
    transition(
        Some(Status::WaitingForRunner),
        Status::Running,
        "an attempt starts",
    ),
    transition(
        Some(Status::WaitingForRunner),
        Status::Canceled,
        "an operator gave it up, it was late and `terminate` did, or its definition was removed",
    ),
    transition(
        Some(Status::Running),
        Status::Running,
        "its attempt was heard of, was told to stop, or it is late",
    ),
    transition(
        Some(Status::Running),
        Status::Finished,
        "its attempt did its work, or an operator counts it as finished",
    ),
    transition(
        Some(Status::Running),
        Status::WaitingForRunner,
        "its attempt failed, timed out, fell silent or lost its runner, and another one follows",
    ),
    transition(
        Some(Status::Running),
        Status::WaitingOnDependencies,
        "an operator runs it again with what it depends on, and its attempt was stopped",
    ),
    transition(
        Some(Status::Running),
        Status::Failed,
        "its last attempt failed, timed out or fell silent",
    ),
    transition(
        Some(Status::Running),
        Status::Canceled,
        "an operator gave it up, it was late and `terminate` did, or its definition was removed, and its attempt did not finish",
    ),
    transition(
        None,
        Status::Canceled,
        "an operator gave it up before it was made",
    ),
    transition(
        None,
        Status::Paused,
        "an operator held it before it was made",
    ),
    transition(
        None,
        Status::Skipped,
        "it is due, and `catch_up` passes over it; there is no row for it",
    ),
    transition(
        Some(Status::WaitingOnDependencies),
        Status::Paused,
        "an operator holds it",
    ),
    transition(
        Some(Status::WaitingForRunner),
        Status::Paused,
        "an operator holds it",
    ),
    transition(
        Some(Status::WaitingForRunner),
        Status::Finished,
        "an operator counts it as finished",
    ),
    transition(
        Some(Status::Paused),
        Status::WaitingOnDependencies,
        "an operator lets it go on",
    ),
    transition(
        Some(Status::Paused),
        Status::Finished,
        "an operator counts it as finished",
    ),
    transition(
        Some(Status::Paused),
        Status::Canceled,
        "an operator gave it up, or its definition was removed",
    ),
    transition(
        Some(Status::Failed),
        Status::WaitingOnDependencies,
        "an operator runs it again",
    ),
    transition(
        Some(Status::Failed),
        Status::Finished,
        "an operator counts it as finished",
    ),
    transition(
        Some(Status::CascadeFailed),
        Status::WaitingOnDependencies,
        "an operator runs it again, or what made it give up is run again or counted as finished",
    ),
    transition(
        Some(Status::CascadeFailed),
        Status::Finished,
        "an operator counts it as finished",
    ),
    transition(
        Some(Status::Canceled),
        Status::WaitingOnDependencies,
        "an operator runs it again, or its definition has come back",
    ),
    transition(
        Some(Status::Canceled),
        Status::Canceled,
        "an operator gave it up that had gone with its definition, and does not come back with that",
    ),
    transition(
        Some(Status::Canceled),
        Status::Finished,
        "an operator counts it as finished",
    ),
    transition(
        Some(Status::Finished),
        Status::WaitingOnDependencies,
        "an operator runs it again, or, for a data node, what writes it",
    ),
];

/// Why an instance may change like that; `None` if it may not.
pub fn transition_of(from: Option<Status>, to: Status) -> Option<&'static str> {
    TRANSITIONS
        .iter()
        .find(|transition| transition.from == from && transition.to == to)
        .map(|transition| transition.why)
}
