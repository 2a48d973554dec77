schedule "daily" {
  every = "1 day"
  start = "2025-06-02"
  end   = "2025-06-05"
}

pipeline "round" {
  schedule = schedule.daily

  data_node "file" "a" {
    path = "a/${run.date}"
  }

  data_node "file" "b" {
    path = "b/${run.date}"
  }

  activity "copy" "there" {
    input  = data_node.a
    output = data_node.b
  }

  activity "copy" "back" {
    input  = data_node.b
    output = data_node.a
  }
}
