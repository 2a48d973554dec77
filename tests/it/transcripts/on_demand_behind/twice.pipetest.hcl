case "twice in one second" {
  from = "2026-01-01"
  to   = "2026-01-03"

  trigger {
    at        = "2026-01-02T10:00:00Z"
    addresses = ["pipeline.adhoc"]
  }

  trigger {
    at        = "2026-01-02T10:00:00Z"
    addresses = ["pipeline.adhoc"]
  }

  assert {
    condition     = length(runs["pipeline.adhoc.activity.read"]) == 2
    error_message = jsonencode(keys(runs["pipeline.adhoc.activity.read"]))
  }
}
