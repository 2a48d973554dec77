//! The runner of a simulation: it feeds the engine, commits what that answers and then does it, as `runtime` does; or dies
//! in between, is superseded, or stops.

use std::collections::BTreeMap;
use std::convert::Infallible;

use jiff::SignedDuration;

use super::super::Change;
use super::super::Definition;
use super::super::Effect;
use super::super::Engine;
use super::super::Event;
use super::super::Instance;
use super::super::InstanceKey;
use super::super::Outcome;
use super::super::Step;
use super::super::Written;
use super::super::testing::short;
use super::Planted;
use super::disk::Disk;
use super::oracle::Check;
use super::oracle::Site;
use super::random::Random;
use super::rules::Found;
use super::rules::Rule;
use super::rules::must;
use super::scenario::Death;
use super::world::World;
use super::world::site;

/// How often memory is compared with what an engine would know that was made anew.
const COMPARE_EACH: u32 = 24;

/// Where the runner finds more about what others have written.
struct Beside<'a, D> {
    serials: &'a BTreeMap<u64, Definition>,
    disk: &'a D,
}

impl<D: Disk> Written for Beside<'_, D> {
    type Error = Infallible;

    fn definition(&mut self, serial: u64) -> Result<Definition, Infallible> {
        let mut definition = self.serials[&serial].clone();
        definition.pause(&self.disk.held());
        Ok(definition)
    }

    fn unfinished(&mut self) -> Result<Vec<Instance>, Infallible> {
        Ok(self.disk.past().instances)
    }
}

impl<D: Disk> World<D> {
    /// What others have written.
    fn take_news(&mut self) -> Step {
        let news = self.disk.news();
        if news.is_empty() {
            return Step::default();
        }
        let mut beside = Beside {
            serials: &self.serials,
            disk: &self.disk,
        };
        let Ok(step) = self.engine.take_news(news, &mut beside, self.now);
        step
    }

    /// Gives what others have written and then events to the engine, commits what it answers, then does it; or dies in between.
    pub(super) fn handle(&mut self, said: &str, events: &[Event]) -> Found {
        self.tell(|| said.to_owned());
        let mut step = self.take_news();
        for event in events {
            step.add(self.engine.step(event.clone(), self.now));
        }
        self.compare_opinions(&step, events)?;
        self.steps += 1;
        self.tally.steps += 1;
        match self.death.take() {
            None => {
                self.commit(&step.changes)?;
                self.perform(step.effects)?;
            }
            Some(Death::BeforeCommit) => return self.crash("the runner dies before it commits"),
            Some(Death::InCommit) => {
                self.disk.begin_commit(&step.changes);
                return self.crash("the runner dies while it commits");
            }
            Some(Death::AfterCommit) => {
                self.commit(&step.changes)?;
                return self.crash("the runner dies after it has committed");
            }
            Some(Death::AfterEffects) => {
                self.commit(&step.changes)?;
                self.perform(step.effects)?;
                return self.crash("the runner dies");
            }
        }
        if self.draining {
            return Ok(());
        }
        let site = Site {
            next_wake: self.engine.next_wake(),
            ..site(&self.definition, self.limits, self.now)
        };
        self.oracle.after_step(site)?;
        // What has begun is not undone by a clock that is set back; a new engine would wait once more.
        self.latest = self.latest.max(self.now);
        if self.steps.is_multiple_of(COMPARE_EACH) && self.now == self.latest {
            self.compare_rebuilt()?;
        }
        Ok(())
    }

