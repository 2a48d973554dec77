//! A configuration that changes at random, and the state that its plans are applied to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::expected::Happened;
use super::expected::Later;
use crate::cli::planning::Planned;
use crate::cli::planning::no_files_call;
use crate::cli::planning::planned;
use crate::cli::planning::settled;
use crate::cli::target::Target;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::engine::simulation::Random;
use crate::lang::module::Module;
use crate::lang::module::ModuleTree;
use crate::lang::parse_body;
use crate::objects::Address;
use crate::objects::Objects;
use crate::objects::configuration::Configuration;
use crate::objects::configuration::Surroundings;
use crate::objects::configuration::configure;
use crate::runtime::testing;
use crate::store::Filter;
use crate::store::Holder;
use crate::store::Record;
use crate::store::Store;

/// The activities, each with the pipeline that it is in at first.
const ACTIVITIES: [(&str, &str); 4] = [("p", "a"), ("p", "b"), ("p", "c"), ("q", "d")];

/// An activity as it is written.
#[derive(Clone, Debug)]
struct Written {
    /// In which pipeline.
    pipeline: &'static str,
    /// Under which name.
    name: String,
    /// What it says.
    lines: Vec<String>,
}

/// What is configured.
#[derive(Clone, Debug, Default)]
struct Configured {
    schedules: BTreeMap<&'static str, Vec<String>>,
    pipelines: BTreeMap<&'static str, Vec<String>>,
    activities: BTreeMap<&'static str, Written>,
    moved: Vec<(Address, Address)>,
}

/// A configuration, its state and its clock.
pub(super) struct World {
    random: Random,
    configured: Configured,
    store: Store,
    directory: tempfile::TempDir,
    /// What the clock says.
    pub(super) now: Timestamp,
    story: String,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut world = Self {
            random: Random(seed),
            configured: Configured::default(),
            // Where there is none, an empty one in memory is answered.
            store: Store::read(&directory.path().join("state.db")).unwrap(),
            directory,
            now: "2026-03-20T12:00:00Z".parse().unwrap(),
            story: String::new(),
        };
        world.rewrite(|configured, random| {
            for name in ["s", "t"] {
                configured.schedules.insert(name, schedule(random));
            }
        });
        world
    }

    /// Changes something, also by hand, some time later.
    pub(super) fn change(&mut self) {
        let minutes = self.random.pick(&[0, 0, 7, 95, 1_500, 5_000, 20_000]);
        self.now += SignedDuration::from_mins(minutes.unwrap());
        if self.random.percent(20) {
            self.pause();
        }
        self.configured.moved.clear();
        for _ in 0..self.random.up_to(3) {
            self.rewrite(Configured::change);
        }
        let text = self.configured.text();
        write!(self.story, "\n# at {}\n{text}", self.now).unwrap();
    }

    /// Writes something else, unless that would be a mistake.
    fn rewrite(&mut self, write: impl Fn(&mut Configured, &mut Random)) {
        loop {
            let mut configured = self.configured.clone();
            write(&mut configured, &mut self.random);
            if evaluated(&configured.text(), &Objects::new(), self.now).is_ok() {
                self.configured = configured;
                return;
            }
        }
    }

    /// Holds something, or lets it go on, as an operator does.
    fn pause(&mut self) {
        let held: Vec<Address> = self.store.pauses().unwrap().into_keys().collect();
        let serial = self.store.head().unwrap().serial;
        let objects = self.store.objects_at(serial).unwrap().into_iter();
        let objects: Vec<Address> = objects
            .filter(|object| ["pipeline", "activity"].contains(&object.kind.as_str()))
            .map(|object| object.address)
            .collect();
        let paused: Vec<Address> = self.random.pick(&objects).into_iter().collect();
        let resumed: Vec<Address> = self.random.pick(&held).into_iter().collect();
        let (paused, resumed) = if resumed.is_empty() {
            (paused, resumed)
        } else {
            (Vec::new(), resumed)
        };
        writeln!(self.story, "\n# {paused:?} paused, {resumed:?} resumed").unwrap();
        let record = Record {
            at: self.now,
            who: "maria@laptop".to_owned(),
            operation: "pause".to_owned(),
            what: String::new(),
            asked: 1,
            changed: None,
        };
        self.store.set_pauses(&record, &paused, &resumed).unwrap();
    }

    /// Plans how to get to the configuration as it is.
    pub(super) fn plan(&self) -> Planned {
        let text = self.configured.text();
        let make = |prior: &Objects| Ok(Target::state(evaluated(&text, prior, self.now).unwrap()));
        let plan =
            settled(&self.store, make, self.now).and_then(|settled| planned(settled, self.now));
        plan.unwrap_or_else(|failure| panic!("{failure:?}\n{}", self.story))
    }

    /// Applies a plan.
    pub(super) fn apply(&mut self, planned: &Planned) {
        let apply = planned
            .apply(&self.store, "maria@laptop".to_owned())
            .unwrap();
        let holder = Holder::this_process("maria@laptop".to_owned(), "apply", self.now);
        let lock = Store::lock_state(&self.path(), &holder, Duration::ZERO).unwrap();
        self.store.apply(&lock, &apply).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("state.db")
    }

    /// Runs what is due. Some data is not there.
    pub(super) fn run(&mut self) {
        let (random, now) = (&mut self.random, self.now);
        testing::run(&mut self.store, now, |_| random.percent(40));
    }

    /// What has happened so far.
    pub(super) fn happened(&self) -> Happened {
        let instances = self
            .store
            .instances(&Filter::default())
            .unwrap()
            .into_iter();
        Happened {
            instances: instances.map(|one| (one.key.clone(), one)).collect(),
            dropped: self.store.dropped().unwrap(),
            made_until: self.store.made_until().unwrap(),
        }
    }

    /// Lets time go on to one of the moments at which a plan says that something becomes due.
    pub(super) fn later(&mut self, planned: &Planned) -> Later {
        let later = Later::of(planned);
        if let Some(then) = self.random.pick(&later.moments()) {
            self.now = then;
        }
        writeln!(self.story, "\n# it is {}", self.now).unwrap();
        later.up_to(self.now)
    }

    /// What was configured and when.
    pub(super) fn account(&self) -> &str {
        &self.story
    }
}

