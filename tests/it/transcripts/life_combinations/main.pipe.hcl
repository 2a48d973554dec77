pool "database" {
  slots = 2
}

action "terminate" "give_up" {}

pipeline "reports" {
  on_fail = [action.give_up]

  activity "shell_command" "late" {
    on_late = [action.give_up]
    command = "true"
  }

  activity "shell_command" "wide" {
    pool       = pool.database
    pool_slots = 3
    command    = "true"
  }

  activity "shell_command" "lost" {
    pool_slots = 2
    command    = "true"
  }
}
