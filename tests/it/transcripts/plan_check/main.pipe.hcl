variable "cmd" {
  type    = string
  default = "echo a"
}

variable "pw" {
  type      = string
  default   = "none"
  sensitive = true
}

pipeline "p" {
  activity "shell_command" "x" {
    command = var.cmd
  }
}
