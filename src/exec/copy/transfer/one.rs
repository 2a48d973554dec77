//! One file of a transfer, from its input to the output.

use std::fs::File;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::Shared;
use super::end::End;
use super::packing::pack_anew;
use super::plan::Item;
use super::plan::setting;
use super::plan::stamp;
use crate::connect::ConnectError;
use crate::connect::beside::Beside;
use crate::connect::s3::Endpoint;
use crate::connect::s3::Known;
use crate::connect::s3::Location;
use crate::connect::s3::Source;
use crate::connect::s3::Target;

/// Up to which size an object is fetched in one piece.
const SMALL: u64 = 4 * 1024 * 1024;

/// How many bytes a file may have that says it has none.
const MOST_UNTOLD: u64 = 16 * 1024 * 1024;

/// How much of a file is copied at once.
const CHUNK: usize = 1024 * 1024;

/// Copies a file of the plan; gives its new size, if it has got one.
pub(super) async fn copy_one(item: &Item, shared: &Shared) -> Result<Option<u64>, ConnectError> {
    if let Some(packing) = shared.transfer.packing.of(item.input, &item.from) {
        return Ok(Some(pack_anew(item, shared, packing).await?));
    }
    let size = copy_as_it_is(item, shared).await?;
    Ok((size != item.size).then_some(size))
}

/// Copies a file of the plan; gives its size.
async fn copy_as_it_is(item: &Item, shared: &Shared) -> Result<u64, ConnectError> {
    let Some(input) = shared.inputs.get(item.input) else {
        return Ok(item.size);
    };
    match (input, &*shared.output) {
        (
            End::Files { .. },
            End::S3 {
                endpoint, target, ..
            },
        ) => send(endpoint, target, item, shared).await,
        (End::S3 { .. }, End::S3 { .. }) => {
            between(input, item, shared).await?;
            Ok(item.size)
        }
        (
            End::S3 {
                endpoint, target, ..
            },
            End::Files { root, many },
        ) => {
            let Some(path) = path_of(root, *many, item) else {
                return Ok(item.size);
            };
            let at = target.at.with_key(item.from.clone());
            tokio::select! {
                result = Box::pin(fetch(endpoint, &at, item, &path, shared)) => result.map(|()| item.size),
                () = shared.stop.cancelled() => Err(ConnectError::Cancelled),
            }
        }
        (End::Files { .. }, End::Files { root, many }) => {
            let Some(to) = path_of(root, *many, item) else {
                return Ok(item.size);
            };
            let (shared, item) = (shared.clone(), item.clone());
            blocking(move || copy_file(&item, &to, &shared)).await
        }
    }
}

/// The file that a file of the plan becomes. `None`: it is a mark that some make for a directory, which is there.
fn path_of(root: &Path, many: bool, item: &Item) -> Option<PathBuf> {
    match many {
        true if item.name.ends_with('/') => None,
        true => Some(root.join(&item.name)),
        false => Some(root.to_owned()),
    }
}

/// Sends a file into S3; gives its size.
async fn send(
    endpoint: &Endpoint,
    target: &Target,
    item: &Item,
    shared: &Shared,
) -> Result<u64, ConnectError> {
    let path = PathBuf::from(&item.from);
    let file = {
        let path = path.clone();
        blocking(move || File::open(&path).map_err(|error| ConnectError::io("read", &path, error)))
    };
    let file = file.await?;
    unchanged(&file, &path, item)?;
    let target = target_of(target, item, shared.many);
    if item.size == 0 {
        let bytes = blocking(move || untold(&file, &path)).await?;
        let size = bytes.len() as u64;
        endpoint.put(&target, bytes.into()).await?;
        shared.on_bytes.tell(size);
        return Ok(size);
    }
    let source = Source::file(file, path)?;
    upload(endpoint, &target, item, &source, shared).await?;
    Ok(item.size)
}

/// All of a file that says it has no bytes. Those that the system makes as they are read, as in `/proc`, say so and have some.
fn untold(file: &File, path: &Path) -> Result<Vec<u8>, ConnectError> {
    let mut bytes = Vec::new();
    let read = file.take(MOST_UNTOLD + 1).read_to_end(&mut bytes);
    read.map_err(|error| ConnectError::io("read", path, error))?;
    if bytes.len() as u64 <= MOST_UNTOLD {
        return Ok(bytes);
    }
    Err(setting(format!(
        "`{}` says that it has no bytes, and has more than {MOST_UNTOLD}; copy it into another file first",
        path.display()
    )))
}

