//! Planted faults: mistakes that the simulation must find, or it would prove nothing. Only tests can plant one; in all other
//! builds [`Engine::has`] is `false`, and what hangs on it is not there.

use super::machine::Engine;

/// A mistake that somebody could have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An activity that had as many unfinished instances as may be gets no more when these have finished.
    ForgetsWhatIsDue,
    /// An interval that has no instance yet is not waited for.
    StartsBeforeInputs,
    /// The late report of an attempt that was superseded ends the one that is under way.
    TakesLateReports,
    /// One attempt too many of an activity runs at once.
    ExceedsLimits,
    /// Orders are carried out after everything else that was written meanwhile has been taken, and has had its effect.
    OvertakesOrders,
}

#[cfg(test)]
impl Engine {
    /// Plants a fault.
    pub(super) fn plant(&mut self, fault: Option<Fault>) {
        self.fault = fault;
    }

    /// Whether a fault is planted.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

#[cfg(not(test))]
impl Engine {
    /// Whether a fault is planted: never.
    #[expect(clippy::unused_self, reason = "in tests it is asked")]
    pub(super) const fn has(&self, _fault: Fault) -> bool {
        false
    }
}
