//! The story of a seed that fails: made as small as it goes, and printed as what happened when, and which rule broke.

use std::fmt::Write as _;

use super::super::Backoff;
use super::super::Change;
use super::super::Dependency;
use super::super::FailureMode;
use super::super::InstanceOrder;
use super::super::Require;
use super::super::Status;
use super::super::Unit;
use super::super::UnitKind;
use super::super::testing::short;
use super::Failure;
use super::Planted;
use super::disk::Disk;
use super::rules::Rule;
use super::run;
use super::scenario::Scenario;
use crate::objects::Address;
use crate::time::Timeline;

/// So many runs are made to make a scenario small.
const PATIENCE: usize = 3_000;

/// What a change is in a story; `None` for those that say nothing more.
pub(super) fn change(change: &Change) -> Option<String> {
    match change {
        Change::Instance(instance) if instance.status != Status::Running => {
            let reason = instance.reason.as_ref();
            let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
            let name = short(&instance.key);
            Some(format!("  {name} is {}{reason}", instance.status))
        }
        Change::Instance(instance) => {
            let name = short(&instance.key);
            let stop = instance.stop?;
            Some(format!("  {name} is to stop, and then {stop:?}"))
        }
        Change::Attempt(attempt) => {
            let name = short(&attempt.instance);
            Some(format!(
                "  attempt {} of {name} is {}",
                attempt.number, attempt.status
            ))
        }
        Change::Dropped { object, span, .. } => {
            let until = span.end.strftime("%m-%d %H:%M");
            Some(format!(
                "  what is due of {object} before {until} is passed over"
            ))
        }
        Change::Operated { instances, .. } => Some(format!(
            "  an order is carried out, for {instances} instances"
        )),
        Change::Cursor { .. } | Change::Wished { .. } => None,
    }
}

/// The smallest scenario that breaks the same rule, as a text.
pub(crate) fn of_seed<D: Disk>(seed: u64, planted: Option<Planted>) -> String {
    let scenario = Scenario::of(seed);
    let Err(failure) = run::<D>(&scenario, planted, None).0 else {
        return format!("Seed {seed} breaks no rule.\n");
    };
    let mut search = Search {
        fails: |scenario: &Scenario| run::<D>(scenario, planted, None).0.err(),
        rule: failure.finding.rule,
        patience: PATIENCE,
    };
    let small = search.smallest(scenario, &failure);
    let (result, story) = run::<D>(&small, planted, Some(Vec::new()));
    text(&small, result.err().as_ref(), &story.unwrap_or_default())
}

struct Search<F> {
    fails: F,
    rule: Rule,
    patience: usize,
}

impl<F: Fn(&Scenario) -> Option<Failure>> Search<F> {
    /// Whether a scenario breaks the rule, too.
    fn breaks(&mut self, scenario: &Scenario) -> bool {
        if self.patience == 0 {
            return false;
        }
        self.patience -= 1;
        (self.fails)(scenario).is_some_and(|failure| failure.finding.rule == self.rule)
    }

    fn smallest(&mut self, scenario: Scenario, failure: &Failure) -> Scenario {
        let mut small = scenario;
        if let Some(last) = failure.in_move {
            small.moves.truncate(last + 1);
        }
        loop {
            let before = size(&small);
            self.fewer_moves(&mut small);
            self.fewer_deaths(&mut small);
            self.fewer_units(&mut small);
            self.simpler_units(&mut small);
            if self.patience == 0 || size(&small) == before {
                return small;
            }
        }
    }

    fn fewer_moves(&mut self, small: &mut Scenario) {
        let mut length = small.moves.len().div_ceil(2);
        while length > 0 {
            let mut from = 0;
            while from < small.moves.len() {
                let mut less = small.clone();
                let to = (from + length).min(less.moves.len());
                less.moves.drain(from..to);
                if self.breaks(&less) {
                    *small = less;
                } else {
                    from += length;
                }
            }
            length /= 2;
        }
    }

    fn fewer_deaths(&mut self, small: &mut Scenario) {
        for index in 0..small.moves.len() {
            let mut less = small.clone();
            if less.moves[index].death.take().is_some() && self.breaks(&less) {
                *small = less;
            }
        }
    }

    fn fewer_units(&mut self, small: &mut Scenario) {
        let addresses: Vec<Address> = small.definition.units.keys().cloned().collect();
        for address in addresses {
            let mut less = small.clone();
            less.definition.units.remove(&address);
            for unit in less.definition.units.values_mut() {
                unit.dependencies.retain(|edge| edge.producer != address);
            }
            if self.breaks(&less) {
                *small = less;
            }
        }
    }

    fn simpler_units(&mut self, small: &mut Scenario) {
        let addresses: Vec<Address> = small.definition.units.keys().cloned().collect();
        for address in addresses {
            for simplify in SIMPLER {
                let mut less = small.clone();
                let Some(unit) = less.definition.units.get_mut(&address) else {
                    continue;
                };
                let before = format!("{unit:?}");
                simplify(unit);
                if format!("{unit:?}") != before && self.breaks(&less) {
                    *small = less;
                }
            }
        }
    }
}

