variable "first_day" {
  type    = string
  default = "2026-03-01"
}

schedule "nights" {
  every    = "1 day"
  start    = "${var.first_day}T02:30"
  timezone = "Europe/Berlin"
}

data_node "file" "feed" {
  path     = "feed/${run.date}.csv"
  schedule = schedule.nights
  precondition "exists" {}
}

pipeline "nightly" {
  schedule    = schedule.nights
  max_retries = 1

  data_node "file" "clean" {
    path = "clean/${run.date}.csv"
    precondition "exists" {}
  }

  activity "shell_command" "clean" {
    input           = data_node.feed
    output          = data_node.clean
    command         = "clean"
    late_after      = "2 hours"
    attempt_timeout = "1 hour"
  }

  activity "shell_command" "load" {
    input                    = data_node.clean
    command                  = "load"
    failure_and_rerun_mode   = "cascade"
  }
}

pipeline "by_hand" {
  activity "shell_command" "reindex" {
    command = "reindex"
  }
}
