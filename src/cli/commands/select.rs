//! Which objects and intervals a command is about: `ADDRESS`, with `*` for any part of a name, and `ADDRESS@FROM..TO`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::errors::Failure;
use crate::diag::did_you_mean;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Timetable;
use crate::time::Interval;
use crate::time::Moment;
use crate::time::Timeline;
use crate::time::parse_moment;

/// Whether an address is the one that was asked for, one of its `for_each`, or inside it. `*` stands for any part of a
/// name, `**` for anything.
pub(in crate::cli) fn is_inside(address: &Address, prefix: &str) -> bool {
    matches(address.as_str(), prefix, false)
}

/// `in_key`: both go on between the quotes of a key, where a dot ends no name.
fn matches(text: &str, pattern: &str, in_key: bool) -> bool {
    let ends_in_key = |passed: &str| in_key ^ (passed.matches('"').count() % 2 == 1);
    let goes_on = |text: &str, rest: &str, passed: &str| matches(text, rest, ends_in_key(passed));
    if let Some(rest) = pattern.strip_prefix("**") {
        return parts(text).any(|(passed, text)| goes_on(text, rest, passed));
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        return parts(text)
            .take_while(|(passed, _)| !ends_a_name(passed, in_key))
            .any(|(passed, text)| goes_on(text, rest, passed));
    }
    let (mut letters, mut wanted) = (text.chars(), pattern.chars());
    match (letters.next(), wanted.next()) {
        (None | Some('.' | '['), None) => true,
        (Some(letter), Some(want)) if letter == want => {
            matches(letters.as_str(), wanted.as_str(), in_key ^ (letter == '"'))
        }
        _ => false,
    }
}

/// A text in two parts, in all ways, the shortest first part first.
fn parts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.map(move |at| text.split_at(at))
}

/// Whether a part of an address goes beyond a name: it has a dot outside of a key.
fn ends_a_name(passed: &str, mut in_key: bool) -> bool {
    passed.chars().any(|letter| {
        in_key ^= letter == '"';
        letter == '.' && !in_key
    })
}

/// The addresses of the state that were asked for; all of them if none was. An address that matches nothing is an error.
pub(super) fn select(
    known: &BTreeSet<Address>,
    wanted: &[String],
) -> Result<Vec<Address>, Failure> {
    let place = ("state", "`pipeform state list` shows what there is.");
    select_from(place, known, wanted)
}

/// The addresses that were asked for, of a place that is called so, with a hint on what to do when there is none.
pub(in crate::cli) fn select_from(
    (place, what_to_do): (&str, &str),
    known: &BTreeSet<Address>,
    wanted: &[String],
) -> Result<Vec<Address>, Failure> {
    for prefix in wanted {
        if prefix.is_empty() {
            return Err(Failure::message(format!(
                "An address is empty. Is a variable of the script empty?\n\n{what_to_do}"
            )));
        }
        if !known.iter().any(|address| is_inside(address, prefix)) {
            let hint = nearest(prefix, known);
            return Err(Failure::message(format!(
                "The {place} has no `{prefix}`.{hint}\n\n{what_to_do}"
            )));
        }
    }
    Ok(known
        .iter()
        .filter(|address| {
            wanted.is_empty() || wanted.iter().any(|prefix| is_inside(address, prefix))
        })
        .cloned()
        .collect())
}

/// What was probably meant by an address that nothing has: one that ends with it, because the pipeline was left out, or one that
/// is written nearly so. With a space before it.
fn nearest(wanted: &str, known: &BTreeSet<Address>) -> String {
    let goes_before = |address: &&str| {
        let outer = address.strip_suffix(wanted);
        outer.is_some_and(|outer| outer.ends_with('.'))
    };
    let mut addresses = known.iter().map(Address::as_str);
    let hint = match addresses.find(goes_before) {
        Some(address) => Some(format!("Did you mean `{address}`?")),
        None => did_you_mean(wanted, known.iter().map(Address::as_str)),
    };
    hint.map(|hint| format!(" {hint}")).unwrap_or_default()
}

