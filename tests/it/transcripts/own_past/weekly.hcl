# Each day reads the week before; the report of a week reads its days.

schedule "daily" {
  every = "1 day"
  start = "2026-11-02"
}

schedule "weekly" {
  every = "1 week"
  start = "2026-11-02"
}

pipeline "shop" {
  activity "shell_command" "day" {
    schedule   = schedule.daily
    command    = "true"
    depends_on = [window(activity.week, "1 week", "-1 day")]
  }

  activity "shell_command" "week" {
    schedule   = schedule.weekly
    command    = "true"
    depends_on = [activity.day]
  }
}
