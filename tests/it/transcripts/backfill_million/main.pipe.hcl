schedule "minutes" {
  every = "1 minute"
  start = "2024-01-01"
}

schedule "days" {
  every = "1 day"
  start = "2024-01-01"
}

pipeline "work" {
  schedule = schedule.minutes
  catch_up = "latest"

  activity "no_op" "minute" {
    max_active_instances = 100
  }

  activity "no_op" "day" {
    schedule   = schedule.days
    depends_on = [activity.minute]
  }
}
