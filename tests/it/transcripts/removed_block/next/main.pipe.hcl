schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

removed {
  from = pipeline.a

  lifecycle {
    destroy = false
  }
}

removed {
  from = pipeline.b
}
