//! Copies of bytes as they are: files, objects, directories and prefixes, as many at once as the other side takes. Some may be packed anew (see
//! `packing`).
//!
//! First a plan is made of what there is to copy (see `plan`), then a target is made ready (see `target`), then the files go over, and then
//! the target is completed: a file or an object by its last call, a directory or a prefix by its `_SUCCESS`. Nothing of a file is in
//! memory longer than it takes, and nothing of the plan but a page.

mod end;
mod finding;
mod lists;
mod obstacles;
mod one;
mod packing;
mod plan;
mod target;
mod whole;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use end::End;
use one::copy_one;
use packing::PACKERS;
pub use packing::Packing;
use plan::Plan;
use target::Ready;
pub(super) use whole::Files;
pub(super) use whole::Whole;
pub(super) use whole::files;
pub(in crate::exec) use whole::found;

use super::super::Context;
use super::super::ExecError;
use super::super::Moved;
use super::super::preflight::Need;
use crate::connect::Cancel;
use crate::connect::ConnectError;
use crate::connect::place::Place;
use crate::connect::s3::COPIES;
use crate::connect::s3::OnBytes;

/// How many files go over at once whose bytes come through here.
const AT_ONCE: usize = 64;

/// A copy of bytes with everything resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// What is copied.
    pub inputs: Vec<Place>,
    /// Where to. A directory or a prefix gets all files under the names that they have below their inputs.
    pub output: Place,
    /// Which of them are packed anew on the way.
    pub packing: Packing,
    /// Whether what other intervals have put into the directory or the prefix stays there.
    pub accumulates: bool,
}

impl Transfer {
    /// One of bytes as they are.
    pub fn new(inputs: Vec<Place>, output: Place) -> Self {
        Self {
            inputs,
            output,
            packing: Packing::default(),
            accumulates: false,
        }
    }

    /// What must be there for it to be made. Its inputs may come yet.
    pub(in crate::exec) fn needs(&self) -> BTreeSet<Need> {
        let inputs = self.inputs.iter().filter_map(Need::reachable);
        let lists = self.inputs.iter().filter_map(Need::listing);
        let read = inputs.chain(lists);
        read.chain([Need::writable(&self.output)]).collect()
    }
}

/// What the tasks of a transfer share.
#[derive(Clone)]
struct Shared {
    inputs: Arc<Vec<End>>,
    output: Arc<End>,
    /// Whether the output is a directory or a prefix.
    many: bool,
    on_bytes: OnBytes,
    /// Asks all to stop, because one has failed or the attempt is cancelled.
    stop: Cancel,
    /// What is copied, for files that are packed anew.
    transfer: Arc<Transfer>,
    /// The attempt, whose work ends when all are to stop.
    ctx: Context,
    /// Taken while a file is packed.
    packers: Arc<Semaphore>,
}

/// Refuses to write into what is read: the next run would read what this one has written. Where a manifest says what is read, that is not
/// all below: see [`listed_apart`].
pub(in crate::exec::copy) fn apart(inputs: &[Place], output: &Place) -> Result<(), ConnectError> {
    if inputs.iter().any(|input| input.is_file(output)) {
        return Err(plan::setting(format!(
            "`{output}` would be copied onto itself; give the output another path"
        )));
    }
    let reads_all_around = |input: &&Place| !input.is_listed() && input.contains(output);
    match inputs.iter().find(reads_all_around) {
        None => Ok(()),
        Some(input) => Err(plan::setting(format!(
            "the output `{output}` lies in `{input}`, which is read; give it a place of its own"
        ))),
    }
}

/// Refuses to write where a file lies that the manifest of an input lists.
pub(in crate::exec::copy) fn listed_apart(
    file: &Place,
    output: &Place,
) -> Result<(), ConnectError> {
    if output.contains(file) || output.is_file(file) {
        return Err(plan::listed_in_output(file, output));
    }
    Ok(())
}

/// Copies. What was at the target stays until all is there, or is replaced file by file in a directory or a prefix that says so.
pub(in crate::exec) async fn run(transfer: &Transfer, ctx: &Context) -> Result<Moved, ExecError> {
    let copied = async {
        let mut inputs = Vec::new();
        for input in &transfer.inputs {
            inputs.push(End::open(input, ctx).await?);
        }
        let output = End::open(&transfer.output, ctx).await?;
        let many = transfer.output.is_many();
        apart(&transfer.inputs, &transfer.output)?;
        let plan = Plan::make(&inputs, many, &transfer.packing).await?;
        plan.check(&inputs, &output, many)?;
        let kind = (many, transfer.accumulates);
        let ready = Ready::make(&output, kind, &plan, ctx).await?;
        let progress = ctx.progress.clone();
        let stop = Cancel::new();
        let shared = Shared {
            inputs: Arc::new(inputs),
            output: Arc::new(output),
            many,
            on_bytes: OnBytes(Arc::new(move |count| progress.add(0, count))),
            transfer: Arc::new(transfer.clone()),
            ctx: Context {
                cancel: stop.clone(),
                ..ctx.clone()
            },
            packers: Arc::new(Semaphore::new(PACKERS)),
            stop,
        };
        let sizes = copy_all(&plan, &shared, ctx).await?;
        ready.complete(&shared.output, &plan, &sizes, ctx).await
    };
    // What has been begun by calls that are given up in the middle is found and removed by the next attempt.
    tokio::select! {
        result = copied => result?,
        () = cancelled_long(&ctx.cancel) => return Err(ExecError::Cancelled),
    }
    Ok(ctx.progress.moved())
}

