variable "table" {}

pipeline "check" {
  activity "shell_command" "look" {
    command = "look ${var.table}"
  }
}
