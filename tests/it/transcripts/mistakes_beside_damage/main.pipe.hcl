schedule "daily" {
  every = "1 day"
  start = var.first_day
}

module "copies" {
  source   = "./copies"
  schedule = schedule.daily
  nodes    = [data_node.log]
}

pipeline "logs" {
  schedule = schedule.daily

  data_node "file" "log" {
    path = "logs/${run.date}.log
  }

  data_node "file" "archive" {
    pth = "archive/${run.dat}.log.gz"
  }

  activity "copy" "archive" {
    input  data_node.log
    output = data_node.archive

  activity "shell_command" "report" {
    command    = "report ${local.titel} ${local.hidden} ${data_node.log.path}"
    depends_on = [activity.archive, activity.gone]
  }
}
