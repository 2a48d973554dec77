schedule "daily" {
  every       = "1 minute"
  start       = "2025-06-02"
  occurrences = 5000
}

pipeline "logs" {
  schedule    = schedule.daily
  max_retries = 0

  data_node "file" "log" {
    path = "logs/${run.date}.log"

    precondition "exists" {}
  }

  data_node "file" "archive" {
    path = "archive/${formatdate("YYYY-MM-DD-hh-mm", run.scheduled_start)}.log.gz"
  }

  activity "copy" "archive" {
    input  = data_node.log
    output = data_node.archive
  }
}
