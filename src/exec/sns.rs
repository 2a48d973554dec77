//! `action "sns"`: a message to a topic of SNS.

use std::borrow::Cow;

use uuid::Uuid;

use super::Context;
use super::ExecError;
use crate::connect::aws::Settings;
use crate::connect::aws::sns;
use crate::connect::aws::sns::Message;

/// How many characters a subject may have.
const SUBJECT: usize = 100;

/// How many bytes a message may have, with some left for what comes with it.
const MESSAGE: usize = 250 * 1024;

/// How many characters the name of a group of messages may have.
const GROUP: usize = 128;

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sns {
    /// How AWS is reached.
    pub aws: Settings,
    /// The ARN of the topic.
    pub topic: String,
    /// The subject, as it was written.
    pub subject: String,
    /// The message, as it was written.
    pub message: String,
    /// What tells this message from all others.
    pub delivery: String,
    /// The action it is of: messages of one keep their order, in a topic that has one.
    pub group: String,
}

impl Sns {
    /// How its topic is reached: in its own region.
    pub(super) fn settings(&self) -> Settings {
        let region = self.topic.split(':').nth(3);
        let region = region.filter(|region| !region.is_empty());
        let own = self.aws.region.clone();
        Settings {
            region: region.map(str::to_owned).or(own),
            ..self.aws.clone()
        }
    }
}

pub(super) async fn run(work: &Sns, ctx: &Context) -> Result<(), ExecError> {
    let failed = |error: crate::connect::aws::AwsError| ExecError::Failed(error.to_string());
    let settings = work.settings();
    let subject = subject(&work.subject);
    if subject != work.subject {
        ctx.log.line(&format!(
            "warning: SNS takes a subject of at most {SUBJECT} characters of ASCII in one line; `{}` is sent as `{subject}`",
            work.subject
        ));
    }
    let text = shortened(&work.message);
    if text != work.message {
        ctx.log.line(&format!(
            "warning: SNS takes messages of up to {} KB; what is more is cut off",
            MESSAGE / 1024
        ));
    }
    let session = ctx.aws.session(&settings).await.map_err(failed)?;
    let group = group(&work.group);
    let message = Message {
        topic: &work.topic,
        subject: &subject,
        text,
        delivery: &work.delivery,
        group: &group,
    };
    let sent = tokio::select! {
        sent = sns::publish(&session, message) => sent.map_err(failed)?,
        () = ctx.cancel.cancelled() => return Err(ExecError::Cancelled),
    };
    ctx.log.line(&format!("sent to {} as {sent}", work.topic));
    Ok(())
}

/// A subject as SNS takes it.
fn subject(written: &str) -> String {
    let plain: String = written
        .chars()
        .map(|letter| match letter {
            '–' | '—' => '-',
            '’' | '‘' => '\'',
            '“' | '”' => '"',
            _ if letter.is_whitespace() || letter.is_control() => ' ',
            _ if letter.is_ascii() => letter,
            _ => '?',
        })
        .collect();
    let plain = plain.trim();
    if plain.is_empty() {
        return "pipeform".to_owned();
    }
    if plain.len() <= SUBJECT {
        return plain.to_owned();
    }
    let kept: String = plain.chars().take(SUBJECT - 3).collect();
    format!("{}...", kept.trim_end())
}

/// The name of a group as SNS takes it: letters, digits and signs of ASCII. In place of one that does not fit stands a digest, the same each time.
fn group(address: &str) -> Cow<'_, str> {
    if address.len() <= GROUP && address.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(address);
    }
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, address.as_bytes());
    Cow::Owned(digest.to_string())
}

/// A message as SNS takes it.
fn shortened(message: &str) -> &str {
    let mut end = message.len().min(MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    match message.get(..end) {
        Some("") | None => " ", // an empty one is refused
        Some(kept) => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_made_to_fit() {
        for (written, sent) in [
            ("archive failed", "archive failed"),
            ("  a\nb\tc ", "a b c"),
            ("Käufe – „gestern“", "K?ufe - ?gestern\""),
            ("\n", "pipeform"),
        ] {
            assert_eq!(subject(written), sent);
        }
        assert_eq!(subject(&"x".repeat(100)), "x".repeat(100));
        assert_eq!(subject(&"x".repeat(101)), format!("{}...", "x".repeat(97)));
        assert_eq!(subject(&"é".repeat(300)).len(), 100);
    }

    #[test]
    fn names_of_groups_are_made_to_fit() {
        let address = "module.dr[0].pipeline.x[\"eu\"].action.told";
        assert_eq!(group(address), address);
        assert_eq!(group(&"x".repeat(128)), "x".repeat(128));
        let odd = [
            "x".repeat(129),
            "pipeline.x[\"a b\"].action.told".to_owned(),
            "ä".to_owned(),
        ];
        for address in &odd {
            let fit = group(address);
            assert!(fit.len() == 36 && fit.is_ascii(), "{fit}");
            assert_eq!(fit, group(address));
        }
        assert_ne!(group(&odd[0]), group(&odd[1]));
    }

    #[test]
    fn messages_are_cut_between_letters() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(""), " ");
        let long = "é".repeat(MESSAGE);
        let cut = shortened(&long);
        assert!(cut.len() <= MESSAGE && cut.len() > MESSAGE - 2);
    }
}
