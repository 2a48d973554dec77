variable "zone" {
  default = "UTC"
}

schedule "daily" {
  every    = "1 day"
  start    = "2026-12-25"
  timezone = var.zone
}

pipeline "p" {
  schedule = schedule.daily

  data_node "file" "day" {
    path = "day-${run.date}"
  }

  activity "shell_command" "make" {
    command         = "echo \"$1\" >> \"$2\""
    script_argument = [run.scheduled_start, run.output.path]
    output          = data_node.day
  }

  activity "shell_command" "use" {
    command         = "cat \"$@\""
    script_argument = run.inputs.days[*].path
    input           = { days = window(data_node.day, "3 days") }
  }
}
