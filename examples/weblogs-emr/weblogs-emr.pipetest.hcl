variables {
  bucket    = "acme"
  logs_dir  = "/logs"
  first_day = "2026-11-02"
  weeks     = 8
}

case "the report waits for the log of the last day" {
  from = "2026-11-22"
  to   = "2026-12-05"

  mock "**.activity.archive" {
    duration = "10 minutes"
  }

  mock "**.activity.report" {
    duration = "30 minutes"
  }

  mock "pipeline.weblogs.data_node.log" {
    intervals = ["2026-11-29"]
    ready     = "2026-12-03T06:00:00Z"
  }

  assert {
    condition     = runs["pipeline.weblogs.activity.report"]["2026-11-23"].started_at == "2026-12-03T06:10:00Z"
    error_message = "It started at ${runs["pipeline.weblogs.activity.report"]["2026-11-23"].started_at}."
  }

  assert {
    condition     = runs["pipeline.weblogs.activity.report"]["2026-11-23"].inputs.archive[6].path == "s3://acme/logs/2026-11-29/"
    error_message = "It reads ${jsonencode(runs["pipeline.weblogs.activity.report"]["2026-11-23"].inputs.archive[*].path)}."
  }
}
