//! Making a target ready and completing it.
//!
//! A directory or a prefix has a `_SUCCESS` when it is complete, and only then: it lists what is there, and who has written it. While it is written
//! there is an `_INCOMPLETE` in its place, which also lists what this attempt and those before it may have written; so the next attempt knows
//! what to remove. Only what this activity has written is removed, and only what this plan does not name: what other activities have put
//! there stays, and stays listed, also when such an activity is no more. A file of one that is no more is taken over by a plan that names it:
//! the activity may have got another address. Where several are under way at once, the last of them says that the target is complete.
//!
//! Where each interval of an activity adds its files, they are others to each other in all of this, but for two things: a file of the same
//! name is taken over, and nobody waits for an interval. `_SUCCESS` lists what those have written that are done, and stays while one adds to it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;

use super::super::super::Context;
use super::Sizes;
use super::end::End;
use super::lists::Before;
use super::lists::List;
use super::lists::Listed;
use super::lists::Writers;
use super::lists::before;
use super::lists::is_in_interval;
use super::lists::is_one_activity;
use super::lists::remove;
use super::lists::size;
use super::lists::state_and_activity;
use super::lists::version;
use super::obstacles::Obstacles;
use super::one::blocking;
use super::plan::Names;
use super::plan::Plan;
use super::plan::setting;
use crate::connect::ConnectError;
use crate::connect::beside;
use crate::connect::manifest::INCOMPLETE;
use crate::connect::manifest::SUCCESS;

/// How many objects or files are removed at once.
const AT_ONCE: usize = 1000;

/// A target that may be written.
pub(super) struct Ready {
    /// What attempts before may have written, for a target of many.
    before: Option<Before>,
    /// What tells the `_INCOMPLETE` of this attempt from any other.
    begun: String,
    /// Who writes, as the lists say it.
    writer: String,
}

impl Ready {
    /// Removes what dead attempts have left, and says that the target is not complete. `accumulates`: what other intervals have written stays.
    pub(super) async fn make(
        output: &End,
        (many, accumulates): (bool, bool),
        plan: &Plan,
        ctx: &Context,
    ) -> Result<Self, ConnectError> {
        let writer = if accumulates {
            ctx.writer_in_interval()
        } else {
            ctx.writer()
        };
        if !many {
            if let End::S3 {
                endpoint, target, ..
            } = output
            {
                let key = &target.at.key;
                let ours = |pending: &crate::connect::s3::Pending| pending.key == *key;
                endpoint.abort_pending(&target.at, ours).await?;
            }
            return Ok(Self {
                before: None,
                begun: String::new(),
                writer: writer.to_owned(),
            });
        }
        let turn = turn(output);
        let _turn = turn.lock().await;
        let before = before(output, writer).await?;
        ctx.check_cancel()?;
        refuse_files_of_others(output, plan, (&before, writer), ctx).await?;
        let obstacles = match output {
            End::S3 {
                endpoint, target, ..
            } => {
                let prefix = &target.at.key;
                let ours = |pending: &crate::connect::s3::Pending| {
                    let name = pending.key.strip_prefix(prefix).unwrap_or_default();
                    let listed = plan.names.has(name) || before.names.has(name);
                    listed || name == SUCCESS || name == INCOMPLETE
                };
                endpoint.abort_pending(&target.at, ours).await?;
                Obstacles::default()
            }
            End::Files { root, .. } => Obstacles::find(root, plan, &before)?,
        };
        let (list, adds_only) = begun_list(output, plan, (&before, writer))?;
        let begun = list.put(INCOMPLETE).await?;
        // What is listed there stays true while nothing is changed of it.
        if before.complete && !adds_only {
            remove(output, &[SUCCESS.to_owned()]).await?;
        }
        if let End::Files { root, .. } = output {
            remove(output, &obstacles.files).await?;
            obstacles.remove_directories(root)?;
            make_directories(root, &obstacles.needed, before.begun)?;
        }
        if before.foreign > 0 {
            ctx.log.line(&format!(
                "`{output}` has a list of {} files that others have written: they stay, and are not in the new `{SUCCESS}`",
                before.foreign
            ));
        }
        Ok(Self {
            before: Some(before),
            begun,
            writer: writer.to_owned(),
        })
    }