/// What makes a unit simpler.
const SIMPLER: &[fn(&mut Unit)] = &[
    |unit| unit.preconditions.clear(),
    |unit| unit.dependencies.clear(),
    |unit| unit.dependencies.truncate(1),
    |unit| unit.dependencies.iter_mut().for_each(plain),
    |unit| unit.pool = None,
    |unit| unit.pipeline = None,
    |unit| unit.late_after = None,
    |unit| unit.on_late.clear(),
    |unit| unit.on_fail.clear(),
    |unit| unit.on_success.clear(),
    |unit| unit.terminate_late.clear(),
    |unit| unit.attempt_timeout = None,
    |unit| unit.precondition_timeout = None,
    |unit| unit.max_retries = 0,
    |unit| unit.retry_jitter = false,
    |unit| unit.backoff = Backoff::Constant,
    |unit| unit.failure_mode = FailureMode::None,
    |unit| unit.instance_order = InstanceOrder::OldestFirst,
    |unit| unit.priority = 0,
    |unit| unit.max_active_instances = 1,
    |unit| unit.active = true,
];

fn plain(edge: &mut Dependency) {
    edge.window = None;
    edge.past = false;
    edge.require = Require::All;
}

fn size(scenario: &Scenario) -> usize {
    scenario.moves.len() + format!("{:?}", scenario.definition).len()
}

fn text(scenario: &Scenario, failure: Option<&Failure>, story: &[String]) -> String {
    let mut text = String::new();
    writeln!(
        text,
        "Seed {}, made small. At most {} attempts at once, {} instances ahead.",
        scenario.seed, scenario.limits.parallelism, scenario.limits.instances_ahead
    )
    .unwrap();
    for unit in scenario.definition.units.values() {
        writeln!(text, "  {}", described(unit)).unwrap();
    }
    for line in story {
        writeln!(text, "{line}").unwrap();
    }
    if let Some(failure) = failure {
        let finding = &failure.finding;
        writeln!(text, "BROKEN: {}: {}", finding.rule.says(), finding.what).unwrap();
    }
    text
}

/// A unit, without what is as it is where nothing is said.
pub(super) fn described(unit: &Unit) -> String {
    let kind = match unit.kind {
        UnitKind::Activity => "an activity",
        UnitKind::DataNode => "a data node",
    };
    let when = unit
        .schedule
        .as_ref()
        .map_or("on demand".to_owned(), schedule);
    let mut parts = vec![format!("{} is {kind} {when}", unit.address)];
    let mut add = |holds: bool, part: String| parts.extend(holds.then_some(part));
    for edge in &unit.dependencies {
        let window = edge.window.map_or(String::new(), |window| {
            format!(" in {window:?}").replace("Shift ", "")
        });
        let require = match edge.require {
            Require::All => "",
            Require::Any => "any of ",
            Require::Latest => "the latest of ",
        };
        add(true, format!("needs {require}{}{window}", edge.producer));
    }
    add(
        !unit.preconditions.is_empty(),
        "has preconditions".to_owned(),
    );
    add(
        unit.max_retries > 0,
        format!("is tried {} times again", unit.max_retries),
    );
    if let Some(timeout) = unit.attempt_timeout {
        add(true, format!("may take {timeout:#}"));
    }
    if let Some(late) = unit.late_after {
        add(true, format!("is late after {late:#}"));
    }
    if let Some(share) = &unit.pool {
        add(true, format!("takes {} of {}", share.slots, share.pool));
    }
    add(
        unit.failure_mode == FailureMode::Cascade,
        "gives up with what it needs".to_owned(),
    );
    add(
        unit.instance_order == InstanceOrder::NewestFirst,
        "starts with the newest".to_owned(),
    );
    add(
        unit.max_active_instances > 1,
        format!("runs up to {} at once", unit.max_active_instances),
    );
    add(!unit.active, "is not active".to_owned());
    parts.join(", ")
}

pub(super) fn schedule(timeline: &Timeline) -> String {
    let schedule = timeline.current();
    let every = match (schedule.every(), schedule.cron()) {
        (Some(every), _) => format!("{every:?}"),
        (_, Some(cron)) => format!("cron {}", cron.as_str()),
        _ => String::new(),
    };
    let zone = schedule.timezone().iana_name().unwrap_or("UTC");
    let first = timeline.first_interval();
    let from = first.map_or("never".to_owned(), |first| {
        first.start.strftime("from %m-%d %H:%M").to_string()
    });
    let calendar = schedule
        .calendar()
        .map_or(String::new(), |(_, when)| format!(", on days off {when:?}"));
    let last = timeline.last_interval().map_or(String::new(), |last| {
        last.end.strftime(" until %m-%d %H:%M").to_string()
    });
    format!(
        "({every} {from}{last} {zone}, due at {:?}{calendar})",
        schedule.due()
    )
}
