variable "copies" {
  type    = number
  default = 1
}

variable "scheduled" {
  default = true
}

schedule "daily" {
  every = "1 day"
  start = "2026-12-25"
}

pipeline "work" {
  schedule = var.scheduled ? schedule.daily : null

  activity "no_op" "step" {
    count = var.copies
  }
}
