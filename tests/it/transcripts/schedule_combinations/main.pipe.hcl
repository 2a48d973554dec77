schedule "nothing" {
  start = "2026-11-01"
}

schedule "both" {
  every = "1 day"
  cron  = "@daily"
}

schedule "over" {
  cron  = "0 0 1 1 *"
  start = "2026-11-01"
  end   = "2026-12-01"
}

schedule "no_calendar" {
  every         = "1 day"
  when_excluded = "next"
}

calendar "all" {
  weekends = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
}

schedule "closed" {
  every    = "1 day"
  start    = "2026-11-01"
  calendar = calendar.all
}

schedule "order" {
  every = "1 day"
  start = "2026-11-02"
  end   = "2026-11-02"
}

calendar "weekend" {
  weekends = ["saturday", "sunday"]
}

schedule "saturdays" {
  cron     = "0 6 * * sat"
  calendar = calendar.weekend
}
