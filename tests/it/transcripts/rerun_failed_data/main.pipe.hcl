schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
  end   = "2026-01-02"
}

data_node "file" "shared" {
  path = "shared-${run.date}"

  precondition "exists" {
    precondition_timeout = "1 hour"
  }
}

pipeline "read" {
  schedule               = schedule.daily
  failure_and_rerun_mode = "cascade"

  activity "shell_command" "print" {
    input           = data_node.shared
    command         = "cat shared-$1 >> printed"
    script_argument = [run.date]
  }
}