impl Written {
    fn address(&self) -> Address {
        let Self { pipeline, name, .. } = self;
        Address::new(format!("pipeline.{pipeline}.activity.{name}"))
    }
}

impl Configured {
    fn change(&mut self, random: &mut Random) {
        match random.below(7) {
            0 | 1 => {
                let name = random.pick(&["s", "t"]).unwrap();
                self.schedules.insert(name, schedule(random));
            }
            2 => {
                let name = random.pick(&["p", "q"]).unwrap();
                self.pipelines.insert(name, pipeline(random));
            }
            3 => self.rename(random),
            _ => self.change_activity(random),
        }
    }

    fn change_activity(&mut self, random: &mut Random) {
        let (pipeline, name) = random.pick(&ACTIVITIES).unwrap();
        let known = self.activities.get(name);
        let pipeline = known.map_or(pipeline, |known| known.pipeline);
        self.pipelines.entry(pipeline).or_default();
        if known.is_some() && random.percent(40) {
            self.activities.remove(name);
            return;
        }
        let written = Written {
            pipeline,
            name: known.map_or_else(|| name.to_owned(), |known| known.name.clone()),
            lines: activity(random),
        };
        self.activities.insert(name, written);
    }

    /// Gives an activity another name, or another pipeline, with a `moved` block.
    fn rename(&mut self, random: &mut Random) {
        let (_, name) = random.pick(&ACTIVITIES).unwrap();
        let Some(written) = self.activities.get_mut(name) else {
            return;
        };
        let old = written.address();
        if self.moved.iter().any(|(_, moved)| *moved == old) {
            return;
        }
        if random.percent(50) {
            written.pipeline = if written.pipeline == "p" { "q" } else { "p" };
            self.pipelines.entry(written.pipeline).or_default();
        } else {
            written.name = match written.name.strip_suffix("_new") {
                Some(short) => short.to_owned(),
                None => format!("{name}_new"),
            };
        }
        self.moved.push((old, written.address()));
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, lines) in &self.schedules {
            block(&mut text, "", &format!("schedule \"{name}\""), lines);
        }
        text.push_str("calendar \"weekends\" {\n  weekends = [\"saturday\", \"sunday\"]\n}\n");
        // Of `n` the data may be missing.
        text.push_str("data_node \"file\" \"n\" {\n  schedule = schedule.t\n  path = \"/n/${run.scheduled_start}\"\n  precondition \"exists\" {}\n}\n");
        for (name, lines) in &self.pipelines {
            writeln!(text, "pipeline \"{name}\" {{").unwrap();
            for line in lines {
                writeln!(text, "  {line}").unwrap();
            }
            let activities = self.activities.values();
            for written in activities.filter(|written| written.pipeline == *name) {
                let head = format!("activity \"shell_command\" \"{}\"", written.name);
                block(&mut text, "  ", &head, &written.lines);
            }
            text.push_str("}\n");
        }
        for (old, new) in &self.moved {
            let lines = [format!("from = {old}"), format!("to   = {new}")];
            block(&mut text, "", "moved", &lines);
        }
        text
    }
}