/// Objects, each with the stretches of time in which its instances start; `None`: all of them are meant.
pub(in crate::cli) type Chosen = BTreeMap<Address, Option<Vec<Interval>>>;

/// The objects that were asked for, all if none was, with their intervals.
pub(in crate::cli) fn select_intervals(
    known: &BTreeSet<Address>,
    selections: &[Selection],
    timetable: &Timetable,
) -> Result<Chosen, Failure> {
    if selections.is_empty() {
        return Ok(known
            .iter()
            .map(|address| (address.clone(), None))
            .collect());
    }
    let mut chosen = Chosen::new();
    for selection in selections {
        for object in select(known, std::slice::from_ref(&selection.address))? {
            let span = match selection.range {
                Range::Unsaid => None,
                _ => Some(
                    selection.starts(timetable.schedule(&object), &timetable.timezone(&object))?,
                ),
            };
            let spans = chosen.entry(object).or_insert_with(|| Some(Vec::new()));
            match (spans.as_mut(), span) {
                (Some(spans), Some(span)) => spans.push(span),
                _ => *spans = None,
            }
        }
    }
    Ok(chosen)
}

/// An address, maybe with intervals.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli) struct Selection {
    /// As it was written.
    pub(in crate::cli) text: String,
    /// The address.
    pub(in crate::cli) address: String,
    /// Which intervals.
    pub(in crate::cli) range: Range,
}

/// Which intervals of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::cli) enum Range {
    /// Nothing is said about that.
    Unsaid,
    /// The one that contains a moment.
    At(Moment),
    /// Those that start at or after the one and before the other.
    Between(Option<Moment>, Option<Moment>),
}

impl Selection {
    /// Reads all of them.
    pub(in crate::cli) fn parse_all(texts: &[String]) -> Result<Vec<Self>, Failure> {
        texts.iter().map(|text| Self::parse(text)).collect()
    }

    /// Whether it is about data nodes, too: they are meant only where they are named.
    pub(super) fn names_data_nodes(&self) -> bool {
        Address::new(&*self.address).has_kind(Kind::DataNode.as_str())
    }

    /// The same of resources.
    pub(super) fn names_resources(&self) -> bool {
        Address::new(&*self.address).has_kind(Kind::Resource.as_str())
    }

    /// Reads `ADDRESS`, `ADDRESS@MOMENT` or `ADDRESS@FROM..TO`, either end of which may be left out.
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, Failure> {
        let mut in_key = false;
        let at = text.char_indices().find(|(_, letter)| {
            in_key ^= *letter == '"';
            *letter == '@' && !in_key
        });
        let (address, range) = match at {
            None => (text, Range::Unsaid),
            Some((at, _)) => {
                let (address, range) = text.split_at(at);
                (address, Self::range(text, range.trim_start_matches('@'))?)
            }
        };
        Ok(Self {
            text: text.to_owned(),
            address: address.to_owned(),
            range,
        })
    }

    fn range(text: &str, range: &str) -> Result<Range, Failure> {
        let moment = |part: &str| {
            parse_moment(part).map_err(|error| {
                Failure::message(format!(
                    "`{text}`: {error}.\n\nBehind `@` stands one interval by a time in it (`@2026-11-01`), or those between two times (`@2026-11-01..2026-11-08`, the end not included); an end that is left out is open (`@2026-11-01..`)."
                ))
            })
        };
        let end = |part: &str| (!part.is_empty()).then(|| moment(part)).transpose();
        match range.split_once("..") {
            None => Ok(Range::At(moment(range)?)),
            Some((from, to)) => {
                let (from, to) = (end(from)?, end(to)?);
                let utc = |moment: Option<Moment>| moment?.timestamp(&TimeZone::UTC).ok();
                if let (Some(first), Some(last)) = (utc(from), utc(to))
                    && first >= last
                {
                    return Err(Failure::message(format!(
                        "`{text}`: the range is empty, its end must lie after its start."
                    )));
                }
                Ok(Range::Between(from, to))
            }
        }
    }

