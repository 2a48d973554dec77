# A large formula is kept as it was applied, and names a table of then; its reader reads the table of now, too.

variable "letter" {
  default = "v"
}

locals {
  t = { for i in range(200) : format("%02d", i) => "${var.letter}${i}" }
}
pipeline "p" {
  schedule {
    every       = "1 day"
    start       = "2026-11-01"
    occurrences = 1
  }
  data_node "file" "f" {
    path = join("", [for i in range(200) : "${run.day}${local.t[run.month]}${i}"])
    lifecycle {
      ignore_changes = all
    }
  }
  activity "shell_command" "r" {
    command = "echo '${sha1(pipeline.p.data_node.f.path)}' '${local.t[run.day]}'"
  }
}
