variable "n" {
  type    = number
  default = 1
}

pipeline "p" {
  schedule {
    every = "1 day"
    start = "2026-05-01"
  }
  activity "shell_command" "a" {
    command = "echo ${element(["a", "b"], tonumber(run.day) - 2)} ${substr(run.date, 0, 1 / (tonumber(run.day) - 3))}"
  }
}
