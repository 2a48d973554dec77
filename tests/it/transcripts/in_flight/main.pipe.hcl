schedule "once" {
  every       = "1 day"
  start       = "2026-01-01"
  occurrences = 1
}

pipeline "work" {
  schedule = schedule.once

  activity "shell_command" "slow" {
    command = "echo one >> ran; sleep 600"
  }

  activity "shell_command" "long" {
    command = "echo long >> ran; sleep 600"
  }
}
