case "what is not written is waited for where it is looked for" {
  from = "2026-02-10T12:00:00Z"
  to   = "2026-02-11T12:00:00Z"
  mock "pipeline.p.activity.*" {
    outputs = ["made"]
  }
  assert {
    condition     = [for name in ["use", "check"] : runs["pipeline.p.activity.${name}"]["2026-02-10"].status] == ["FINISHED", "WAITING_ON_DEPENDENCIES"]
    error_message = jsonencode(runs["pipeline.p.activity.check"]["2026-02-10"].waiting_on)
  }
}

case "one mock says that attempts fail, and another what they say" {
  from = "2026-02-10T12:00:00Z"
  to   = "2026-02-12T12:00:00Z"
  mock "pipeline.p.activity.use" {
    fails = 1
  }
  mock "pipeline.p.activity.*" {
    intervals = ["2026-02-11"]
    error     = "boom"
  }
  mock "pipeline.p" {
    ready   = true
    outputs = ["made", "sum", "checked"]
  }
  assert {
    condition     = [for run in values(runs["pipeline.p.activity.use"]) : run.errors] == [["it fails in this case"], ["boom"]]
    error_message = jsonencode([for run in values(runs["pipeline.p.activity.use"]) : run.errors])
  }
}

case "what is paused says by whom it is" {
  from = "2026-02-10T12:00:00Z"
  to   = "2026-02-11T12:00:00Z"
  mock "pipeline.p.data_node.sum" {
    ready = "2026-02-11T02:00:00Z"
  }
  operation "pause" {
    at        = "2026-02-11T01:00:00Z"
    addresses = ["pipeline.p.activity.check"]
  }
  assert {
    condition     = runs["pipeline.p.activity.check"]["2026-02-10"].waiting_on == ["pipeline.p.activity.check, which is paused by the case since 2026-02-11T01:00Z (`pipeform resume pipeline.p.activity.check`)"]
    error_message = jsonencode(runs["pipeline.p.activity.check"]["2026-02-10"].waiting_on)
  }
}
