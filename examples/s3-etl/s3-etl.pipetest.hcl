variables {
  bucket    = "acme"
  delivery  = "/delivery"
  first_day = "2026-11-02"

  feeds = {
    orders    = { columns = ["id BIGINT"] }
    customers = { columns = ["id BIGINT"] }
  }
}

case "a feed that is late holds up no other" {
  from = "2026-11-02"
  to   = "2026-11-06"

  mock "pipeline.arrive[\"orders\"].data_node.delivered" {
    intervals = ["2026-11-03"]
    ready     = "2026-11-05T06:00:00Z"
  }

  assert {
    condition     = startswith(runs["pipeline.convert[\"orders\"].activity.convert"]["2026-11-03"].started_at, "2026-11-05T06:0")
    error_message = "The orders started at ${runs["pipeline.convert[\"orders\"].activity.convert"]["2026-11-03"].started_at}."
  }

  assert {
    condition     = startswith(runs["pipeline.convert[\"customers\"].activity.convert"]["2026-11-03"].started_at, "2026-11-04T00:0")
    error_message = "The customers started at ${runs["pipeline.convert[\"customers\"].activity.convert"]["2026-11-03"].started_at}."
  }
}
