# What a fragment of the documentation stands in; see tests/it/docs.rs.

variable "logs_dir" {
  type    = string
  default = "/srv/logs"
}

variable "warehouse" {
  type    = string
  default = "/srv/warehouse"
}

schedule "daily" {
  every = "1 day"
  start = "2026-11-01"
}

schedule "weekly" {
  every = "1 week"
  start = "2026-11-01"
}

database "jdbc" "warehouse" {
  connection_string = "jdbc:sqlite:${var.warehouse}/warehouse.db"
}

action "shell_command" "note" {
  command = "echo something happened"
}

# TOP
pipeline "example" {
  schedule = schedule.daily
  # FRAGMENT
}
