schedule "daily" {
  every = "1 day"
  start = "2026-11-01"
}

schedule "weekly" {
  every = "1 week"
  start = "2026-11-01"
}

data_node "file" "logs" {
  path = "/data/logs/${run.date}.log"

  precondition "exists" {}
}

data_node "file" "archive" {
  path     = "/data/archive/${run.date}.log"
  schedule = schedule.daily
}

pipeline "weblogs" {
  schedule = schedule.daily

  activity "copy" "archive" {
    input  = data_node.logs
    output = data_node.archive
  }

  activity "shell_command" "report" {
    schedule = schedule.weekly
    command  = "wc -l /data/archive/*"
    input    = window(data_node.archive, "14 days")
  }

  activity "shell_command" "off" {
    active     = false
    command    = "true"
    depends_on = [activity.archive]
  }
}

pipeline "by_hand" {
  activity "shell_command" "first" {
    command = "true"
  }

  activity "shell_command" "second" {
    command    = "true"
    depends_on = [activity.first]
  }
}
