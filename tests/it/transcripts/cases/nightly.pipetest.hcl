# What a night comes to, whatever happens to it.

case "when the clocks go forward, a night still runs once" {
  from = "2026-03-27"
  to   = "2026-03-31"
  assert {
    condition     = keys(runs["pipeline.nightly.activity.load"]) == ["2026-03-26T02:30+01:00", "2026-03-27T02:30+01:00", "2026-03-28T02:30+01:00", "2026-03-29T03:30+02:00"]
    error_message = "There were ${jsonencode(keys(runs["pipeline.nightly.activity.load"]))}."
  }
}

case "late data delays a night, and nothing else" {
  from = "2026-05-01"
  to   = "2026-05-05"
  mock "data_node.feed" {
    intervals = ["2026-05-02T02:30+02:00"]
    ready     = "2026-05-04T09:00:00+02:00"
  }
  mock "pipeline.nightly.activity.*" {
    duration = "20 minutes"
  }
  assert {
    condition     = runs["pipeline.nightly.activity.load"]["2026-05-02T02:30+02:00"].ended_at == "2026-05-04T07:40:00Z"
    error_message = "It ended at ${runs["pipeline.nightly.activity.load"]["2026-05-02T02:30+02:00"].ended_at}."
  }
  assert {
    condition     = [for run in values(runs["pipeline.nightly.activity.clean"]) : run.late] == [false, false, true, false]
    error_message = "Others were late, too."
  }
  assert {
    condition     = [for acted in actions : "${acted.action} ${acted.at}"] == ["action.call 2026-05-03T02:30:00Z"]
    error_message = jsonencode(actions)
  }
  assert {
    condition     = values(runs["pipeline.nightly.activity.load"])[0].inputs.clean[0].path == "clean/2026-04-30.csv"
    error_message = jsonencode(values(runs["pipeline.nightly.activity.load"])[0].inputs)
  }
}

case "what fails is tried again, and then its readers give up" {
  from = "2026-05-01"
  to   = "2026-05-03"
  mock "pipeline.nightly.activity.clean" {
    fails = 1
  }
  mock "pipeline.nightly.activity.clean" {
    intervals = ["2026-05-01T02:30+02:00"]
    fails     = true
    error     = "disk full"
  }
  assert {
    condition     = [for run in values(runs["pipeline.nightly.activity.load"]) : run.status] == ["FINISHED", "CASCADE_FAILED"]
    error_message = jsonencode([for run in values(runs["pipeline.nightly.activity.load"]) : run.status])
  }
  assert {
    condition     = runs["pipeline.nightly.activity.clean"]["2026-05-01T02:30+02:00"].errors == ["disk full", "disk full"]
    error_message = "It failed otherwise."
  }
}

case "what hangs is stopped after its time-out" {
  from = "2026-05-01"
  to   = "2026-05-02"
  mock "pipeline.nightly.activity.clean" {
    duration = "3 hours"
  }
  assert {
    condition     = values(runs["pipeline.nightly.activity.clean"])[0].status == "FAILED"
    error_message = values(runs["pipeline.nightly.activity.clean"])[0].status
  }
}

case "nobody loads what was not written" {
  from = "2026-05-01"
  to   = "2026-05-02"
  mock "pipeline.nightly.activity.clean" {
    outputs = []
  }
  assert {
    condition     = values(runs["pipeline.nightly.activity.load"])[0].status == "WAITING_ON_DEPENDENCIES"
    error_message = values(runs["pipeline.nightly.activity.load"])[0].status
  }
}

case "a start in the past fills up the past" {
  from      = "2026-05-01"
  to        = "2026-05-01T12:00:00Z"
  back_fill = true
  variables {
    first_day = "2026-04-20"
  }
  assert {
    condition     = length(runs["pipeline.nightly.activity.load"]) == 11
    error_message = "There were ${length(runs["pipeline.nightly.activity.load"])}, from ${var.first_day} on."
  }
}

case "by hand" {
  from = "2026-05-01"
  to   = "2026-05-02"
  trigger {
    at        = "2026-05-01T10:00:00Z"
    addresses = ["pipeline.by_hand"]
  }
  assert {
    condition     = runs["pipeline.by_hand.activity.reindex"]["2026-05-01T10:00Z"].status == "FINISHED"
    error_message = "It did not run."
  }
  assert {
    condition     = length(actions) == 1
    error_message = "There were ${length(actions)} actions: this case is wrong."
  }
}
