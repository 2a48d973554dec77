schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

pipeline "b" {
  schedule = schedule.daily
}

pipeline "c" {
  schedule = schedule.daily
}

moved {
  from = pipeline.c
  to   = pipeline.b
}
