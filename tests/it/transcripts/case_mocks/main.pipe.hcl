schedule "daily" {
  every = "1 day"
  start = "2026-02-01"
}

pipeline "p" {
  schedule = schedule.daily

  data_node "file" "raw" {
    path = "/raw/${run.date}"
  }

  data_node "file" "made" {
    path = "/made/${run.date}"
  }

  data_node "file" "sum" {
    path = "/sum/${run.date}"
    precondition "exists" {}
  }

  activity "shell_command" "make" {
    input   = data_node.raw
    output  = [data_node.made, data_node.sum]
    command = "make"
  }

  activity "shell_command" "use" {
    input   = data_node.made
    command = "use"
  }

  activity "shell_command" "check" {
    input   = data_node.sum
    output  = data_node.checked
    command = "check"
  }

  data_node "file" "checked" {
    path = "/checked/${run.date}"
  }
}
