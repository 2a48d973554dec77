schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

schedule "weekly" {
  every = "7 days"
  start = "2026-01-01"
}

data_node "file" "day" {
  path = "day-${run.date}"
}

pipeline "work" {
  activity "shell_command" "make" {
    schedule = schedule.daily
    catch_up = "latest"
    output   = data_node.day
    command  = "touch ${run.output.path}"
  }

  activity "shell_command" "week" {
    schedule = schedule.weekly
    input    = data_node.day
    command  = "echo ${length(run.inputs.day)} days"
  }
}
