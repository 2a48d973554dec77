//! `precondition "dynamodb_table_exists"`: whether a table of `DynamoDB` is there, and can be used.

use super::Held;
use crate::connect::aws::AwsError;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::dynamodb;
use crate::connect::aws::dynamodb::Table;

/// The table that must be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DynamoDbTableExists {
    /// How AWS is reached.
    pub aws: Settings,
    /// Its name.
    pub table: String,
}

pub(super) async fn check(
    wanted: &DynamoDbTableExists,
    sessions: &Sessions,
) -> Result<Held, AwsError> {
    let session = sessions.session(&wanted.aws).await?;
    let name = &wanted.table;
    Ok(match dynamodb::table(&session, name).await? {
        Table::There => Held::Held,
        Table::Creating => Held::NotYet(format!("the table `{name}` is still being made")),
        Table::Going => Held::NotYet(format!("the table `{name}` is being removed")),
        Table::Missing => Held::NotYet(missing(name, &session)),
    })
}

/// What there is to say of a table that is not there.
pub(super) fn missing(table: &str, session: &crate::connect::aws::Session) -> String {
    let region = session.region();
    format!("the table `{table}` does not exist in `{region}`")
}
