schedule "once" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 1
}

pipeline "numbers" {
  schedule    = schedule.once
  max_retries = 0

  data_node "file" "text" {
    path = "in.txt"

    format "regex" {
      input_regex = "^(\\w+)=(\\d+)$"
      column      = ["name STRING", "value INT"]
    }
  }

  data_node "file" "table" {
    path   = "out.csv"
    format = "csv"
  }

  activity "copy" "convert" {
    input  = data_node.text
    output = data_node.table
  }
}
