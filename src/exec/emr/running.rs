//! Running steps on a cluster, for one attempt.

use std::time::Duration;

use sha2::Digest as _;
use sha2::Sha256;

use super::Emr;
use super::Step;
use super::calls;
use super::logs;
use super::stopping;
use super::tenancy::Standing;
use super::tenancy::Tenancy;
use crate::connect::aws::AwsError;
use crate::connect::aws::Session;
use crate::connect::aws::emr;
use crate::connect::aws::emr::StepRequest;
use crate::connect::aws::emr::StepSeen;
use crate::connect::aws::emr::StepState;
use crate::exec::Context;
use crate::exec::ExecError;

/// What the marks of instances begin with.
const MARK: &str = "pipeform:";

/// How many letters and digits of a digest come after that.
const MARK_LENGTH: usize = 12;

/// How many characters the name of a step has at most.
const LONGEST_NAME: usize = 256;

/// How long it is waited for what becomes of a cluster that cannot be worked on any more, while it is not known to be ending.
const VERDICT: Duration = Duration::from_secs(30);

/// How long the answer of a call that adds a step is waited for after its attempt was cancelled.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// A cluster that an attempt works on.
pub(super) struct Place<'a> {
    pub(super) emr: &'a Emr,
    pub(super) session: Session,
    pub(super) id: String,
    pub(super) ctx: &'a Context,
    pub(super) tenancy: Tenancy,
    /// What the names of the steps of this instance have.
    pub(super) mark: String,
}

/// Runs the steps. Cancelling stops the one that runs.
pub async fn run(emr: &Emr, ctx: &Context) -> Result<(), ExecError> {
    let hold = ctx.clusters.hold(&emr.cluster);
    let tenancy = hold.await.ok_or(ExecError::Cancelled)?;
    let (id, tenancy) = ready(tenancy, ctx).await?;
    let settings = tenancy.settings(&emr.cluster);
    let session = ctx.aws.session(&settings).await;
    let place = Place {
        emr,
        session: session.map_err(|error| ExecError::Failed(error.to_string()))?,
        mark: mark(&ctx.attempt_id),
        id,
        ctx,
        tenancy,
    };
    let result = place.run().await;
    if matches!(result, Err(ExecError::Failed(_))) && emr.cluster.terms.ends_with_work {
        let why = "work on it failed, and its `action_on_task_failure` is `terminate`";
        place.tenancy.end(&place.id, why);
    }
    result
}

/// Waits until the cluster is ready; gives its id.
async fn ready(mut tenancy: Tenancy, ctx: &Context) -> Result<(String, Tenancy), ExecError> {
    loop {
        let standing = tenancy.standing.borrow_and_update().clone();
        match standing {
            Standing::Ready { id } => {
                ctx.log.line(&format!("cluster {id} is ready"));
                return Ok((id, tenancy));
            }
            Standing::Starting(text) => {
                ctx.log.line(&text);
                ctx.progress.say(&format!("waits for its cluster: {text}"));
            }
            Standing::Broken(why) => return Err(ExecError::Failed(why)),
            Standing::GivenUp(why) => return Err(ExecError::ForGood(why)),
        }
        tokio::select! {
            changed = tenancy.standing.changed() => changed.map_err(|_| ExecError::Cancelled)?,
            () = ctx.cancel.cancelled() => return Err(ExecError::Cancelled),
        }
    }
}

