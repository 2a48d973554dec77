case "who is strict gives up two hours later" {
  from = "2026-02-01T12:00:00Z"
  to   = "2026-02-02T12:00:00Z"
  mock "pipeline.reports.data_node.orders" {
    ready = false
  }
  assert {
    condition     = [for acted in actions : "${acted.action} ${acted.interval} ${acted.at}" if acted.object == "pipeline.reports.activity.strict"] == ["action.alarm 2026-02-01 2026-02-02T02:00:00Z", "action.give_up 2026-02-01 2026-02-02T02:00:00Z"]
    error_message = jsonencode(actions)
  }
}
