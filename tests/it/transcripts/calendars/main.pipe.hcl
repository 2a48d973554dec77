calendar "bank" {
  weekends = ["saturday", "sunday"]
  holidays = file("holidays.txt")
}

schedule "daily" {
  every    = "1 day"
  start    = "2026-12-21"
  end      = "2026-12-30"
  timezone = "Europe/Berlin"
  calendar = calendar.bank
}

schedule "paydays" {
  cron          = "0 6 25 * *"
  start         = "2026-09-01"
  timezone      = "Europe/Berlin"
  due           = "start"
  calendar      = calendar.bank
  when_excluded = "previous"
}

schedule "days" {
  every = "1 day"
  start = "2026-12-21"
  end   = "2026-12-30"
}

pipeline "bank" {
  schedule = schedule.daily

  data_node "file" "day" {
    path = "day-${run.date}"
  }

  activity "shell_command" "close" {
    command         = "date > \"$1\""
    script_argument = [run.output.path]
    output          = data_node.day
  }

  activity "shell_command" "week" {
    schedule {
      every       = "1 week"
      start       = "2026-12-21"
      timezone    = "Europe/Berlin"
      occurrences = 1
    }

    command         = "ls \"$@\""
    script_argument = run.inputs.day[*].path
    input           = data_node.day
  }

  activity "shell_command" "pay" {
    schedule = schedule.paydays
    command  = "true"
  }
}
