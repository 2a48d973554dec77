variable "keep" {
  type    = string
  default = null
}

schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

schedule "weekly" {
  every = "7 days"
  start = "2026-01-01"
}

pipeline "work" {
  schedule = schedule.daily
  retain   = var.keep

  data_node "file" "made" {
    path = "made-${run.date}"
  }

  activity "shell_command" "make" {
    output          = data_node.made
    command         = "test ! -e \"broken-$1\" && echo $1 | tee made-$1"
    script_argument = [run.date]
    max_retries     = 0
  }

  activity "shell_command" "sum" {
    schedule = schedule.weekly
    input    = data_node.made
    command  = "cat made-* > sum"
  }
}