/// Copies an object to an object: the service does where both ends are reached the same way.
async fn between(input: &End, item: &Item, shared: &Shared) -> Result<(), ConnectError> {
    let (
        End::S3 {
            endpoint: from,
            target: source,
            settings,
            ..
        },
        End::S3 {
            endpoint,
            target,
            settings: to,
            ..
        },
    ) = (input, &*shared.output)
    else {
        return Ok(());
    };
    let at = source.at.with_key(item.from.clone());
    let target = target_of(target, item, shared.many);
    let known = item.known();
    if item.size == 0 && at.key.ends_with('/') {
        // A mark that some make for a directory, which not every store copies.
        endpoint.put(&target, bytes::Bytes::new()).await?;
        return Ok(());
    }
    if settings == to {
        let (on_bytes, stop) = (&shared.on_bytes, &shared.stop);
        return endpoint.copy(&at, &known, &target, on_bytes, stop).await;
    }
    let known = with_checksum(from, &at, known).await?;
    let source = Source::Object(from.clone(), at, known);
    upload(endpoint, &target, item, &source, shared).await
}

/// The object that a file of the plan becomes.
fn target_of(output: &Target, item: &Item, many: bool) -> Target {
    let at = if many {
        output.at.below(&item.name)
    } else {
        output.at.clone()
    };
    Target {
        at,
        ..output.clone()
    }
}

async fn upload(
    endpoint: &Endpoint,
    target: &Target,
    item: &Item,
    source: &Source,
    shared: &Shared,
) -> Result<(), ConnectError> {
    let (on_bytes, stop) = (&shared.on_bytes, &shared.stop);
    let uploaded = endpoint.upload(target, item.size, source, on_bytes, stop);
    uploaded.await.map(drop)
}

/// An error when a file has another size than when the plan was made: somebody is writing to it.
fn unchanged(file: &File, path: &Path, item: &Item) -> Result<(), ConnectError> {
    let found = file
        .metadata()
        .map_err(|error| ConnectError::io("read", path, error))?;
    if found.len() == item.size && stamp(&found) == item.etag {
        return Ok(());
    }
    let error = std::io::Error::other(
        "somebody writes to it while it is copied; copy it when it is complete",
    );
    Err(ConnectError::io("read", path, error))
}

/// What is known of an object that is read in parts, with its checksum.
async fn with_checksum(
    endpoint: &Endpoint,
    at: &Location,
    known: Known,
) -> Result<Known, ConnectError> {
    if known.size <= SMALL || known.checksum.is_some() {
        return Ok(known);
    }
    let head = endpoint.head(at).await?;
    let same = head.size == known.size && (known.etag.is_empty() || head.etag == known.etag);
    // Whether it is the same is seen when it is read; the checksum of another one would only hide what is wrong.
    Ok(if same { head.into() } else { known })
}

/// Fetches an object into a file.
async fn fetch(
    endpoint: &Endpoint,
    at: &Location,
    item: &Item,
    path: &Path,
    shared: &Shared,
) -> Result<(), ConnectError> {
    let known = item.known();
    let (many, to) = (shared.many, path.to_owned());
    if item.size <= SMALL {
        let _kept = endpoint.keep(item.size).await;
        let pieces = endpoint.bytes(at, &known).await?;
        shared.on_bytes.tell(item.size);
        let write = move || {
            let beside = start(&to, many)?;
            for bytes in pieces {
                let written = (&**beside.file()).write_all(&bytes);
                written.map_err(|error| ConnectError::io("write", &to, error))?;
            }
            finish(beside, many)
        };
        return blocking(write).await;
    }
    let known = with_checksum(endpoint, at, known).await?;
    let beside = blocking(move || start(&to, many)).await?;
    beside.room_for(item.size)?;
    let file = (Arc::clone(beside.file()), path);
    endpoint
        .download(at, &known, file, &shared.on_bytes)
        .await?;
    blocking(move || finish(beside, many)).await
}

fn start(path: &Path, many: bool) -> Result<Beside, ConnectError> {
    if many {
        Beside::among(path)
    } else {
        Beside::create(path)
    }
}

fn finish(beside: Beside, many: bool) -> Result<(), ConnectError> {
    if many {
        beside.commit_among()
    } else {
        beside.commit()
    }
}

/// Copies a file to a file; gives its size.
fn copy_file(item: &Item, to: &Path, shared: &Shared) -> Result<u64, ConnectError> {
    let path = Path::new(&item.from);
    let failed = |error| ConnectError::io("read", path, error);
    let mut file = File::open(path).map_err(failed)?;
    let beside = start(to, shared.many)?;
    beside.room_for(item.size)?;
    let mut chunk = vec![0; CHUNK];
    let mut size = 0;
    loop {
        if shared.stop.is_cancelled() {
            return Err(ConnectError::Cancelled);
        }
        let count = file.read(&mut chunk).map_err(failed)?;
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        let written = (&**beside.file()).write_all(bytes);
        written.map_err(|error| ConnectError::io("write", to, error))?;
        size += count as u64;
        shared.on_bytes.tell(count as u64);
    }
    unchanged(&file, path, item)?;
    finish(beside, shared.many)?;
    Ok(size)
}

/// Does work that waits for disks where that is allowed.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConnectError> + Send + 'static,
) -> Result<T, ConnectError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        let text = format!("the copy broke off: {error}");
        Err(ConnectError::Setting(text))
    })
}
