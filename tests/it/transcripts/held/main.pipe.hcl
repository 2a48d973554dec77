schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "off" {
  schedule = schedule.daily
  active   = false

  activity "shell_command" "make" {
    command = "echo make"
  }
}

pipeline "on" {
  schedule = schedule.daily

  activity "shell_command" "use" {
    depends_on = [pipeline.off.activity.make]
    command    = "echo use"
  }
}

pipeline "adhoc" {
  max_active_instances = 1

  activity "shell_command" "now" {
    command = "echo now"
  }
}