/// What a text describes, or what is wrong with it.
fn evaluated(text: &str, prior: &Objects, now: Timestamp) -> Result<Configuration, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId::default(), text, &mut diagnostics);
    let module = Module::decode(".", vec![body], &mut diagnostics);
    let call = no_files_call(now);
    let surroundings = Surroundings {
        variables: &BTreeMap::new(),
        call: &call,
        directory: ".",
        working_directory: "/work",
        workspace: "default",
        allow_plaintext: false,
        prior: Some(prior),
    };
    let (configuration, found) = configure(&ModuleTree::leaf(module), surroundings);
    diagnostics.extend(found);
    if diagnostics.has_errors() {
        Err(diagnostics)
    } else {
        Ok(configuration)
    }
}

fn block(text: &mut String, indent: &str, head: &str, lines: &[String]) {
    writeln!(text, "{indent}{head} {{").unwrap();
    for line in lines {
        writeln!(text, "{indent}  {line}").unwrap();
    }
    writeln!(text, "{indent}}}").unwrap();
}

/// One of these, unless it is empty.
fn choice(random: &mut Random, lines: &mut Vec<String>, among: &[&str]) {
    let picked = random.pick(among).unwrap_or_default();
    if !picked.is_empty() {
        lines.push(picked.to_owned());
    }
}

fn schedule(random: &mut Random) -> Vec<String> {
    let mut lines = Vec::new();
    let when = [
        r#"every = "1 day""#,
        r#"every = "6 hours""#,
        r#"every = "5 hours""#,
        r#"every = "1 week""#,
        r#"every = "2 days""#,
        r#"every = "1 month""#,
        r#"cron = "0 */6 * * *""#,
        r#"cron = "30 2 * * *""#,
        r#"cron = "15 9 * * 1-5""#,
    ];
    choice(random, &mut lines, &when);
    let zones = [
        "",
        r#"timezone = "Europe/Berlin""#,
        r#"timezone = "America/New_York""#,
    ];
    choice(random, &mut lines, &zones);
    let day = random.up_to(31);
    let month = random.pick(&[2, 3, 3, 3, 4]).unwrap();
    let day = day.min(if month == 2 { 28 } else { 30 });
    lines.push(format!(r#"start = "2026-{month:02}-{day:02}""#));
    choice(random, &mut lines, &["", "", "", r#"due = "start""#]);
    let ends = ["", "", "", "occurrences = 7", r#"end = "2026-05-05""#];
    choice(random, &mut lines, &ends);
    if random.percent(15) {
        lines.push("calendar = calendar.weekends".to_owned());
        let moved = [
            "",
            r#"when_excluded = "next""#,
            r#"when_excluded = "previous""#,
        ];
        choice(random, &mut lines, &moved);
    }
    lines
}

fn pipeline(random: &mut Random) -> Vec<String> {
    let mut lines = Vec::new();
    let schedules = ["schedule = schedule.s", "schedule = schedule.t", ""];
    choice(random, &mut lines, &schedules);
    choice(random, &mut lines, &["", "", "", "active = false"]);
    lines
}

fn activity(random: &mut Random) -> Vec<String> {
    let mut lines = vec![r#"command = "true""#.to_owned()];
    let schedules = ["", "", "schedule = schedule.s", "schedule = schedule.t"];
    choice(random, &mut lines, &schedules);
    let active = ["", "", "", "active = true", "active = false"];
    choice(random, &mut lines, &active);
    let caught_up = [
        "",
        "",
        r#"catch_up = "all""#,
        r#"catch_up = "latest""#,
        r#"catch_up = "none""#,
    ];
    choice(random, &mut lines, &caught_up);
    let other = ["", "", r#"due = "start""#, r#"description = "another""#];
    choice(random, &mut lines, &other);
    choice(random, &mut lines, &["", "input = data_node.n"]);
    lines
}