    /// A runner that reads only a part of the state decides the same, and is woken in time.
    fn compare_opinions(&mut self, step: &Step, events: &[Event]) -> Found {
        let Some(other) = self.disk.second_opinion(events, self.now) else {
            return Ok(());
        };
        must(other.step == *step, Rule::StoreIsLog, || {
            let said = |step: &Step| {
                let changes = step.changes.iter().filter_map(super::story::change);
                changes.collect::<Vec<String>>().join(",")
            };
            format!(
                "a runner that reads only what matters decides otherwise: {}, and not {}",
                said(&other.step),
                said(step)
            )
        })?;
        let wakes = |at| other.next_wake.is_some_and(|wake| wake <= at);
        let in_time = self.engine.next_wake().is_none_or(wakes);
        must(in_time, Rule::NothingForgotten, || {
            "a runner that reads only what matters is not woken in time".to_owned()
        })
    }

    fn commit(&mut self, changes: &[Change]) -> Found {
        if changes.is_empty() {
            return Ok(());
        }
        // Only where somebody listens: it is done for every change.
        if self.story.is_some() {
            for line in changes.iter().filter_map(super::story::change) {
                self.tell(|| line);
            }
        }
        let taken = self.disk.commit(self.limits.fence, changes);
        must(taken, Rule::OneLease, || {
            "the store refuses the only runner there is".to_owned()
        })?;
        let site = site(&self.definition, self.limits, self.now);
        self.oracle.committed(changes, site)?;
        for change in changes {
            let Change::Instance(instance) = change else {
                continue;
            };
            let key = &instance.key;
            let written = self.disk.instance(key);
            let logged = self.oracle.log.instances.get(key);
            must(written.as_ref() == logged, Rule::StoreIsLog, || {
                let status = written.map_or("nothing", |written| written.status.as_str());
                let logged = logged.map_or("nothing", |logged| logged.status.as_str());
                format!(
                    "the store has {status} for {}, and {logged} was committed",
                    short(key)
                )
            })?;
            self.compare(key)?;
        }
        Ok(())
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Found {
        for effect in effects {
            match effect {
                Effect::Start { key, number, .. } => {
                    let site = site(&self.definition, self.limits, self.now);
                    self.oracle.starts(&key, number, site)?;
                    let flight = self.take_off(&key, number);
                    self.flights.insert((key, number), flight);
                }
                Effect::Kill { key, number, .. } => {
                    let stays = self.fate(&key, number).percent(20);
                    // Nothing to do for one that was lost and is not reported yet; some come to their own end all the same.
                    if let Some(flight) = self.flights.get_mut(&(key, number))
                        && (!stays || self.draining)
                    {
                        (flight.ends, flight.outcome) = (self.now, Outcome::Killed);
                    }
                }
                Effect::Check { key } => {
                    let name = short(&key);
                    let unit = self.definition.units.get(&key.object);
                    let check = Check {
                        of: unit.map_or_else(Vec::new, |unit| unit.preconditions.clone()),
                        begun: self.oracle.times_begun(&key),
                    };
                    let other = self.checks.insert(key, check);
                    must(other.is_none(), Rule::Legal, || {
                        format!("the preconditions of {name} are checked twice at once")
                    })?;
                }
                Effect::Late { .. } | Effect::GiveUp { .. } => {}
                Effect::Act { action, instance } => self.oracle.acts(&action, &instance.key)?,
            }
        }
        Ok(())
    }

    /// The runner ends cleanly, and what it stopped is tried again by the next one.
    pub(super) fn stop(&mut self) -> Found {
        self.draining = true;
        self.handle("the runner is asked to stop", &[Event::Drain])?;
        while self.draining && !self.flights.is_empty() {
            self.end_first()?;
        }
        if self.draining {
            self.crash("it has stopped, and the next one starts")?;
        }
        Ok(())
    }

    /// The runner is gone, and all it started with it; the next one goes on from what is stored.
    pub(super) fn crash(&mut self, said: &str) -> Found {
        self.tell(|| format!("{said}; the next one goes on"));
        self.tally.crashes += 1;
        self.take_over(false)
    }

    /// Another runner takes over from what is stored.
    fn take_over(&mut self, alive: bool) -> Found {
        let flights = std::mem::take(&mut self.flights);
        self.over.extend(flights.into_keys());
        self.checks.clear();
        self.draining = false;
        self.limits.fence = self.disk.take_over(alive);
        let mut past = self.disk.past();
        if self.planted == Some(Planted::ForgetsWhatHasFinished) {
            past.settled.clear();
            past.made_until.clear();
        }
        let mut definition = self.serials[&self.disk.begins_with()].clone();
        definition.pause(&self.disk.held());
        self.engine = Engine::new(definition, past, self.limits);
        self.engine.plant(self.planted.and_then(Planted::in_engine));
        self.disk.begin(self.limits, self.now);
        let running = self.disk.running().into_iter();
        let lost = running.map(|attempt| Event::AttemptEnded {
            key: attempt.instance,
            number: attempt.number,
            outcome: Outcome::Lost,
        });
        let lost: Vec<Event> = lost.collect();
        if !lost.is_empty() {
            self.handle("what was under way is lost", &lost)?;
        }
        self.handle("its first tick", &[Event::Tick])
    }

    /// Another runner takes over though this one only sleeps. It wakes up, and must not get anything written.
    pub(super) fn usurp(&mut self, random: &mut Random) -> Found {
        let mut old = self.engine.clone();
        let fence = self.limits.fence;
        let flights: Vec<(InstanceKey, u32)> = self.flights.keys().cloned().collect();
        self.tell(|| "the runner sleeps, and another one takes over".to_owned());
        let crashes = self.tally.crashes;
        self.take_over(true)?;
        if self.tally.crashes > crashes {
            return Ok(());
        }
        let event = match random.pick(&flights) {
            Some((key, number)) => Event::AttemptEnded {
                key,
                number,
                outcome: Outcome::Finished,
            },
            None => Event::Trigger(self.definition.units.keys().cloned().collect()),
        };
        let later = SignedDuration::from_millis(1);
        let step = old.step(event, self.now.checked_add(later).unwrap());
        if step.changes.is_empty() {
            return Ok(());
        }
        self.tally.refused += 1;
        self.tell(|| "the one that slept wakes up and wants to commit".to_owned());
        let taken = self.disk.commit_superseded(fence, &step.changes);
        must(!taken, Rule::OneLease, || {
            "the store takes what a runner commits that was superseded".to_owned()
        })
    }

    /// What the engine knows of an instance is what is written.
    fn compare(&self, key: &InstanceKey) -> Found {
        let logged = &self.oracle.log.instances[key];
        let same = match self.engine.instance(key) {
            None => logged.status.is_settled(),
            Some(live) => {
                let mut live = live.clone();
                live.not_before = logged.not_before;
                live == *logged
            }
        };
        must(same, Rule::StoreIsLog, || {
            format!(
                "the engine has forgotten what it committed of {}",
                short(key)
            )
        })
    }

    /// The store is the replay of its log, and the engine knows the same.
    pub(super) fn compare_all(&self) -> Found {
        let tables = self.disk.tables();
        let kept = self.oracle.kept();
        must(tables == kept, Rule::StoreIsLog, || {
            let differ = |(key, instance)| kept.instances.get(key) != Some(instance);
            let instance = tables.instances.iter().find(|entry| differ(*entry));
            let which = instance.map_or("something".to_owned(), |(key, _)| short(key));
            format!("the store has another {which} than was committed")
        })?;
        let mut keys = self.oracle.log.instances.keys();
        keys.try_for_each(|key| self.compare(key))
    }

    /// An engine made from what is stored would go on the same way.
    fn compare_rebuilt(&self) -> Found {
        let rebuilt = super::rebuilt::difference(
            &self.engine,
            &self.definition,
            (self.disk.past(), self.limits),
            self.now,
        );
        must(rebuilt.is_none(), Rule::StoreIsLog, || {
            format!(
                "an engine that is made anew from the store differs in {}",
                rebuilt.unwrap_or_default()
            )
        })
    }
}
