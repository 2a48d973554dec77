# Places that no attempt could use are found before there is one: all of them, and each where it is written.

schedule "daily" {
  every = "1 day"
  start = "2026-11-01"
}

# What the pipeline says counts for the activities in it.
pipeline "work" {
  schedule = schedule.daily
  log_uri  = "s3:/acme/logs/"
  on_fail  = [action.oncall, action.chat]

  activity "shell_command" "load" {
    script_uri = "s3://acme/code/"
    stdout     = "s3:///printed/${run.date}/"

    precondition "s3_key_exists" {
      s3_key = "s3://acme"
    }

    precondition "s3_prefix_not_empty" {
      s3_prefix = "acme/orders/${run.date}/"
    }
  }

  # Nobody copies it.
  data_node "s3" "orders" {
    path = "s3//acme/orders/"

    precondition "exists" {}
  }

  activity "shell_command" "count" {
    command = "count-orders"
    input   = data_node.orders
  }
}

action "sns" "oncall" {
  topic   = "oncall"
  subject = "${run.node.object} has failed"
  message = run.node.error
}

action "webhook" "chat" {
  url = "hooks.example.com/chat"
}

# Columns of a copy have types that it knows.
pipeline "load" {
  schedule = schedule.daily

  data_node "file" "sales" {
    path = "sales-${run.date}.csv"

    format "csv" {
      header = true
      column = ["id BIGINT", "amount DECIMAL(40,2)", "sold on DATE"]
    }
  }

  data_node "file" "columns" {
    path   = "sales-${run.date}.parquet"
    format = "parquet"
  }

  activity "copy" "sales" {
    input  = data_node.sales
    output = data_node.columns
  }
}

provider "aws" {
  region = "us east"

  endpoints {
    s3  = "http://127.0.0.1:8333"
    sns = "127.0.0.1:4566"
  }
}
