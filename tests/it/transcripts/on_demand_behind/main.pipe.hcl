schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "work" {
  schedule = schedule.daily

  data_node "file" "day" {
    path = "day-${run.date}"
  }

  activity "shell_command" "make" {
    output  = data_node.day
    command = "test ${run.day} != 03 && touch ${run.output.path}"
  }
}

pipeline "adhoc" {
  activity "shell_command" "read" {
    input   = pipeline.work.data_node.day
    command = "ls ${run.input.path}"
  }
}
