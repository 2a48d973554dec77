pipeline "p" {
  activity "shell_command" "a" {
    command = "true"
  }
}
