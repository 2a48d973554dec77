variable "owner" {
  type    = string
  default = ""
}

schedule "daily" {
  every = "1 day"
  start = "2025-06-01"
  end   = "2025-06-03"
}

pipeline "p" {
  schedule = schedule.daily

  data_node "file" "in" {
    path = "in/${run.date}.csv"
  }

  activity "shell_command" "read" {
    input   = data_node.in
    command = "cat ${run.input.path}"
  }
}

check "owned" {
  assert {
    condition     = var.owner != ""
    error_message = "Nobody owns this."
  }

  assert {
    condition     = length(var.owner) > 3
    error_message = "The owner's name is too short."
  }
}

check "paths" {
  assert {
    condition     = startswith(pipeline.p.data_node.in.path, "/")
    error_message = "`${pipeline.p.data_node.in.path}` is relative."
  }

  assert {
    condition     = run.date != "2025-06-01"
    error_message = "This cannot be known."
  }
}
