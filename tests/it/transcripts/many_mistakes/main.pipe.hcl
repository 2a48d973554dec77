schedule "daily" {
  every = "1 day"
  start = "2025-02-30"
}

pipeline "logs" {
  schedule        = schedule.daily
  maximum_retries = 3

  data_node "file" "log" {
    path   = "logs/${run.dat}.log"
    format = "cvs"
  }

  data_node "file" "archive" {
    path = uper("archive.gz")
  }

  activity "copi" "archive" {
    input  = data_node.log
    output = data_node.archive
  }

  activity "copy" "half" {
    input       = data_node.log
    max_retries = run.attempt
  }
}
