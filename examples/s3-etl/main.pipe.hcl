# Turns the csv files that a shop delivers each day into columns of parquet, in S3. Rows that do not fit are put aside.
#
# Where S3 is, and with which credentials, the environment says; see README.md.

provider "aws" {
  region = var.region
}

schedule "daily" {
  every       = "1 day"
  start       = var.first_day
  occurrences = var.days
}

# What the shop delivers is copied to S3 as it is: a file for each feed and day.
pipeline "arrive" {
  for_each = var.feeds

  description = "Bring the ${each.key} of each day to S3"
  schedule    = schedule.daily

  data_node "file" "delivered" {
    path = "${var.delivery}/${each.key}-${run.date}.csv"

    precondition "exists" {}
  }

  activity "copy" "bring" {
    input  = data_node.delivered
    output = data_node.incoming[each.key]
  }
}

# What one pipeline writes and another one reads stands between them.
data_node "s3" "incoming" {
  for_each = var.feeds

  path        = "s3://${var.bucket}/incoming/${each.key}/${run.date}.csv.gz"
  compression = "gzip"

  format "csv" {
    header = true
    column = each.value.columns
  }
}

# Each feed goes its own way: one that is late, or has too many rejects, holds up no other.
pipeline "convert" {
  for_each = var.feeds

  description = "Turn the ${each.key} of each day into columns"
  schedule    = schedule.daily

  data_node "s3" "table" {
    path   = "s3://${var.bucket}/tables/${each.key}/day=${run.date}/"
    format = "parquet"
  }

  activity "copy" "convert" {
    input        = data_node.incoming[each.key]
    output       = data_node.table
    on_row_error = "skip"
    reject_to    = "s3://${var.bucket}/rejects/${each.key}/${run.date}.csv"
    max_rejects  = each.value.max_rejects
    max_retries  = 0
  }
}

output "tables" {
  description = "Where the tables are: each has a directory for each day"
  value       = { for name, feed in var.feeds : name => "s3://${var.bucket}/tables/${name}/" }
}
