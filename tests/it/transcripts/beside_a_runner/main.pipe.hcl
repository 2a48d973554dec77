pipeline "work" {
  max_retries = 0

  activity "shell_command" "slow" {
    command = "touch running; sleep 600"
  }

  activity "shell_command" "quick" {
    depends_on = [activity.slow]
    command    = "touch quick"
  }

  activity "shell_command" "other" {
    command = "touch other"
  }
}
