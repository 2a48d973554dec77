pipeline "here" {
  provider = aws

  activity "shell_command" "a" {
    command = "true"
  }
}
