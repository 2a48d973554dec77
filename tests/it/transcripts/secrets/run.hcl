pipeline "work" {
  activity "shell_command" "number" {
    command     = "echo \"port $PORT\""
    max_retries = 0
    environment = { PORT = tonumber(secret("env://TOKEN")) + 1 }
  }

  activity "shell_command" "several" {
    command     = "echo \"$A, $B, $C, $PASSWORD\""
    environment = merge(jsondecode(secret("file://login.json")), { C = try(secret("env://NOT_THERE"), "none") })
  }

  activity "shell_command" "fails" {
    command     = "echo \"token: $TOKEN\" >&2; exit 3"
    max_retries = 0
    environment = { TOKEN = secret("env://TOKEN") }
    on_fail     = action.tell
  }
}

action "shell_command" "tell" {
  command     = "echo \"$ERROR; the token is $TOKEN\""
  environment = { TOKEN = run.node.environment.TOKEN, ERROR = run.node.error }
}
