//! SNS: messages to topics.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use super::AwsError;
use super::Session;
use super::settings::Service;

/// Answers that say that there is no such topic.
const MISSING: [&str; 2] = ["NotFound", "NotFoundException"];

/// The attribute of a message that has the id of its delivery.
pub const DELIVERY: &str = "pipeform.delivery";

/// A message to a topic.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The ARN of the topic.
    pub topic: &'a str,
    /// The subject: at most 100 characters of ASCII, in one line.
    pub subject: &'a str,
    /// The message.
    pub text: &'a str,
    /// What tells this message from all others, also from the same one sent again.
    pub delivery: &'a str,
    /// Which messages keep their order, in a topic that has one.
    pub group: &'a str,
}

/// An error unless there is a topic, which may be looked at.
pub async fn look(session: &Session, topic: &str) -> Result<(), AwsError> {
    let client = Client::new(&session.config_of(Service::Sns));
    let asked = client.get_topic_attributes().topic_arn(topic).send().await;
    asked
        .map(drop)
        .map_err(|error| match AwsError::of_call(&error, &MISSING) {
            AwsError::NotFound(_) => AwsError::NotFound(format!("there is no topic `{topic}`")),
            error => error,
        })
}

/// Sends a message; gives the id that SNS gave it.
pub async fn publish(session: &Session, message: Message<'_>) -> Result<String, AwsError> {
    let client = Client::new(&session.config_of(Service::Sns));
    let id = MessageAttributeValue::builder()
        .data_type("String")
        .string_value(message.delivery)
        .build()
        .map_err(|error| AwsError::Service(error.to_string()))?;
    let mut call = client
        .publish()
        .topic_arn(message.topic)
        .subject(message.subject)
        .message(message.text)
        .message_attributes(DELIVERY, id);
    // The name of a topic that keeps an order ends so, in small letters.
    if message.topic.rsplit('.').next() == Some("fifo") {
        call = call
            .message_group_id(message.group)
            .message_deduplication_id(message.delivery);
    }
    let answer = call
        .send()
        .await
        .map_err(|error| match AwsError::of_call(&error, &MISSING) {
            AwsError::NotFound(_) => {
                AwsError::NotFound(format!("there is no topic `{}`", message.topic))
            }
            error => error,
        })?;
    Ok(answer.message_id().unwrap_or_default().to_owned())
}
