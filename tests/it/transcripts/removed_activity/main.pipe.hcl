schedule "daily" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 2
}

pipeline "work" {
  schedule = schedule.daily

  activity "shell_command" "stays" {
    command         = "echo $1 >> stays"
    script_argument = [run.date]
  }

  activity "shell_command" "goes" {
    command         = "echo $1 >> goes"
    script_argument = [run.date]

    precondition "shell_command" {
      command = "test -e gate"
    }
  }
}
