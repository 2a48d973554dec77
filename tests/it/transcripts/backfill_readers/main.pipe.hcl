variable "mails" {
  type    = number
  default = 1
}

schedule "daily" {
  every = "1 day"
  start = "2026-01-05"
}

schedule "weekly" {
  every = "1 week"
  start = "2026-01-05"
}

data_node "file" "day" {
  path = "day-${run.date}"
}

pipeline "load" {
  schedule = schedule.daily
  catch_up = "latest"

  activity "shell_command" "make" {
    output  = data_node.day
    command = "touch ${run.output.path}"
  }
}

pipeline "report" {
  schedule = schedule.weekly

  activity "shell_command" "week" {
    input   = data_node.day
    command = "ls day-* | wc -l >> weeks"
  }

  activity "shell_command" "mail" {
    for_each   = toset([for number in range(var.mails) : "m${number}"])
    depends_on = [activity.week]
    command    = "true"
  }
}
