# On a developer's machine.
variable "inbox" {
  default = "inbox"
}

pipeline "logs" {
  data_node "file" "log" {
    precondition "shell_command" {
      command = "test -s inbox"
    }
  }
}
