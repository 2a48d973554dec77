//! What can be wrong with statements, and the order in which they hold.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Move;
use super::Removal;
use super::starting;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::module::Endpoint;
use crate::lang::module::EndpointPart;
use crate::objects::address::Address;
use crate::objects::kind::Kind;

/// The findings so far. A module that is called several times has its statements several times, and its mistakes once.
#[derive(Default)]
pub(super) struct Findings {
    list: Diagnostics,
    reported: BTreeSet<(Span, &'static str)>,
}

impl Findings {
    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.list
    }

    fn report(&mut self, summary: &'static str, diagnostic: Diagnostic, span: Span) {
        if self.reported.insert((span, summary)) {
            self.list.push(diagnostic.at(span));
        }
    }

    /// Whether objects or modules can have such an address.
    pub(super) fn check_address(&mut self, endpoint: &Endpoint) -> bool {
        const SUMMARY: &str = "Invalid address";
        let Err((detail, help)) = shape(&endpoint.parts) else {
            return true;
        };
        let diagnostic = Diagnostic::error(SUMMARY, detail).help_if(help);
        self.report(SUMMARY, diagnostic, endpoint.span);
        false
    }

    /// Whether both sides of a move are of the same kind.
    pub(super) fn check_kinds(&mut self, from: &Endpoint, to: &Endpoint) -> bool {
        const SUMMARY: &str = "Invalid move";
        let kinds = [from, to].map(|side| side.parts.last().map(|part| &part.kind));
        let [Some(one), Some(other)] = kinds else {
            return false;
        };
        if one == other {
            return true;
        }
        let detail = format!(
            "A move keeps the kind: `from` is a `{one}`, and `to` is one of kind `{other}`."
        );
        self.report(SUMMARY, Diagnostic::error(SUMMARY, detail), to.span);
        false
    }

    /// Moves that contradict each other, or the configuration.
    pub(super) fn check_moves(&mut self, moves: &[Move], configured: &BTreeMap<Address, Span>) {
        let mut sources: BTreeMap<String, &Move> = BTreeMap::new();
        let mut targets: BTreeMap<String, &Move> = BTreeMap::new();
        for moved in moves {
            let (from, to) = (moved.from.to_string(), moved.to.to_string());
            if from == to {
                const SUMMARY: &str = "Redundant move";
                let detail = format!("`from` and `to` are both `{from}`. Remove the block.");
                self.report(SUMMARY, Diagnostic::error(SUMMARY, detail), moved.span);
                continue;
            }
            self.check_unambiguous(&mut sources, &from, moved, "moves to one place only");
            self.check_unambiguous(&mut targets, &to, moved, "comes from one place only");
            self.check_gone(moved, configured);
        }
    }

