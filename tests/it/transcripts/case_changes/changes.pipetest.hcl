case "a schedule that changes on a Wednesday" {
  from = "2026-11-09T12:00:00Z"
  to   = "2026-11-14"
  apply {
    at = "2026-11-11T12:00:00Z"
    variables {
      every = "1 day"
    }
  }
  assert {
    condition     = keys(runs["pipeline.weblogs.activity.report"]) == ["2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13"]
    error_message = jsonencode(keys(runs["pipeline.weblogs.activity.report"]))
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.report"]["2026-11-10"].started_at == "2026-11-11T12:00:00Z"
    error_message = "What the new schedule makes due at once starts at once."
  }
}

case "what runs keeps its definition" {
  from = "2026-11-09T12:00:00Z"
  to   = "2026-11-12T12:00:00Z"
  mock "pipeline.weblogs.activity.archive" {
    duration = "8 hours"
  }
  apply {
    at     = "2026-11-11T06:00:00Z"
    source = "later"
  }
  assert {
    condition     = [for run in values(runs["pipeline.weblogs.activity.archive"]) : "${run.definition}: ${run.attributes.command}"] == ["1: archive", "1: archive", "2: archive faster"]
    error_message = jsonencode([for run in values(runs["pipeline.weblogs.activity.archive"]) : "${run.definition}: ${run.attributes.command}"])
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-10"].ended_at == "2026-11-11T08:00:00Z"
    error_message = "It ended at ${runs["pipeline.weblogs.activity.archive"]["2026-11-10"].ended_at}."
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-11"].outputs.archive[0].path == "/archive/2026/11/11.log"
    error_message = jsonencode(runs["pipeline.weblogs.activity.archive"]["2026-11-11"].outputs)
  }
}

case "what is new can be triggered once it is applied" {
  from = "2026-11-09T12:00:00Z"
  to   = "2026-11-10T12:00:00Z"
  apply {
    at = "2026-11-09T18:00:00Z"
    variables {
      with_mail = true
    }
  }
  trigger {
    at        = "2026-11-09T19:00:00Z"
    addresses = ["pipeline.mail"]
  }
  assert {
    condition     = runs["pipeline.mail.activity.send[\"all\"]"]["2026-11-09T19:00Z"].status == "FINISHED"
    error_message = "It did not run."
  }
}

case "what waits for a removed activity's data is given up with it" {
  from = "2026-11-09T12:00:00Z"
  to   = "2026-11-12"
  mock "pipeline.weblogs.data_node.log" {
    ready = false
  }
  apply {
    at     = "2026-11-10T12:00:00Z"
    source = "gone"
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-09"].status == "CANCELED"
    error_message = runs["pipeline.weblogs.activity.archive"]["2026-11-09"].status
  }
}

case "what has no schedule for a while can be triggered in it" {
  from = "2026-11-09T12:00:00Z"
  to   = "2026-11-12T12:00:00Z"
  apply {
    at     = "2026-11-10T06:00:00Z"
    source = "by_hand"
  }
  trigger {
    at        = "2026-11-10T12:00:00Z"
    addresses = ["pipeline.weblogs.activity.archive"]
  }
  apply {
    at     = "2026-11-11T06:00:00Z"
    source = "later"
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-10T12:00Z"].attributes.command == "archive by hand"
    error_message = jsonencode(keys(runs["pipeline.weblogs.activity.archive"]))
  }
}
