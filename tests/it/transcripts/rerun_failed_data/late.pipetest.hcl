case "data that came too late is looked for again" {
  from = "2026-01-01T12:00:00Z"
  to   = "2026-01-02T12:00:00Z"
  mock "data_node.shared" {
    ready = "2026-01-02T03:00:00Z"
  }
  operation "rerun" {
    at        = "2026-01-02T06:00:00Z"
    addresses = ["pipeline.read"]
    failed    = true
  }
  assert {
    condition     = runs["pipeline.read.activity.print"]["2026-01-01"].status == "FINISHED"
    error_message = runs["pipeline.read.activity.print"]["2026-01-01"].status
  }
}
