schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

data_node "file" "loaded" {
  path = "loaded"
}

pipeline "load" {
  activity "shell_command" "make" {
    output  = data_node.loaded
    command = "echo made > ${run.output.path}"
  }

  activity "shell_command" "check" {
    input   = data_node.loaded
    command = "true"
  }
}

pipeline "report" {
  schedule = schedule.daily

  activity "shell_command" "use" {
    input   = data_node.loaded
    command = "true"
  }
}