impl Place<'_> {
    async fn run(&self) -> Result<(), ExecError> {
        stopping::leftovers(self).await?;
        let count = self.emr.steps.len();
        for (index, step) in self.emr.steps.iter().enumerate() {
            self.step(step, (index + 1, count)).await?;
        }
        Ok(())
    }

    async fn step(&self, step: &Step, (number, count): (usize, usize)) -> Result<(), ExecError> {
        self.ctx.check_cancel()?;
        let called = format!("step {number} of {count} `{}`", step.name);
        let request = StepRequest {
            name: self.name(&step.name, number),
            jar: step.jar_in(self.session.region()),
            main_class: step.main_class.clone(),
            args: step.args.clone(),
            properties: step.properties.clone(),
        };
        let id = match self.add(&request).await {
            Some(Ok(id)) => id,
            Some(Err(error)) => return Err(self.refused(&called, &error).await),
            None => return Err(ExecError::Cancelled),
        };
        self.ctx.log.line(&format!("{called} is {id}"));
        let seen = match self.watch(&called, &id).await {
            Ok(seen) => seen,
            Err(ExecError::Cancelled) => {
                stopping::stop(self, &id).await;
                if let Some(tag) = &step.tag {
                    stopping::end_applications(self, tag).await;
                }
                // What a step that hangs has printed is what one wants to see of it.
                let patience = if self.ctx.cancel.is_hurried() {
                    logs::Patience::None
                } else {
                    logs::Patience::Some
                };
                logs::fetch(self, &id, patience).await;
                return Err(ExecError::Cancelled);
            }
            // Clusters that fail put no more logs away, or late.
            Err(error) => {
                logs::fetch(self, &id, logs::Patience::None).await;
                return Err(error);
            }
        };
        let done = seen.state == StepState::Completed;
        let patience = if done {
            logs::Patience::None
        } else {
            logs::Patience::Some
        };
        let errors = logs::fetch(self, &id, patience).await;
        if done {
            return Ok(());
        }
        let reason = seen
            .reason
            .map(|why| format!(": {}", why.trim_end_matches('.')));
        let errors = errors.map(|lines| format!("; its last lines were:\n{lines}"));
        Err(ExecError::Failed(format!(
            "{called} ({id}) on cluster {} is {}{}{}",
            self.id,
            seen.state.name(),
            reason.unwrap_or_default(),
            errors.unwrap_or_default()
        )))
    }

    /// Adds a step; gives its id. `None`: the attempt was cancelled meanwhile. EMR may have heard of the step then, so that it is looked for
    /// and stopped.
    async fn add(&self, request: &StepRequest) -> Option<Result<String, AwsError>> {
        let mut adding = Box::pin(calls::add_step(&self.session, &self.id, request));
        tokio::select! {
            added = &mut adding => return Some(added),
            () = self.ctx.cancel.cancelled() => {}
        }
        // The answer of a call that is on its way says it best.
        let answer = tokio::time::timeout(ON_ITS_WAY, &mut adding).await;
        drop(adding);
        match answer {
            Ok(Ok(id)) => stopping::stop(self, &id).await,
            _ => stopping::stop_if_there(self, &request.name).await,
        }
        None
    }

    /// Waits for the end of a step.
    async fn watch(&self, called: &str, id: &str) -> Result<StepSeen, ExecError> {
        let settings = self.tenancy.settings(&self.emr.cluster);
        let aws = (&self.ctx.aws, &settings);
        let watching = &self.ctx.clusters.watching;
        let mut look = watching.step(aws, &self.id, id);
        let mut standing = self.tenancy.standing.clone();
        let mut said = String::new();
        loop {
            let known = look.borrow_and_update().clone();
            let text = match (&known.seen, &known.problem) {
                (_, Some(problem)) => format!("{called}: {problem}"),
                (Some(seen), None) => format!("{called} is {}", seen.state.name()),
                (None, None) => format!("{called} was added"),
            };
            if said != text {
                self.ctx.log.line(&text);
                self.ctx.progress.say(&text);
                said = text;
            }
            if let Some(seen) = known.seen.filter(|seen| seen.state.is_over()) {
                // With its cluster it fails because of that.
                return match seen.state {
                    StepState::Completed | StepState::Failed => Ok(seen),
                    _ => self.verdict().await.map_or(Ok(seen), Err),
                };
            }
            if known.gone {
                return Err(self.broken().await);
            }
            if !self.stands(&standing.borrow_and_update()) {
                return Err(self.broken().await);
            }
            tokio::select! {
                changed = look.changed() => if changed.is_err() {
                    look = watching.step(aws, &self.id, id);
                },
                changed = standing.changed() => if changed.is_err() {
                    return Err(self.lost()); // the runner ends
                },
                () = self.ctx.cancel.cancelled() => return Err(ExecError::Cancelled),
            }
        }
    }

    fn stands(&self, standing: &Standing) -> bool {
        matches!(standing, Standing::Ready { id } if *id == self.id)
    }

    /// What it comes to that the cluster cannot be worked on any more.
    async fn broken(&self) -> ExecError {
        let verdict = self.verdict().await;
        verdict.unwrap_or_else(|| self.lost())
    }

    /// What becomes of the work on the cluster. It is waited for while the cluster is on its way to its end, however long that takes; while
    /// nothing is known of that, not for long. `None`: nothing was said.
    async fn verdict(&self) -> Option<ExecError> {
        let mut standing = self.tenancy.standing.clone();
        let mut ends = false;
        loop {
            let is_minded = match &*standing.borrow_and_update() {
                Standing::Broken(why) => return Some(ExecError::Failed(why.clone())),
                Standing::GivenUp(why) => return Some(ExecError::ForGood(why.clone())),
                Standing::Ready { id } if *id != self.id => return Some(self.lost()),
                Standing::Ready { .. } => false,
                Standing::Starting(_) => true,
            };
            tokio::select! {
                changed = standing.changed() => if changed.is_err() {
                    return Some(self.lost()); // the runner ends
                },
                // Who keeps it may hear of its end later than we.
                () = tokio::time::sleep(VERDICT), if !is_minded && !ends => {
                    ends = self.is_ending().await;
                    if !ends {
                        return None;
                    }
                },
                () = self.ctx.cancel.cancelled() => return Some(ExecError::Cancelled),
            }
        }
    }

    fn lost(&self) -> ExecError {
        ExecError::Failed(format!("cluster {} cannot be worked on any more", self.id))
    }

    /// Whether EMR says that the cluster has ended, or is on its way to its end.
    async fn is_ending(&self) -> bool {
        match emr::describe(&self.session, &self.id).await {
            Ok(seen) => seen.is_none_or(|(seen, _)| seen.state.is_ending()),
            Err(_) => false,
        }
    }

    /// What it comes to that a step was not added: it may be because of the cluster.
    async fn refused(&self, called: &str, error: &AwsError) -> ExecError {
        if self.is_ending().await {
            return self.broken().await;
        }
        ExecError::Failed(format!(
            "{called} was not added to cluster {}: {error}",
            self.id
        ))
    }

    /// The name of a step at EMR: what it is called here, and what tells it from the steps of other instances and attempts.
    fn name(&self, name: &str, number: usize) -> String {
        let attempt = attempt_of(&self.ctx.attempt_id);
        let tail = format!(" {} {attempt}.{number}", self.mark);
        let room = LONGEST_NAME.saturating_sub(tail.len());
        let mut head = name.to_owned();
        while head.len() > room {
            head.pop();
        }
        format!("{head}{tail}")
    }
}

