//! What must hold, and what was found that does not.

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// No due instance is forgotten, and what can go on does.
    NothingForgotten,
    /// None runs before its inputs.
    InputsFirst,
    /// Never two attempts with a valid lease.
    OneLease,
    /// A finished interval is finished once.
    FinishedOnce,
    /// Limits hold.
    LimitsHold,
    /// The store equals the replay of its log, and so does what the engine knows.
    StoreIsLog,
    /// What was asked for is done in its turn: once, and before anything starts that was not begun.
    InTurn,
    /// Statuses change as the table of transitions says, and the engine never breaks off.
    Legal,
}

impl Rule {
    /// The rule in words.
    pub(crate) const fn says(self) -> &'static str {
        match self {
            Self::NothingForgotten => "no due instance is forgotten",
            Self::InputsFirst => "none runs before its inputs",
            Self::OneLease => "never two attempts with a valid lease",
            Self::FinishedOnce => "a finished interval is finished once",
            Self::LimitsHold => "limits hold",
            Self::StoreIsLog => "the store equals the replay of its log",
            Self::InTurn => "what was asked for is done in its turn",
            Self::Legal => "statuses change as the table of transitions says",
        }
    }
}

/// A rule that does not hold.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Which.
    pub(crate) rule: Rule,
    /// What was seen.
    pub(crate) what: String,
}

/// Nothing, or a finding.
pub(super) type Found<T = ()> = Result<T, Finding>;

/// A finding, unless something holds.
pub(super) fn must(holds: bool, rule: Rule, what: impl FnOnce() -> String) -> Found {
    if holds {
        return Ok(());
    }
    Err(Finding { rule, what: what() })
}