/// A while after the work is asked to stop. By then what is under way has been given up in good order.
async fn cancelled_long(cancel: &Cancel) {
    cancel.cancelled().await;
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
}

/// How many files go over at once: more where the service copies all of them.
fn at_once(inputs: &[End], output: &End) -> usize {
    let by_service = |input: &End| match (input, output) {
        (End::S3 { settings, .. }, End::S3 { settings: to, .. }) => settings == to,
        _ => false,
    };
    if inputs.iter().all(by_service) {
        COPIES
    } else {
        AT_ONCE
    }
}

/// The sizes in bytes of the files of a plan that have got another one on the way, by their number.
type Sizes = BTreeMap<usize, u64>;

/// Copies all files of a plan. With the first that fails the others stop.
async fn copy_all(plan: &Plan, shared: &Shared, ctx: &Context) -> Result<Sizes, ConnectError> {
    let mut items = plan.items()?.enumerate();
    let mut sizes = Sizes::new();
    let mut under_way: JoinSet<Result<_, ConnectError>> = JoinSet::new();
    let mut failure = None;
    let at_once = at_once(&shared.inputs, &shared.output);
    loop {
        while failure.is_none() && under_way.len() < at_once {
            match items.next() {
                Some((number, Ok(item))) => {
                    let shared = shared.clone();
                    under_way.spawn(async move { Ok((number, copy_one(&item, &shared).await?)) });
                }
                Some((_, Err(error))) => failure = Some(error),
                None => break,
            }
        }
        let next = tokio::select! {
            next = under_way.join_next() => next,
            () = ctx.cancel.cancelled(), if failure.is_none() => {
                failure = Some(ConnectError::Cancelled);
                shared.stop.cancel();
                continue;
            }
        };
        let result = match next {
            None => return failure.map_or(Ok(sizes), Err),
            Some(Ok(result)) => result,
            Some(Err(error)) => Err(ConnectError::Setting(format!(
                "the copy broke off: {error}"
            ))),
        };
        match result {
            Ok((number, size)) => sizes.extend(size.map(|size| (number, size))),
            Err(error) => {
                shared.stop.cancel();
                failure.get_or_insert(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::aws::Sessions;
    use crate::connect::aws::Settings;
    use crate::connect::place::S3Place;
    use crate::connect::s3::Encryption;
    use crate::connect::s3::Location;

    fn place(at: &str, manifest: Option<&str>) -> Place {
        Place::S3(Box::new(S3Place {
            settings: Settings::default(),
            at: Location::parse(at).unwrap(),
            encryption: Encryption::Bucket,
            manifest: manifest.map(|at| Location::parse(at).unwrap()),
        }))
    }

    #[tokio::test]
    async fn what_the_service_copies_goes_over_in_greater_numbers() {
        let files = End::Files {
            root: "/data/".into(),
            many: true,
        };
        let sessions = Sessions::default();
        let object = async |region: &str| {
            let settings = Settings {
                region: Some(region.to_owned()),
                ..Settings::default()
            };
            let at = Location::parse("s3://acme/in/").unwrap();
            let place = S3Place {
                settings: settings.clone(),
                at,
                encryption: Encryption::Bucket,
                manifest: None,
            };
            End::S3 {
                endpoint: place.endpoint(&sessions).await.unwrap(),
                target: place.target(),
                settings: Box::new(settings),
                manifest: None,
            }
        };
        let (here, there) = (object("eu-west-1").await, object("us-east-1").await);
        assert_eq!(at_once(std::slice::from_ref(&files), &here), AT_ONCE);
        assert_eq!(at_once(std::slice::from_ref(&here), &files), AT_ONCE);
        assert_eq!(at_once(&[here.clone(), there], &here), AT_ONCE);
        assert_eq!(at_once(&[here.clone(), here.clone()], &here), COPIES);
    }

    #[test]
    fn an_output_may_lie_below_an_input_that_has_a_manifest() {
        let output = place("s3://acme/in/out/", None);
        let error = apart(&[place("s3://acme/in/", None)], &output).unwrap_err();
        assert!(error.to_string().contains("which is read"), "{error}");
        apart(&[place("s3://acme/in/", Some("s3://acme/list"))], &output).unwrap();
        // What it lists may not.
        listed_apart(&place("s3://acme/in/a", None), &output).unwrap();
        let listed = place("s3://acme/in/out/a", None);
        let error = listed_apart(&listed, &output).unwrap_err().to_string();
        assert!(
            error.contains("`s3://acme/in/out/a` is in the manifest"),
            "{error}"
        );
        assert!(listed_apart(&listed, &listed).is_err());
    }
}
