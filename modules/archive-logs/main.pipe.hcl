# Archives a log as soon as it is there, byte for byte.

pipeline "archive" {
  description = var.description
  schedule    = var.schedule
  on_fail     = var.on_fail

  data_node "file" "log" {
    path                 = var.path
    precondition_timeout = var.precondition_timeout

    precondition "exists" {}
  }

  data_node "file" "archive" {
    path   = "${var.directory}/${run.year}/${run.month}/${run.day}/${var.name}"
    format = var.format
  }

  activity "copy" "archive" {
    input  = data_node.log
    output = data_node.archive
  }
}
