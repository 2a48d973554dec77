//! What goes wrong with S3: which place, what was tried, why, and what to do.

use std::fmt;

use super::Fault;
use super::Location;
use super::Refusal;

/// What went wrong with S3. Its text says the place and what to do.
#[derive(Clone, Debug)]
pub struct S3Error {
    /// Why, in short.
    pub fault: Fault,
    /// What was tried, as a verb: read, write, list.
    pub action: &'static str,
    /// Where.
    pub place: Location,
    /// What the service or the network said.
    pub reason: String,
}

impl std::error::Error for S3Error {}

impl S3Error {
    pub(super) fn new(action: &'static str, place: &Location, refusal: Refusal) -> Self {
        Self {
            fault: refusal.fault,
            action,
            place: place.clone(),
            reason: refusal.reason,
        }
    }

    /// An object that is not what it was when it was looked at.
    pub(super) fn changed(place: &Location, reason: impl Into<String>) -> Self {
        let refusal = Refusal {
            fault: Fault::Changed,
            reason: reason.into(),
        };
        Self::new("read", place, refusal)
    }
}

impl fmt::Display for S3Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            action,
            place,
            reason,
            ..
        } = self;
        let bucket = &place.bucket;
        write!(f, "cannot {action} `{place}`: ")?;
        match self.fault {
            Fault::NoBucket => write!(
                f,
                "there is no bucket `{bucket}`; check its name, and the region and the account it is in"
            ),
            Fault::NoKey => f.write_str(
                "there is no such object; check its key: a path that means all below it ends in `/`",
            ),
            Fault::NotAllowed => write!(
                f,
                "these credentials may not: {}; check them, and what they may do with the bucket `{bucket}`",
                reason.trim_end_matches('.')
            ),
            Fault::Throttled => write!(
                f,
                "S3 answers that there are too many requests, also after waiting: {}; try again later",
                reason.trim_end_matches('.')
            ),
            Fault::Unreachable => write!(
                f,
                "S3 is not reached, also after trying again: {}; check the network, the region and the address of the endpoint",
                reason.trim_end_matches('.')
            ),
            Fault::Changed => write!(
                f,
                "it has changed since it was looked at ({}); try again when nobody writes it any more",
                reason.trim_end_matches('.')
            ),
            Fault::Service => write!(
                f,
                "S3 fails, also after trying again: {}; try again later",
                reason.trim_end_matches('.')
            ),
            Fault::Invalid => f.write_str(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_the_place_and_what_to_do() {
        let place = Location::parse("s3://acme/logs/a b").unwrap();
        let said = |fault| {
            let reason = "Slow down.".to_owned();
            S3Error::new("read", &place, Refusal { fault, reason }).to_string()
        };
        for (fault, wanted) in [
            (Fault::NoBucket, "there is no bucket `acme`; check its name"),
            (Fault::NoKey, "there is no such object"),
            (
                Fault::NotAllowed,
                "may not: Slow down; check them, and what they may do with the bucket `acme`",
            ),
            (
                Fault::Throttled,
                "also after waiting: Slow down; try again later",
            ),
            (Fault::Unreachable, "check the network"),
            (Fault::Changed, "it has changed since it was looked at"),
            (Fault::Service, "S3 fails"),
            (Fault::Invalid, "Slow down."),
        ] {
            let text = said(fault);
            assert!(
                text.starts_with("cannot read `s3://acme/logs/a b`: ") && text.contains(wanted),
                "{text}"
            );
        }
    }
}
