//! Getting what a step has printed from where its cluster puts it, into the log of the attempt.
//!
//! Clusters put logs to S3 some minutes after they were written, so they are waited for where somebody will want to read them: after a
//! step that failed, and after one that was stopped because its time was over. What cannot be got is said, and changes nothing about the step.

use std::io::Read;
use std::time::Duration;

use flate2::read::MultiGzDecoder;

use super::patience::Pauses;
use super::running::Place;
use crate::connect::aws::emr;
use crate::connect::s3::Endpoint;
use crate::connect::s3::Location;
use crate::exec::process::LONGEST_LINE;
use crate::exec::process::TAIL_LINES;

/// How long logs are waited for.
const PATIENCE: Duration = Duration::from_mins(5);

/// How long EMR may take to say where they are.
const ANSWER: Duration = Duration::from_secs(10);

/// The longest pause before it is looked again.
const LOOK: Duration = Duration::from_secs(10);

/// What comes with the log of the controller is there after it.
const TOGETHER: Duration = Duration::from_millis(500);

/// How much of a log is shown: its end.
const SHOWN: usize = 1024 * 1024;

/// How much of a log is read at most, unpacked.
const READ: u64 = 8 * 1024 * 1024 * 1024;

/// How much is unpacked at once.
const CHUNK: usize = 64 * 1024;

/// How long logs are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Not at all.
    None,
    /// For some minutes, unless somebody waits for the end of the attempt.
    Some,
}

/// Writes the logs of a step into that of the attempt. Gives the last lines of its errors, as far as they are there.
pub(super) async fn fetch(place: &Place<'_>, step: &str, patience: Patience) -> Option<String> {
    let log = &place.ctx.log;
    let Some(root) = root(place).await else {
        log.line("its cluster keeps no logs: it has no `log_uri` in S3");
        return None;
    };
    let prefix = format!("{root}{}/steps/{step}/", place.id);
    let Ok(at) = Location::parse(&prefix) else {
        log.line(&format!("`{prefix}` is no place in S3"));
        return None;
    };
    let s3 = place.session.s3();
    // The last one that a cluster puts there says how the step went.
    if patience == Patience::Some {
        log.line(&format!("its logs are waited for at `{prefix}`"));
        place.ctx.progress.say("waits for the logs of a step");
        tokio::select! {
            () = appear(&s3, &at) => {}
            () = tokio::time::sleep(PATIENCE) => {}
            () = place.ctx.cancel.hurried() => {}
        }
    }
    let (mut any, mut errors) = (false, None);
    for name in ["controller", "stderr", "stdout"] {
        if name == "controller" && patience == Patience::None {
            continue;
        }
        match read(&s3, &at.below(&format!("{name}.gz"))).await {
            Ok(None) => {}
            Ok(Some(text)) => {
                any = true;
                if !text.trim().is_empty() {
                    if name == "stderr" {
                        errors = Some(last_lines(&log.mask(&text)));
                    }
                    log.line(&format!("--- {name} of step {step}"));
                    text.lines().for_each(|line| log.line(line));
                }
            }
            Err(error) => log.line(&format!("warning: its {name} cannot be read: {error}")),
        }
    }
    if any {
        log.line(&format!("--- end of what is at `{prefix}`"));
    } else {
        log.line(&format!(
            "its logs are not there yet; they will be at `{prefix}`"
        ));
    }
    errors
}

/// Where its cluster puts logs: as EMR says, for work that has asked for it first may have said another place than this one. While EMR
/// does not say it, as this work would have asked for it.
async fn root(place: &Place<'_>) -> Option<String> {
    let asked = Box::pin(emr::logs_of(&place.session, &place.id));
    let said = tokio::time::timeout(ANSWER, asked).await;
    let own = || place.emr.cluster.request.log_uri.clone();
    said.ok().and_then(Result::ok).flatten().or_else(own)
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    let lines = lines.get(from..).unwrap_or_default().iter();
    let lines: Vec<String> = lines
        .map(|line| line.chars().take(LONGEST_LINE).collect())
        .collect();
    lines.join("\n")
}

/// Waits until the logs of a step are there.
async fn appear(s3: &Endpoint, at: &Location) {
    let mut pauses = Pauses::up_to(LOOK);
    // That of the controller is there of every step; the others only if something was printed.
    let name = at.below("controller.gz");
    loop {
        if s3.exists(&name).await.unwrap_or(false) {
            tokio::time::sleep(TOGETHER).await;
            return;
        }
        pauses.rest().await;
    }
}

/// The end of a log. `None`: it is not there.
async fn read(s3: &Endpoint, at: &Location) -> Result<Option<String>, String> {
    if !s3.exists(at).await.map_err(|error| error.to_string())? {
        return Ok(None);
    }
    let file = s3.fetch(at).await.map_err(|error| error.to_string())?;
    let unpack = move || {
        let unpacked = MultiGzDecoder::new(file).take(READ);
        let (bytes, before) = end_of(unpacked, SHOWN).map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(if before > 0 {
            format!("(the first {before} bytes are left out)\n{text}")
        } else {
            text.into_owned()
        })
    };
    let unpacked = tokio::task::spawn_blocking(unpack).await;
    unpacked
        .map_err(|error| error.to_string())
        .and_then(|text| text)
        .map(Some)
}

/// The last bytes of a source, no more than so many, and how many there are before them. No more than twice as many are kept at a time.
fn end_of(mut source: impl Read, most: usize) -> std::io::Result<(Vec<u8>, u64)> {
    let (mut kept, mut chunk, mut before) = (Vec::new(), vec![0; CHUNK], 0);
    loop {
        let count = source.read(&mut chunk)?;
        kept.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let more = kept.len().saturating_sub(most);
        if more >= most || (count == 0 && more > 0) {
            drop(kept.drain(..more));
            before += more as u64;
        }
        if count == 0 {
            return Ok((kept, before));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_log_the_end_is_kept() {
        let log: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        for most in [1, 1_000, 100_000, 799_999, 800_000, 900_000] {
            let (end, before) = end_of(log.as_slice(), most).unwrap();
            let from = log.len().saturating_sub(most);
            assert_eq!(before, from as u64);
            assert!(end == log[from..], "{most}");
        }
    }
}
