variable "inbox" {
  type    = string
  default = "/srv/inbox"
}

schedule "daily" {
  every = "1 day"
  start = "2025-06-02"
}

pipeline "logs" {
  schedule = schedule.daily

  data_node "file" "log" {
    path = "${var.inbox}/${run.date}.log"

    precondition "exists" {}
  }

  data_node "file" "archive" {
    path = "archive/${run.date}.log.gz"
  }

  activity "copy" "archive" {
    input  = data_node.log
    output = data_node.archive
  }
}