/// The tag of what the steps of an attempt hand to YARN.
pub fn tag(attempt_id: &str) -> String {
    tag_of(&mark(attempt_id), attempt_of(attempt_id))
}

fn tag_of(mark: &str, attempt: &str) -> String {
    format!("{}-{attempt}", mark.replace(':', "-"))
}

/// The tag of what a step has handed to YARN, by its name.
pub(super) fn tag_by_name(mark: &str, name: &str) -> Option<String> {
    let (_, numbers) = name.rsplit_once(' ')?;
    let (attempt, _) = numbers.split_once('.')?;
    Some(tag_of(mark, attempt))
}

/// The number of an attempt.
fn attempt_of(attempt_id: &str) -> &str {
    attempt_id.rsplit('#').next().unwrap_or("1")
}

/// What the names of the steps of an instance have: the same for all its attempts.
fn mark(attempt_id: &str) -> String {
    let instance = attempt_id.rsplit_once('#');
    let instance = instance.map_or(attempt_id, |(instance, _)| instance);
    let digest = Sha256::digest(instance.as_bytes());
    let digest = data_encoding::HEXLOWER.encode(&digest);
    format!("{MARK}{}", digest.get(..MARK_LENGTH).unwrap_or(&digest))
}

/// The mark of the instance that a step is of, by its name. `None`: it is none of ours.
pub(super) fn mark_in(name: &str) -> Option<&str> {
    let (rest, numbers) = name.rsplit_once(' ')?;
    let mark = rest.rsplit(' ').next()?;
    let digest = mark.strip_prefix(MARK)?;
    let (attempt, step) = numbers.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_digest = digest.len() == MARK_LENGTH && digest.bytes().all(|b| b.is_ascii_hexdigit());
    (is_digest && is_number(attempt) && is_number(step)).then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_that_of_the_attempt_and_follows_from_the_name_of_a_step() {
        let attempt = "lineage:pipeline.p.activity.a@2026-11-23T00:00:00Z#12";
        let tag = tag(attempt);
        assert!(
            tag.starts_with("pipeform-") && tag.ends_with("-12"),
            "{tag}"
        );
        let mark = mark(attempt);
        let name = format!("report {mark} 12.3");
        assert_eq!(tag_by_name(&mark, &name), Some(tag.clone()));
        // Else what ends the applications would be taken for a step of the instance.
        assert!(!tag.contains(&mark));
    }

    #[test]
    fn steps_of_ours_are_known_by_their_names() {
        let mark = mark("lineage:pipeline.p.activity.a@2026-11-23T00:00:00Z#1");
        for name in [
            format!("report {mark} 1.2"),
            format!("a b pipeform: {mark} 12.3"),
        ] {
            assert_eq!(mark_in(&name), Some(mark.as_str()), "{name}");
        }
        for name in [
            "report".to_owned(),
            "Setup hadoop debugging".to_owned(),
            "report pipeform:x 1.2".to_owned(),
            format!("report {mark}"),
            format!("report {mark} 1."),
            format!("end the applications of {}", tag_of(&mark, "1")),
        ] {
            assert_eq!(mark_in(&name), None, "{name}");
        }
    }

    #[test]
    fn the_mark_is_that_of_the_instance() {
        let first = mark("lineage:pipeline.p.activity.a@2026-11-23T00:00:00Z#1");
        let again = mark("lineage:pipeline.p.activity.a@2026-11-23T00:00:00Z#12");
        let other = mark("lineage:pipeline.p.activity.a@2026-11-24T00:00:00Z#1");
        assert_eq!(first, again);
        assert_ne!(first, other);
    }
}