    /// The stretch of time in which the intervals of an object start. Times without offset are those of its zone.
    pub(in crate::cli) fn starts(
        &self,
        schedule: Option<&Timeline>,
        timezone: &TimeZone,
    ) -> Result<Interval, Failure> {
        let at = |moment: Moment| {
            moment
                .timestamp(timezone)
                .map_err(|error| Failure::message(format!("`{}`: {error}", self.text)))
        };
        let (start, end) = match self.range {
            Range::Unsaid | Range::Between(None, None) => (Timestamp::MIN, Timestamp::MAX),
            Range::Between(from, to) => (
                from.map_or(Ok(Timestamp::MIN), at)?,
                to.map_or(Ok(Timestamp::MAX), at)?,
            ),
            Range::At(moment) => {
                let moment = at(moment)?;
                let start = schedule
                    .and_then(|schedule| schedule.interval_at(moment))
                    .map_or(moment, |interval| interval.start);
                // The state keeps times to the microsecond: only this start is in it.
                let least = SignedDuration::from_micros(1);
                (start, start.checked_add(least).unwrap_or(Timestamp::MAX))
            }
        };
        Ok(Interval { start, end })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Range;
    use super::Selection;
    use super::is_inside;
    use super::nearest;
    use crate::objects::Address;

    #[test]
    fn who_leaves_out_the_pipeline_is_told_the_whole_address() {
        let known = ["pipeline.p", "pipeline.p.activity.load", "schedule.daily"];
        let known: BTreeSet<Address> = known.map(Address::new).into();
        for (wanted, hint) in [
            ("activity.load", " Did you mean `pipeline.p.activity.load`?"),
            ("load", " Did you mean `pipeline.p.activity.load`?"),
            ("schedule.dayly", " Did you mean `schedule.daily`?"),
            ("oad", ""),
            ("calendar.bank", ""),
        ] {
            assert_eq!(nearest(wanted, &known), hint, "{wanted}");
        }
    }

    #[test]
    fn a_prefix_ends_where_a_name_does() {
        let address = Address::new("pipeline.export[\"a.b\"].activity.copy");
        for (prefix, wanted) in [
            ("pipeline.export", true),
            ("pipeline.export[\"a.b\"]", true),
            ("pipeline.export[\"a.b\"].activity.copy", true),
            ("pipeline.exp", false),
            ("pipeline.export[\"b\"]", false),
            ("pipeline.*", true),
            ("pipeline.e*t", true),
            ("pipeline.exp*", true),
            ("*.export", true),
            ("*", true),
            ("pipeline.export[\"*\"]", true),
            ("pipeline.export[\"*\"].activity.*", true),
            ("pipeline.export[\"*c\"]", false),
            ("pipeline.export[*].activity.c*", true),
            ("pipeline.export*.activity.copy", true),
            ("**.copy", true),
            ("*.copy", false),
            ("pipeline.*.copy", false),
            ("**.load", false),
        ] {
            assert_eq!(is_inside(&address, prefix), wanted, "{prefix}");
        }
    }

    #[test]
    fn a_range_stands_behind_the_address() {
        let parse = |text: &str| Selection::parse(text).ok();
        let plain = parse("pipeline.p[\"a@b\"]").unwrap();
        assert_eq!(
            (plain.address.as_str(), plain.range),
            ("pipeline.p[\"a@b\"]", Range::Unsaid)
        );
        let open = parse("pipeline.p@2026-11-01..").unwrap();
        assert_eq!(open.address, "pipeline.p");
        assert!(matches!(open.range, Range::Between(Some(_), None)));
        assert!(matches!(
            parse("p@..").unwrap().range,
            Range::Between(None, None)
        ));
        assert!(matches!(parse("p@2026-11-01").unwrap().range, Range::At(_)));
        for wrong in [
            "p@",
            "p@soon",
            "p@2026-11-02..2026-11-01",
            "p@2026-13-01..",
            "p@1..2..3",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
