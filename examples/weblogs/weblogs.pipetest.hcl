variables {
  logs_dir  = "/logs"
  warehouse = "/warehouse"
  first_day = "2026-11-02"
  weeks     = 8
}

case "the report waits for the log of the last day" {
  from = "2026-11-22"
  to   = "2026-12-05"

  mock "**.activity.archive" {
    duration = "10 minutes"
  }

  mock "module.access_log.pipeline.archive.data_node.*" {
    intervals = ["2026-11-29"]
    ready     = "2026-12-03T06:00:00Z"
  }

  assert {
    condition     = runs["pipeline.weblogs.activity.report"]["2026-11-23"].started_at == "2026-12-03T06:10:00Z"
    error_message = "It started at ${runs["pipeline.weblogs.activity.report"]["2026-11-23"].started_at}."
  }

  assert {
    condition     = runs["pipeline.weblogs.activity.load"]["2026-11-23"].inputs.archive[6].path == "/warehouse/archive/2026/11/29/access.log.gz"
    error_message = "It reads ${jsonencode(runs["pipeline.weblogs.activity.load"]["2026-11-23"].inputs.archive[*].path)}."
  }
}

case "a report that fails is tried again" {
  from = "2026-11-22"
  to   = "2026-11-25"

  mock "pipeline.weblogs.activity.report" {
    fails = 1
    error = "the database is locked"
  }

  assert {
    condition     = runs["pipeline.weblogs.activity.report"]["2026-11-16"].attempts == 2
    error_message = "It took ${runs["pipeline.weblogs.activity.report"]["2026-11-16"].attempts} attempts."
  }
}
