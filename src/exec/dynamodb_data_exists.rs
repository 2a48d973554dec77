//! `precondition "dynamodb_data_exists"`: whether a table of `DynamoDB` has an item.

use super::Held;
use super::dynamodb_table_exists::missing;
use crate::connect::aws::AwsError;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::dynamodb;

/// The table that must have data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DynamoDbDataExists {
    /// How AWS is reached.
    pub aws: Settings,
    /// Its name.
    pub table: String,
}

pub(super) async fn check(
    wanted: &DynamoDbDataExists,
    sessions: &Sessions,
) -> Result<Held, AwsError> {
    let session = sessions.session(&wanted.aws).await?;
    let table = &wanted.table;
    Ok(match dynamodb::has_items(&session, table).await? {
        Some(true) => Held::Held,
        Some(false) => Held::NotYet(format!("the table `{table}` has no items")),
        None => Held::NotYet(missing(table, &session)),
    })
}
