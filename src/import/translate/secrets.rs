//! Where secrets that stand in a definition in clear are to be put: an environment variable for each.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::identifiers;

/// The places that secrets have got, so that no two of them get the same one.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: BTreeSet<String>,
    /// By the object and the field that have it, and what it is.
    given: BTreeMap<[String; 3], String>,
}

impl Places {
    /// The place of a secret in a field of an object: the one that it has got before, else one of this name, with a number where that is
    /// taken.
    pub(super) fn of(&mut self, secret: [&str; 3], name: &str) -> String {
        let secret = secret.map(str::to_owned);
        if let Some(place) = self.given.get(&secret) {
            return place.clone();
        }
        let place = format!("env://{}", name.to_uppercase());
        let place = identifiers::unique(&place, &mut self.taken);
        self.given.insert(secret, place.clone());
        place
    }
}
