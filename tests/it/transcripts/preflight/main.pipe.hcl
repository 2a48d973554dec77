schedule "daily" {
  every = "1 day"
  start = "2026-11-01"

  occurrences = 3
}

pipeline "p" {
  schedule = schedule.daily

  activity "shell_command" "a" {
    command     = "spark-submit x.py && gzip y"
    working_dir = "nowhere"
    environment = { PW = secret("env://NOPE") }
  }

  activity "shell_command" "b" {
    command = "spark-submit x.py"
  }

  data_node "file" "in" {
    path = "in/${run.date}"
  }
  data_node "file" "out" {
    path = "main.pipe.hcl/${run.date}"
  }
  activity "copy" "c" {
    input = data_node.in
    output = data_node.out
    late_after = "1 hour"
    on_late = action.give_up
  }
}

# Nothing is needed for it.
action "terminate" "give_up" {}