    fn check_unambiguous<'m>(
        &mut self,
        known: &mut BTreeMap<String, &'m Move>,
        side: &str,
        moved: &'m Move,
        rule: &str,
    ) {
        const SUMMARY: &str = "Ambiguous move";
        let Some(first) = known.get(side) else {
            known.insert(side.to_owned(), moved);
            return;
        };
        let detail = format!(
            "One `moved` block says that `{}` has become `{}`, and this one that `{}` has become `{}`. What is moved {rule}. Remove one of the two blocks.",
            first.from, first.to, moved.from, moved.to
        );
        let diagnostic = Diagnostic::error(SUMMARY, detail).label(first.span, "the first block");
        self.report(SUMMARY, diagnostic, moved.span);
    }

    fn check_gone(&mut self, moved: &Move, configured: &BTreeMap<Address, Span>) {
        const SUMMARY: &str = "Moved object still exists";
        let mut candidates = moved.candidates(configured);
        let Some((still, place)) = candidates.find_map(|(address, place)| {
            let step = moved.step(address)?;
            Some((step.from, place))
        }) else {
            return;
        };
        let place = configured.get(&still).unwrap_or(place);
        let detail = format!(
            "The `moved` block says that `{still}` has become something else, but it is still configured. Rename its block, or remove the `moved` block."
        );
        let diagnostic = Diagnostic::error(SUMMARY, detail).label(*place, "still here");
        self.report(SUMMARY, diagnostic, moved.span);
    }

    /// What was removed must not be configured.
    pub(super) fn check_removal(
        &mut self,
        removal: &Removal,
        configured: &BTreeMap<Address, Span>,
    ) {
        const SUMMARY: &str = "Removed object still exists";
        let mut candidates = starting(configured, removal.from.beginning());
        let Some((still, place)) = candidates.find(|(address, _)| removal.covers(address)) else {
            return;
        };
        let detail = format!(
            "The `removed` block says that `{}` was removed, but `{still}` is still configured. Remove its block, or the `removed` block.",
            removal.from
        );
        let diagnostic = Diagnostic::error(SUMMARY, detail).label(*place, "still here");
        self.report(SUMMARY, diagnostic, removal.span);
    }

    /// The moves in the order in which they hold: a chain from its beginning, what is inside before what is around it.
    pub(super) fn ordered(&mut self, moves: &[Move]) -> Vec<Move> {
        let mut waits: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); moves.len()];
        for (index, (moved, waits)) in moves.iter().zip(&mut waits).enumerate() {
            let others = moves.iter().enumerate();
            waits.extend(
                others
                    .filter(|(other, first)| *other != index && comes_before(first, moved))
                    .map(|(other, _)| other),
            );
        }
        let mut order: Vec<usize> = Vec::with_capacity(moves.len());
        let mut open: BTreeSet<usize> = (0..moves.len()).collect();
        while let Some(next) = open.iter().copied().find(|index| {
            waits
                .get(*index)
                .is_none_or(|waits| waits.is_disjoint(&open))
        }) {
            open.remove(&next);
            order.push(next);
        }
        self.report_cycle(moves, &waits, &open);
        order
            .into_iter()
            .filter_map(|index| moves.get(index).cloned())
            .collect()
    }

    /// Each of the `open` statements waits for another one of them: following that leads into a cycle.
    fn report_cycle(&mut self, moves: &[Move], waits: &[BTreeSet<usize>], open: &BTreeSet<usize>) {
        const SUMMARY: &str = "Cycle of moves";
        let Some(mut at) = open.first().copied() else {
            return;
        };
        let mut path: Vec<usize> = Vec::new();
        while !path.contains(&at) {
            path.push(at);
            let Some(next) = waits
                .get(at)
                .and_then(|waits| waits.intersection(open).next())
            else {
                return;
            };
            at = *next;
        }
        let cycle: Vec<&Move> = path
            .iter()
            .skip_while(|index| **index != at)
            .filter_map(|index| moves.get(*index))
            .collect();
        let lines: Vec<String> = cycle
            .iter()
            .rev()
            .map(|moved| format!("  {} has become {}", moved.from, moved.to))
            .collect();
        let Some((first, rest)) = cycle.split_first() else {
            return;
        };
        let mut diagnostic = Diagnostic::error(
            SUMMARY,
            format!(
                "These `moved` blocks follow each other in a circle, so that there is no last address:\n{}",
                lines.join("\n")
            ),
        );
        for moved in rest {
            diagnostic = diagnostic.label(moved.target, "part of the cycle");
        }
        self.report(SUMMARY, diagnostic, first.target);
    }
}

/// Whether one move has been made when another one holds.
fn comes_before(first: &Move, moved: &Move) -> bool {
    moved.from.overlaps(&first.to)
        || first.to.contains(&moved.from)
        || first.to.contains(&moved.to)
        || moved.from.contains(&first.from)
        || moved.from.contains(&first.to)
}

/// Why objects or modules cannot have such an address.
fn shape(parts: &[EndpointPart]) -> Result<(), (String, Option<String>)> {
    let inside = parts.iter().position(|part| &*part.kind != "module");
    let Some(object) = inside.and_then(|at| parts.get(at..)) else {
        return Ok(());
    };
    for part in object {
        if Kind::parse(&part.kind).is_none() {
            let kinds = Kind::ALL.iter().map(|kind| kind.as_str()).chain(["module"]);
            return Err((
                format!("There is no kind of object `{}`.", part.kind),
                did_you_mean(&part.kind, kinds),
            ));
        }
    }
    match object {
        [only] if &*only.kind == "activity" => Err((
            format!("An activity stands in a pipeline: `pipeline.NAME.{only}`."),
            None,
        )),
        [_] => Ok(()),
        [outer, inner] if &*outer.kind == "pipeline" && &*inner.kind != "pipeline" => Ok(()),
        [outer, inner, ..] if &*outer.kind != "pipeline" => Err((
            format!("`{inner}` is part of `{outer}`, and goes where that goes."),
            None,
        )),
        [_, owner, inner, ..] => Err((
            format!("`{inner}` is part of `{owner}`, and goes where that goes."),
            None,
        )),
        _ => Err(("A pipeline does not stand in a pipeline.".to_owned(), None)),
    }
}
