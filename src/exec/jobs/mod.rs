//! Jobs: what activities on clusters do, as the steps of a cluster or as programs of Spark on this machine.
//!
//! `emr`, `hadoop`, `hive`, `hive_copy`, `pig` and `spark` each say here what is run. How a cluster runs steps is not known here ([`emr`](super::emr)).

mod hive;
mod local;
mod pig;
mod scripts;
mod spark;
mod statements;
mod tables;

use std::collections::BTreeSet;

pub use hive::Hive;
pub use hive::Staged;
pub use local::LocalSpark;
pub use pig::Parameter;
pub use pig::Pig;
pub use spark::Code;
pub use spark::Spark;
pub use tables::Layout;
pub use tables::Table;

use super::Context;
use super::ExecError;
use super::emr;
use super::emr::Cluster;
use super::emr::Emr;
use super::emr::Step;
use super::preflight::Need;
use super::staging::Area;
use crate::connect::place::Place;

/// The jar that runs programs of a cluster.
pub const COMMAND_RUNNER: &str = "command-runner.jar";

/// A job with everything resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What its steps are called.
    pub name: String,
    /// What is run.
    pub program: Program,
    /// Steps before it.
    pub before: Vec<Step>,
    /// Steps after it.
    pub after: Vec<Step>,
    /// Where it runs.
    pub on: On,
}

/// What is run.
#[derive(Clone, Debug, PartialEq)]
pub enum Program {
    /// Steps as they are: `activity "emr"` and `"hadoop"`.
    Steps(Vec<Step>),
    /// `activity "hive"` and `"hive_copy"`.
    Hive(Hive),
    /// `activity "pig"`.
    Pig(Pig),
    /// `activity "spark"`.
    Spark(Spark),
}

/// Where a job runs.
#[derive(Clone, Debug, PartialEq)]
pub enum On {
    /// On a cluster.
    Cluster {
        /// Which.
        cluster: Box<Cluster>,
        /// The prefix where scripts and code are put that it cannot reach where they are.
        kept: Option<Place>,
    },
    /// On this machine.
    Local(Box<LocalSpark>),
}

impl Job {
    /// What must be there for it to run.
    pub(super) fn needs(&self) -> BTreeSet<Need> {
        let mut needs = match &self.program {
            Program::Steps(_) => BTreeSet::new(),
            Program::Hive(hive) => hive.needs(),
            Program::Pig(pig) => pig.needs(),
            Program::Spark(spark) => spark.needs(),
        };
        match &self.on {
            On::Cluster { cluster, kept } => {
                needs.extend(cluster.needs());
                let read = self.steps().flat_map(read_by).chain(self.code());
                needs.extend(read.filter_map(|place| Need::on_cluster(&cluster.aws, place)));
                needs.extend(kept.iter().map(Need::writable));
            }
            On::Local(spark) => needs.extend(spark.needs(&self.program)),
        }
        needs
    }

    /// Its steps, as far as they are known before it runs.
    fn steps(&self) -> impl Iterator<Item = &Step> {
        let own: &[Step] = match &self.program {
            Program::Steps(steps) => steps,
            _ => &[],
        };
        self.before.iter().chain(own).chain(&self.after)
    }

    /// Its code that the cluster reads where it is.
    fn code(&self) -> impl Iterator<Item = &str> {
        let spark = match &self.program {
            Program::Spark(spark) => Some(spark),
            _ => None,
        };
        let code = spark.into_iter().flat_map(Spark::code);
        code.filter_map(|code| match code {
            Code::There(place) => Some(place.as_str()),
            Code::Here(_) => None,
        })
    }
}

/// Where a step has its jar, and the script that it runs, if it is one that runs a script.
fn read_by(step: &Step) -> impl Iterator<Item = &str> {
    let script = step.args.first().map(String::as_str);
    let script = script.filter(|_| step.jar.ends_with("script-runner.jar"));
    [Some(step.jar.as_str()), script].into_iter().flatten()
}

/// Does a job.
pub(super) async fn run(job: &Job, area: &Area, ctx: &Context) -> Result<(), ExecError> {
    match (&job.on, &job.program) {
        (On::Cluster { cluster, kept }, _) => {
            let depot = scripts::Depot::new(kept.as_ref(), area, ctx);
            let work = Emr {
                cluster: Cluster::clone(cluster),
                steps: job.all_steps(&depot).await?,
            };
            Box::pin(emr::run(&work, ctx)).await
        }
        (On::Local(spark), Program::Hive(hive)) => spark.sql(hive, area, ctx).await,
        (On::Local(spark), Program::Spark(program)) => spark.submit(program, area, ctx).await,
        (On::Local(_), Program::Steps(_) | Program::Pig(_)) => Err(ExecError::ForGood(format!(
            "`{}` runs on a cluster only, and it is told to run on this machine",
            job.name
        ))),
    }
}

impl Job {
    /// All its steps, in their order. What the cluster cannot reach is put where it can.
    async fn all_steps(&self, depot: &scripts::Depot<'_>) -> Result<Vec<Step>, ExecError> {
        let own = match &self.program {
            Program::Steps(steps) => steps.clone(),
            Program::Hive(hive) => vec![hive.on_cluster(&self.name, depot).await?],
            Program::Pig(pig) => vec![pig.on_cluster(&self.name, depot).await?],
            Program::Spark(spark) => vec![spark.on_cluster(&self.name, depot).await?],
        };
        let before = self.before.iter().cloned();
        Ok(before
            .chain(own)
            .chain(self.after.iter().cloned())
            .collect())
    }
}

/// A step that runs a program of the cluster.
pub fn command(name: &str, words: impl IntoIterator<Item = String>) -> Step {
    Step {
        name: name.to_owned(),
        jar: COMMAND_RUNNER.to_owned(),
        args: words.into_iter().collect(),
        ..Step::default()
    }
}

/// `FLAG NAME=VALUE` for each.
fn settings<'s>(flag: &str, pairs: impl IntoIterator<Item = (&'s str, &'s str)>) -> Vec<String> {
    let pairs = pairs.into_iter();
    pairs
        .flat_map(|(name, value)| [flag.to_owned(), format!("{name}={value}")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_reads_its_jar_and_the_script_that_it_runs() {
        let step = |jar: &str| Step {
            jar: jar.to_owned(),
            args: vec!["s3://acme/x.sh".to_owned(), "y".to_owned()],
            ..Step::default()
        };
        let read = |jar: &str| read_by(&step(jar)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(read("s3://acme/x.jar"), ["s3://acme/x.jar"]);
        let runner = "s3://r.elasticmapreduce/libs/script-runner/script-runner.jar";
        assert_eq!(read(runner), [runner, "s3://acme/x.sh"]);
    }
}
