variable "every" {
  type    = string
  default = "1 week"
}

variable "with_mail" {
  type    = bool
  default = false
}

schedule "report" {
  every = var.every
  start = "2026-11-02"
}

schedule "daily" {
  every = "1 day"
  start = "2026-11-02"
}

pipeline "weblogs" {
  schedule    = schedule.daily
  max_retries = 0

  data_node "file" "log" {
    path = "/logs/${run.date}.log"
    precondition "exists" {}
  }

  data_node "file" "archive" {
    path = "/archive/${run.date}.log"
  }

  activity "shell_command" "archive" {
    input   = data_node.log
    output  = data_node.archive
    command = "archive"

    lifecycle {
      postcondition {
        condition     = run.day != "18"
        error_message = "The archive of ${run.date} is empty."
      }
    }
  }

  activity "shell_command" "report" {
    schedule = schedule.report
    input    = data_node.archive
    command  = "report ${run.date}"
  }
}

pipeline "mail" {
  activity "shell_command" "send" {
    for_each = toset(var.with_mail ? ["all"] : [])
    command  = "send"
  }
}
