variable "bucket" {
  type    = string
  default = "acme"
}

variable "days" {
  type    = number
  default = 3
}

variable "stage" {
  type    = string
  default = "test"

  validation {
    condition     = length(var.stage) > 2
    error_message = "It is too short."
  }
}

locals {
  day    = date_format(date_add(run.scheduled_start, "${-var.days} days"), "%Y-%m-%d")
  folder = "s3://${var.bucket}/orders/${local.day}/"
}

schedule "nightly" {
  cron  = "30 2 * * *"
  start = "2026-11-01"
}

schedule "utc" {
  every = "1 day"
  start = "2026-11-01T00:00:00"
}

schedule "weekdays" {
  cron  = "0 9 * * mon-fri"
  start = "2026-11-01"
}

schedule "berlin" {
  every    = "1 day"
  start    = "2026-11-01"
  timezone = "Europe/Berlin"
}

pipeline "nightly" {
  description = "All that is told"
  schedule    = schedule.nightly
  due         = "start"
  backoff     = "constant"
  retry_delay = "90 seconds"
  retain      = "30 days"

  data_node "s3" "orders" {
    path = local.folder

    precondition "s3_prefix_not_empty" {
      s3_prefix = run.node.path
    }
  }

  data_node "s3" "report" {
    path = "s3://${var.bucket}/${upper(var.stage)}/${run.date}.csv"
  }

  activity "shell_command" "report" {
    command         = "psql -f report.sql -v day=$1 \"#{x}\" $PASSWORD $${PASSWORD}"
    script_argument = concat([local.day], [for part in ["a", "b"] : "${part}-${run.year}"])
    environment     = { PASSWORD = secret("env://DB_PASSWORD") }
    input           = data_node.orders
    output          = data_node.report
    on_fail         = [action.oncall]
  }
}

action "sns" "oncall" {
  topic   = "arn:aws:sns:us-east-1:111122223333:oncall"
  subject = "${run.node.object} failed"
  message = "Of ${run.node.date}: ${run.node.error}; read ${run.node.input.path}"
}

pipeline "others" {
  schedule = schedule.weekdays

  data_node "file" "list" {
    path = "list-${run.date}.csv"
  }

  data_node "s3" "copies" {
    schedule = schedule.berlin
    path     = "s3://acme/${run.date == "2026-12-24" ? "holiday" : run.date}.csv"
  }

  activity "shell_command" "all" {
    command     = "make $DAY ${run.attempt}"
    environment = { DAY = run.date }
    input       = window(pipeline.nightly.data_node.report, "7 days")
    output      = data_node.list
    depends_on  = [pipeline.nightly.activity.report]
    priority    = 5
    require     = "any"
  }

  activity "shell_command" "script" {
    script_uri  = "s3://acme/run.sh"
    environment = { DAY = run.date }
  }

  activity "no_op" "done" {
    depends_on = [activity.all]
  }
}

pipeline "utc" {
  schedule     = schedule.utc
  backoff      = "constant"
  retry_jitter = false

  activity "shell_command" "since" {
    command = "echo ${schedule.utc.start} ${schedule.utc.every} ${date_format(date_add(schedule.utc.start, "1 month", "UTC"), "%m")}"
  }
}

pipeline "of" {
  for_each = toset(["a", "b/c", "b-c"])

  activity "shell_command" "show" {
    command = "echo ${each.key}"
  }
}

pipeline "half" {
  schedule     = schedule.nightly
  backoff      = "constant"
  retry_jitter = false

  activity "shell_command" "half" {
    command         = "echo $DAY ${var.days / 2} ${pow(var.days, 2)} ${var.days * 0.5} ${0.5}; attempt ${run.attempt} $FROM"
    script_argument = [[for n in ["a", "b"] : "${n}-${var.bucket}"][1]]
    stdout          = "s3://acme/${schedule.nightly.start}/${date_format(schedule.utc.start, "%m", "UTC")}/"
    environment     = { DAY = run.date, FROM = "it's ${var.bucket}", COUNT = 3 }
  }
}
