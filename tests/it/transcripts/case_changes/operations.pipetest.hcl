case "a rerun takes its consumers along" {
  from = "2026-11-16T12:00:00Z"
  to   = "2026-11-17T12:00:00Z"
  operation "rerun" {
    at             = "2026-11-16T18:00:00Z"
    addresses      = ["pipeline.weblogs.activity.archive@2026-11-12"]
    with_consumers = true
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.report"]["2026-11-09"].started_at == "2026-11-16T18:00:00Z"
    error_message = "The week's report was not made anew."
  }
  assert {
    condition     = length(runs["pipeline.weblogs.activity.archive"]) == 2
    error_message = jsonencode(keys(runs["pipeline.weblogs.activity.archive"]))
  }
}

case "a pause holds what becomes due" {
  from = "2026-11-09T12:00:00Z"
  to   = "2026-11-13"
  operation "pause" {
    at        = "2026-11-09T13:00:00Z"
    addresses = ["pipeline.weblogs"]
  }
  operation "resume" {
    at        = "2026-11-11T09:00:00Z"
    addresses = ["pipeline.weblogs"]
  }
  assert {
    condition     = [for run in values(runs["pipeline.weblogs.activity.archive"]) : run.started_at] == ["2026-11-11T09:00:00Z", "2026-11-11T09:00:00Z", "2026-11-12T00:00:00Z", "2026-11-13T00:00:00Z"]
    error_message = jsonencode([for run in values(runs["pipeline.weblogs.activity.archive"]) : run.started_at])
  }
}

case "what is canceled stays that until it is run again" {
  from = "2026-11-09T12:00:00Z"
  to   = "2026-11-11T12:00:00Z"
  mock "pipeline.weblogs.activity.archive" {
    duration = "6 hours"
  }
  operation "cancel" {
    at        = "2026-11-10T01:00:00Z"
    addresses = ["pipeline.weblogs.activity.archive"]
  }
  operation "mark-finished" {
    at        = "2026-11-10T02:00:00Z"
    addresses = ["pipeline.weblogs.activity.archive@2026-11-09"]
  }
  operation "pause" {
    at        = "2026-11-10T03:00:00Z"
    addresses = ["**.activity.archive@2026-11-09.."]
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-09"].errors == ["canceled by the case"]
    error_message = jsonencode(runs["pipeline.weblogs.activity.archive"]["2026-11-09"])
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-09"].status == "FINISHED"
    error_message = runs["pipeline.weblogs.activity.archive"]["2026-11-09"].status
  }
}

case "operations that are wrong" {
  from = "2026-11-09T12:00:00Z"
  to   = "2026-11-11T12:00:00Z"
  operation "repeat" {
    at        = "2026-11-10"
    addresses = ["pipeline.weblogs"]
  }
  operation "rerun" {
    at        = "2026-11-10"
    addresses = ["pipeline.weblogs"]
  }
  operation "cancel" {
    at        = "2026-11-20"
    addresses = ["pipeline.weblog"]
    failed    = true
  }
}

case "applies that are wrong" {
  from = "2026-11-09T12:00:00Z"
  to   = "2026-11-11T12:00:00Z"
  apply {
    at     = "2026-11-10"
    source = "nowhere"
  }
}

case "values that are wrong" {
  from = "2026-11-09T12:00:00Z"
  to   = "2026-11-11T12:00:00Z"
  apply {
    at = "2026-11-10"
    variables {
      every = "often"
    }
  }
}
