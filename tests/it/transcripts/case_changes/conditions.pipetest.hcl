case "a postcondition fails the attempt" {
  from = "2026-11-17T12:00:00Z"
  to   = "2026-11-20"
  assert {
    condition     = alltrue([for run in values(runs["pipeline.weblogs.activity.archive"]) : run.status == "FINISHED"])
    error_message = "Not all days were archived."
  }
}

case "and may be meant to" {
  from            = "2026-11-17T12:00:00Z"
  to              = "2026-11-20"
  expect_failures = ["pipeline.weblogs.activity.archive"]
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-18"].errors == ["Postcondition failed: The archive of 2026-11-18 is empty."]
    error_message = jsonencode(runs["pipeline.weblogs.activity.archive"]["2026-11-18"])
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-18"].attributes.command == "archive"
    error_message = "What an attempt saw that a condition stopped can be read."
  }
}

case "a failure that does not come" {
  from            = "2026-11-20T12:00:00Z"
  to              = "2026-11-23"
  expect_failures = ["pipeline.weblogs.activity.archive", "pipeline.weblog"]
}

case "a failure that does not come, by its right name" {
  from            = "2026-11-20T12:00:00Z"
  to              = "2026-11-22"
  expect_failures = ["pipeline.weblogs.activity.archive"]
}

case "what has not been tried has seen nothing" {
  from = "2026-11-20T12:00:00Z"
  to   = "2026-11-22"
  mock "pipeline.weblogs.data_node.log" {
    ready = false
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-20"].inputs == null && runs["pipeline.weblogs.activity.archive"]["2026-11-20"].attributes == null
    error_message = "It was tried."
  }
  assert {
    condition     = runs["pipeline.weblogs.data_node.log"]["2026-11-20"].attributes.path == "/logs/2026-11-20.log"
    error_message = "Data is what it is, whether it is there or not."
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-20"].waiting_on == ["pipeline.weblogs.data_node.log 2026-11-20 (WAITING_ON_DEPENDENCIES)"]
    error_message = jsonencode(runs["pipeline.weblogs.activity.archive"]["2026-11-20"].waiting_on)
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-20"].inputs.log[0].path == "/logs/2026-11-20.log"
    error_message = "This has not been read."
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-12-20"].state == "FINISHED"
    error_message = "no"
  }
  assert {
    condition     = runs["pipeline.weblogs.activity.archive"]["2026-11-20"].state == "FINISHED"
    error_message = "no"
  }
}
