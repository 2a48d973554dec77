variable "token" {
  type    = string
  default = "env://TOKEN"
}

variable "settings" {
  type    = map(string)
  default = { MODE = "fast" }
}

pipeline "load" {
  worker_group = "w"
  retry_delay  = "10 minutes"
  backoff      = "constant"
  retry_jitter = false

  # What it starts may read the variable, too.
  activity "shell_command" "hidden" {
    command     = "./load.sh"
    environment = { TOKEN = secret(var.token) }
  }

  activity "shell_command" "quoted" {
    command     = "echo '$TOKEN' \"$TOKEN\" $${TOKEN:-none}; sh -c 'echo $TOKEN'"
    environment = { TOKEN = secret(var.token), DAY = "it's ${run.date}" }
  }

  # It has been imported.
  activity "shell_command" "read" {
    command     = "read-it $TOKEN ''\"$${TOKEN}\"''"
    environment = { TOKEN = secret(var.token) }
    aws_id      = "Read"
  }

  activity "shell_command" "literal" {
    command     = "read-it '$TOKEN'"
    environment = { TOKEN = secret(var.token) }
    aws_id      = "Literal"
  }
}
