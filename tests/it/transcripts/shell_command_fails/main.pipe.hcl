schedule "once" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 1
}

pipeline "work" {
  schedule    = schedule.once
  max_retries = 0
  on_fail     = [action.note]

  activity "shell_command" "break" {
    command = "echo what it does; echo the reason >&2; exit 3"
  }

  activity "shell_command" "after" {
    depends_on = [activity.break]
    command    = "true"
  }
}

action "shell_command" "note" {
  command         = "echo \"$1 $2\" > note"
  script_argument = [run.node.object, run.node.status]
}
