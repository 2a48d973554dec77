//! What could not be read of the files, and which findings about the rest it makes doubtful.
//!
//! What is wrong with the grammar of a text has been reported where it was read. The rest is evaluated all the same, and
//! what is wrong there is reported in the same pass: but not that something is missing which may stand in what could not be read.

use std::collections::BTreeSet;

use super::diagnostic::Diagnostic;
use super::diagnostic::Diagnostics;
use super::sources::Span;

/// What a finding presumes: it is right only if this holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presumption {
    /// A place of which nothing may be missing.
    pub(super) whole: Option<Span>,
    /// A name that may be declared nowhere.
    pub(super) absent: Option<Box<str>>,
}

/// What could not be read of some texts.
#[derive(Clone, Debug, Default)]
pub struct Damage {
    places: Vec<Span>,
    /// The words in those places: names that may be declared there.
    words: BTreeSet<Box<str>>,
    /// Whether any name may be declared in what could not be read.
    hides_all: bool,
    /// Whether what is missing anywhere may stand in what could not be read.
    fills_all: bool,
}

impl Damage {
    /// Adds a place that could not be read, and what stands there.
    pub fn add(&mut self, place: Span, text: &str) {
        self.places.push(place);
        let words = text.split(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '-')));
        let words = words.filter(|word| !word.is_empty());
        self.words.extend(words.map(Box::from));
    }

    /// Adds a text of which nothing is known.
    pub const fn add_unknown(&mut self) {
        self.hides_all = true;
    }

    /// Says that what could not be read would have been added to blocks that stand elsewhere.
    pub const fn spreads(&mut self) {
        self.fills_all = true;
    }

    /// Whether any block may be lacking something.
    pub const fn is_everywhere(&self) -> bool {
        self.fills_all
    }

    /// Adds what could not be read elsewhere.
    pub fn extend(&mut self, other: Self) {
        self.places.extend(other.places);
        self.words.extend(other.words);
        self.hides_all |= other.hides_all;
        self.fills_all |= other.fills_all;
    }

    /// Whether everything could be read.
    pub const fn is_empty(&self) -> bool {
        self.places.is_empty() && !self.hides_all
    }

    /// The findings about what could be read that are right whatever stands in the rest.
    #[must_use]
    pub fn sound(&self, findings: Diagnostics) -> Diagnostics {
        if self.is_empty() {
            return findings;
        }
        let mut sound = Diagnostics::new();
        findings
            .into_iter()
            .filter(|finding| self.is_sound(finding))
            .for_each(|finding| sound.push(finding));
        sound
    }

    fn is_sound(&self, finding: &Diagnostic) -> bool {
        let presumed = finding.presumption.as_deref();
        let whole = presumed.and_then(|presumed| presumed.whole);
        let absent = presumed.and_then(|presumed| presumed.absent.as_deref());
        let filled = whole.is_some_and(|place| self.fills_all || self.touches(place));
        let hidden = absent.is_some_and(|name| self.hides(name));
        let inside = finding.span.is_some_and(|place| self.touches(place));
        !(filled || hidden || inside)
    }

    /// Whether something of a place could not be read.
    pub fn touches(&self, place: Span) -> bool {
        self.within(place).next().is_some()
    }

    /// What of a place could not be read, and perhaps more.
    pub fn within(&self, place: Span) -> impl Iterator<Item = Span> {
        let places = self.places.iter().copied();
        places.filter(move |other| {
            other.file == place.file && other.start < place.end && place.start < other.end
        })
    }

    /// Whether something of this name may be declared in what could not be read.
    pub fn hides(&self, name: &str) -> bool {
        self.hides_all || self.words.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::FileId;

    fn place(start: u32, end: u32) -> Span {
        Span {
            file: FileId(0),
            start,
            end,
        }
    }

    fn finding(start: u32, end: u32) -> Diagnostic {
        Diagnostic::error("Wrong", "It is wrong.").at(place(start, end))
    }

    fn is_kept(damage: &Damage, finding: Diagnostic) -> bool {
        !damage.sound(finding.into()).is_empty()
    }

    #[test]
    fn what_may_stand_in_the_damage_is_not_missed() {
        let mut damage = Damage::default();
        assert!(is_kept(&damage, finding(0, 9).if_whole(place(0, 99))));
        damage.add(place(10, 20), "local.some-name = \"x");
        for (found, expected) in [
            (finding(0, 10), true),
            (finding(20, 21), true),
            (finding(19, 21), false),
            (finding(12, 13), false),
            (finding(0, 5).if_whole(place(0, 10)), true),
            (finding(0, 5).if_whole(place(0, 11)), false),
            (finding(0, 5).if_absent("name"), true),
            (finding(0, 5).if_absent("some-name"), false),
            (finding(0, 5).if_absent("x"), false),
        ] {
            assert_eq!(is_kept(&damage, found.clone()), expected, "{found:?}");
        }
        let elsewhere = Span {
            file: FileId(1),
            ..place(12, 13)
        };
        assert!(is_kept(&damage, finding(0, 5).at(elsewhere)));
    }

    #[test]
    fn a_text_that_nothing_is_known_of_hides_all_names() {
        let mut damage = Damage::default();
        damage.add_unknown();
        assert!(!is_kept(&damage, finding(0, 5).if_absent("x")));
        assert!(is_kept(&damage, finding(0, 5).if_whole(place(0, 9))));
        damage.spreads();
        assert!(!is_kept(&damage, finding(0, 5).if_whole(place(0, 9))));
    }
}
