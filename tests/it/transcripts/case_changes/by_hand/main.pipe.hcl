pipeline "weblogs" {
  activity "shell_command" "archive" {
    command = "archive by hand"
  }
}
