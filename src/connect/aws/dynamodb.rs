//! `DynamoDB`: whether a table is there, and an item in it.
//!
//! Asked in single calls that change nothing. That something is not there is an answer; that it cannot be asked is an error.

use aws_sdk_dynamodb::types::Select;
use aws_sdk_dynamodb::types::TableStatus;

use super::AwsError;
use super::Session;
use super::settings::Service;

/// The answer that says that there is no such table.
const NO_TABLE: [&str; 1] = ["ResourceNotFoundException"];

/// How it is with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// It is there, and can be used.
    There,
    /// It is being made.
    Creating,
    /// It is being removed, or archived: it cannot be used.
    Going,
    /// There is none.
    Missing,
}

/// How it is with a table.
pub async fn table(session: &Session, name: &str) -> Result<Table, AwsError> {
    let client = aws_sdk_dynamodb::Client::new(&session.config_of(Service::DynamoDb));
    let answer = client.describe_table().table_name(name).send().await;
    let answer = match answer.map_err(|error| AwsError::of_call(&error, &NO_TABLE)) {
        Err(AwsError::NotFound(_)) => return Ok(Table::Missing),
        answer => answer?,
    };
    let status = answer.table().and_then(|table| table.table_status());
    Ok(match status {
        Some(TableStatus::Creating) => Table::Creating,
        Some(TableStatus::Deleting | TableStatus::Archiving | TableStatus::Archived) => {
            Table::Going
        }
        _ => Table::There,
    })
}

/// Whether a table has an item. `None`: there is no such table.
pub async fn has_items(session: &Session, table: &str) -> Result<Option<bool>, AwsError> {
    let client = aws_sdk_dynamodb::Client::new(&session.config_of(Service::DynamoDb));
    let call = client.scan().table_name(table).limit(1);
    let answer = call
        .select(Select::Count)
        .consistent_read(true)
        .send()
        .await;
    match answer.map_err(|error| AwsError::of_call(&error, &NO_TABLE)) {
        Err(AwsError::NotFound(_)) => Ok(None),
        answer => Ok(Some(answer?.count() > 0)),
    }
}
