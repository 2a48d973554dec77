schedule "once" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 1
}

pipeline "work" {
  schedule    = schedule.once
  max_retries = 1
  retry_delay = "1 second"

  activity "shell_command" "second_time" {
    command = "test -e tried || { touch tried; echo not yet >&2; exit 1; }"
  }

  activity "shell_command" "too_long" {
    command         = "sleep 600"
    attempt_timeout = "1 second"
  }

  activity "shell_command" "gives_up" {
    depends_on             = [activity.too_long]
    failure_and_rerun_mode = "cascade"
    command                = "true"
  }
}
