variable "x" {}

case "one" {
  from = "2026-05-01"
  until = "2026-05-02"
  mock {
    durations = "1 hour"
  }
  assert {
    condition = true
  }
}

case "one" {
  from = "2026-05-01"
  to   = "2026-05-02"
}
