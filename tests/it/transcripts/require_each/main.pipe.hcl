# Each input says for itself how much of it is needed; what says nothing needs what the activity does.

schedule "daily" {
  every = "1 day"
  start = "2026-11-01"
  end   = "2026-11-04"
}

pipeline "shop" {
  schedule = schedule.daily

  data_node "file" "logs" {
    path = "logs/${run.date}"
  }

  data_node "file" "clicks" {
    path = "clicks/${run.date}"
  }

  activity "shell_command" "log" {
    command     = "mkdir -p logs; echo > \"$TO\""
    environment = { TO = run.output.path }
    output      = data_node.logs
  }

  # Nothing comes on the second day.
  activity "shell_command" "click" {
    command     = "test \"$TO\" != clicks/2026-11-02 && mkdir -p clicks && echo > \"$TO\""
    environment = { TO = run.output.path }
    output      = data_node.clicks
    max_retries = 0
  }

  activity "shell_command" "report" {
    command         = "echo \"$*\" >> report"
    script_argument = concat(run.inputs.logs[*].path, run.inputs.clicks[*].path)
    input = {
      logs   = window(data_node.logs, "3 days")
      clicks = require(window(data_node.clicks, "2 days"), "any")
    }
    max_active_instances = 1
  }

  activity "shell_command" "newest" {
    command = "true"
    input = {
      logs   = data_node.logs
      clicks = require(data_node.clicks, "all")
    }
    require = "latest"
  }
}
