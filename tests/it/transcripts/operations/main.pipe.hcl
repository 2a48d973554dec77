schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "work" {
  schedule    = schedule.daily
  max_retries = 0

  data_node "file" "made" {
    path = "made-${run.date}"
  }

  activity "shell_command" "make" {
    output          = data_node.made
    command         = "test ! -e \"broken-$1\" && echo $1 > made-$1"
    script_argument = [run.date]
  }

  activity "shell_command" "use" {
    input           = data_node.made
    command         = "cat made-$1 >> used"
    script_argument = [run.date]
  }
}