    /// Removes what attempts before have written and this one has not, and says that the target is complete, unless another activity is
    /// still writing there.
    pub(super) async fn complete(
        self,
        output: &End,
        plan: &Plan,
        sizes: &Sizes,
        ctx: &Context,
    ) -> Result<(), ConnectError> {
        let Some(was) = self.before else {
            return Ok(());
        };
        if let End::Files { root, .. } = output {
            let root = root.clone();
            blocking(move || beside::sync(&root)).await?;
        }
        let turn = turn(output);
        let _turn = turn.lock().await;
        // Others may have been completed meanwhile, or have begun: then the list that this attempt has put there is another one.
        let there = version(output, INCOMPLETE).await?;
        // The list of an interval may be there again: another one that adds to it has come and gone meanwhile.
        let alone = !is_in_interval(&self.writer)
            && !self.begun.is_empty()
            && there.as_ref() == Some(&self.begun);
        let news = if alone {
            None
        } else {
            Some(before(output, &self.writer).await?)
        };
        let now = news.as_ref().unwrap_or(&was);
        remove_stale(output, plan, (&was, now)).await?;
        let awaited = awaited(plan, now, (&self.writer, ctx)).await?;
        let (mut done, mut broken_off) = (List::begin(output)?, List::begin(output)?);
        let (mut any, mut both) = (false, Names::default());
        for found in now.beside.read()? {
            let found = found?;
            if plan.names.has(&found.name) {
                both.add(&found.name);
                continue; // taken over
            }
            // Of one that is no more, this will never be done.
            if found.optional && awaited.is_none() {
                any = true;
                broken_off.add_listed(&found)?;
            } else {
                done.add_listed(&found)?;
            }
        }
        let there;
        let sizes = if news.is_some() {
            both.sort();
            there = sizes_there(output, plan, (sizes, &both)).await?;
            &there
        } else {
            sizes
        };
        done.add_plan((plan, sizes), &self.writer, false)?;
        if let Some(other) = awaited {
            done.put(INCOMPLETE).await?;
            if now.complete {
                remove(output, &[SUCCESS.to_owned()]).await?;
            }
            ctx.log.line(&format!(
                "`{output}` is not complete yet: `{other}` is writing there, too, or has broken off. `{SUCCESS}` comes when that one is done"
            ));
            return Ok(());
        }
        done.put(SUCCESS).await?;
        if any {
            broken_off.put(INCOMPLETE).await.map(drop)
        } else {
            remove(output, &[INCOMPLETE.to_owned()]).await
        }
    }
}

/// The list of what this attempt may write, beside what is there, and whether it only adds to that: it is one in an interval, and nothing that
/// is listed becomes another file.
fn begun_list<'a>(
    output: &'a End,
    plan: &Plan,
    (before, writer): (&Before, &str),
) -> Result<(List<'a>, bool), ConnectError> {
    let mut list = List::begin(output)?;
    let mut adds_only = is_in_interval(writer) && before.foreign == 0 && !before.own_complete;
    for found in before.own.read()? {
        let (name, size) = found?;
        if !plan.names.has(&name) {
            list.add(&name, size, writer, true)?;
        }
    }
    for found in before.beside.read()? {
        let found = found?;
        if plan.names.has(&found.name) {
            adds_only = false;
        } else {
            list.add_listed(&found)?;
        }
    }
    list.add_plan((plan, &Sizes::new()), writer, true)?;
    Ok((list, adds_only))
}

