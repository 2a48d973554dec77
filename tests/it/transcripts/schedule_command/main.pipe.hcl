variable "zone" {
  type    = string
  default = "Europe/Berlin"
}

schedule "nightly" {
  cron     = "30 2 * * *"
  start    = "2026-01-01"
  timezone = var.zone
}

schedule "weekly" {
  every       = "1 week"
  start       = "2026-01-04"
  occurrences = 10
}

schedule "later" {
  cron = "*/15 8-17 * * mon-fri"
}

pipeline "sales" {
  schedule = schedule.nightly

  data_node "file" "sales" {
    path = "sales-${run.date}.csv"
  }

  activity "shell_command" "load" {
    command = "true"
    output  = data_node.sales
  }

  activity "shell_command" "report" {
    command  = "true"
    schedule = schedule.weekly
    due      = "start"
    input    = data_node.sales
  }

  activity "shell_command" "watch" {
    command  = "true"
    schedule = schedule.later
    active   = false
  }
}

pipeline "adhoc" {
  activity "shell_command" "clean" {
    command = "true"
  }
}
