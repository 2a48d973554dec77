# Many objects read one large table: the plan says once what it is.

locals {
  table = { for i in range(130) : format("%02d", i) => "v${i}" }
  names = { for i in range(130) : format("%02d", i) => "n${i}" }
}

pipeline "p" {
  schedule {
    every = "1 day"
    start = "2026-11-01"
  }

  activity "shell_command" "a" {
    for_each = toset(["x", "y", "z"])
    command  = "echo ${each.key} '${local.table[run.day]}'"
  }

  activity "shell_command" "b" {
    command = "echo '${local.table[run.day]}' '${local.names[run.month]}'"
  }
}
