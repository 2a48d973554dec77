variable "catch_up" {
  type    = string
  default = "all"
}

schedule "minutes" {
  every = "1 minute"
  start = "1990-01-01"
}

pipeline "work" {
  schedule = schedule.minutes
  catch_up = var.catch_up

  activity "no_op" "minute" {}
}
