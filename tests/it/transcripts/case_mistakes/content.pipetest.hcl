case "wrong values" {
  from = "2026-13-01"
  to   = 5
  variables {
    n = "many"
    m = 1
  }
}

case "wrong mocks" {
  from = "2026-05-03"
  to   = "2026-05-02"
  mock "pipeline.p.activity.b" {
    duration = "1 hour"
  }
  mock "pipeline.p.schedule" {
    duration = "1 hour"
  }
  mock "pipeline.p.activity.a" {
    duration = "an hour"
    fails    = "often"
    ready    = 5
    outputs  = "all"
  }
  trigger {
    at        = runs
    addresses = ["pipeline.q"]
  }
}

case "wrong assertions" {
  from = "2026-05-03"
  to   = "2026-05-04"
  assert {
    condition     = runs["pipeline.p.activity.c"].x
    error_message = "no"
  }
  assert {
    condition     = run.date == "2026-05-01"
    error_message = "no"
  }
  assert {
    condition     = var.n == 2
    error_message = "n is ${var.n}"
  }
  assert {
    condition     = var.n
    error_message = "no"
  }
}

case "a formula that fails in one interval" {
  from = "2026-05-03T12:00"
  to   = "2026-05-05"
  assert {
    condition     = length(runs["pipeline.p.activity.a"]) == 2
    error_message = "There were ${length(runs["pipeline.p.activity.a"])}."
  }
}

case "mocks that nothing meets" {
  from = "2026-05-03T12:00"
  to   = "2026-05-04T12:00"
  mock "pipeline.p.activity.a" {
    intervals = ["2026-05-03T00:00Z"]
    duration  = "1 minute"
  }
  mock "pipeline.p.activity.{a" {
    duration = "1 minute"
  }
  trigger {
    at        = "2026-05-03T13:00"
    addresses = ["pipeline.p"]
  }
}

case "an interval by another name" {
  from = "2026-05-03T12:00"
  to   = "2026-05-04T12:00"
  mock "pipeline.p.activity.a" {
    intervals = ["2026-05-03T00:00Z"]
    duration  = "1 minute"
  }
  assert {
    condition     = length(runs) == 1
    error_message = "no"
  }
}
