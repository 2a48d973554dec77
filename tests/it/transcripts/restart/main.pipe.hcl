schedule "once" {
  every       = "1 day"
  start       = "2026-01-01"
  occurrences = 1
}

pipeline "work" {
  schedule = schedule.once

  activity "shell_command" "make" {
    command = "date +%s%N > made"
  }

  activity "shell_command" "use" {
    depends_on = [activity.make]
    command    = "cp made used; touch running; test -e go || sleep 600"
  }

  activity "shell_command" "report" {
    depends_on = [activity.use]
    command    = "cmp made used && echo same > report"
  }
}