/// The sizes of the files of a plan, and of those that another interval has written, too, what is there: either may have been the last.
async fn sizes_there(
    output: &End,
    plan: &Plan,
    (sizes, both): (&Sizes, &Names),
) -> Result<Sizes, ConnectError> {
    let mut sizes = sizes.clone();
    for (number, item) in plan.items()?.enumerate() {
        let item = item?;
        if both.has(&item.name)
            && let Some(size) = size(output, &item.name).await?
        {
            sizes.insert(number, size);
        }
    }
    Ok(sizes)
}

/// Removes what attempts before have written and this one has not, but for what others have taken over since.
async fn remove_stale(
    output: &End,
    plan: &Plan,
    (was, now): (&Before, &Before),
) -> Result<(), ConnectError> {
    let mut taken = Names::default();
    for found in now.beside.read()? {
        let found = found?;
        if was.names.has(&found.name) {
            taken.add(&found.name);
        }
    }
    taken.sort();
    let mut stale = Vec::new();
    for found in was.own.read()? {
        let (name, _) = found?;
        if !plan.names.has(&name) && !taken.has(&name) {
            stale.push(name);
        }
        if stale.len() == AT_ONCE {
            remove(output, &std::mem::take(&mut stale)).await?;
        }
    }
    remove(output, &stale).await
}

/// Another activity that has begun to write a target and is not at its end: the last of all that write there says that it is complete. One
/// that has died gets to its end in its next attempt; one that is no more is not awaited, and one that only adds in an interval is not, either.
/// What this activity has begun before it added in intervals is not gone on with.
async fn awaited(
    plan: &Plan,
    now: &Before,
    (ours, ctx): (&str, &Context),
) -> Result<Option<String>, ConnectError> {
    let mut writers = Writers::new(ctx);
    for found in now.beside.read()? {
        let found = found?;
        let waits = found.optional
            && !is_in_interval(&found.writer)
            && !is_one_activity(&found.writer, ours);
        if waits && !plan.names.has(&found.name) && writers.has(&found).await? {
            let (_, activity) = state_and_activity(&found.writer);
            return Ok(Some(activity.to_owned()));
        }
    }
    Ok(None)
}

/// Two activities that write one file would take turns in overwriting each other's. Intervals of one that add their files may.
async fn refuse_files_of_others(
    output: &End,
    plan: &Plan,
    (before, ours): (&Before, &str),
    ctx: &Context,
) -> Result<(), ConnectError> {
    let mut writers = Writers::new(ctx);
    for found in before.beside.read()? {
        let found = found?;
        let is_in_the_way = plan.names.has(&found.name) && !is_one_activity(&found.writer, ours);
        if is_in_the_way && writers.has(&found).await? {
            let Listed { name, writer, .. } = found;
            let (_, writer) = state_and_activity(&writer);
            return Err(setting(format!(
                "`{name}` in `{output}` is what `{writer}` has written; give one of the two activities another path"
            )));
        }
    }
    Ok(())
}

type Turn = tokio::sync::Mutex<()>;

/// The lists of one place are changed by one copy at a time.
fn turn(output: &End) -> Arc<Turn> {
    static TURNS: LazyLock<Mutex<BTreeMap<String, Weak<Turn>>>> = LazyLock::new(Mutex::default);
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    turns.retain(|_, turn| turn.strong_count() > 0);
    let place = output.to_string();
    if let Some(turn) = turns.get(&place).and_then(Weak::upgrade) {
        return turn;
    }
    let turn = Arc::new(Turn::default());
    turns.insert(place, Arc::downgrade(&turn));
    turn
}

/// Makes the directories that a plan needs. Where an attempt has died, what it has left beside files goes.
fn make_directories(
    root: &Path,
    needed: &BTreeSet<String>,
    was_begun: bool,
) -> Result<(), ConnectError> {
    for directory in [""].into_iter().chain(needed.iter().map(String::as_str)) {
        let path = root.join(directory);
        std::fs::create_dir_all(&path)
            .map_err(|error| ConnectError::io("create directory", &path, error))?;
        if was_begun {
            beside::remove_all_leftovers(&path);
        }
    }
    Ok(())
}
