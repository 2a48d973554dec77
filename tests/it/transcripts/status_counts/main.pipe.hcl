schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "many" {
  schedule = schedule.daily

  activity "no_op" "one" {
    for_each = toset([for number in range(500) : "number ${number}"])
  }
}

pipeline "held" {
  schedule = schedule.daily

  activity "no_op" "first" {}

  activity "no_op" "second" {}
}

pipeline "off" {
  schedule = schedule.daily
  active   = false

  activity "no_op" "one" {}
}
