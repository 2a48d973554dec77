variable "bucket" {
  type    = string
  default = "acme"
}

variable "token" {
  type      = string
  default   = "swordfish"
  sensitive = true
}

locals {
  archive = "s3://${var.bucket}/logs/${run.date}/"
  sizes   = { small = 1, large = 1 / 3 }
}

schedule "daily" {
  every = "1 day"
  start = "2026-11-01"
}

pipeline "weblogs" {
  schedule = schedule.daily

  activity "shell_command" "count" {
    command = "wc -l access.log"
  }
}
