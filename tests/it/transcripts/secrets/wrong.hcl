locals {
  token  = secret("env://TOKEN")
  header = "Authorization: ${local.token}"
}

database "jdbc" "warehouse" {
  connection_string = "jdbc:sqlite:warehouse.sqlite"
  password          = "hunter2"
}

pipeline "work" {
  activity "shell_command" "command" {
    command = "curl -H '${local.header}' https://example.com"
  }

  activity "shell_command" "argument" {
    command         = "curl -H \"$1\" https://example.com"
    script_argument = [for header in [local.header] : lower(header)]
  }

  activity "shell_command" "condition" {
    command = local.token == "x" ? "true" : "false"
  }

  activity "sql" "script" {
    database = database.warehouse
    script   = "UPDATE tokens SET token = '${local.token}'"
  }

  data_node "file" "path" {
    path = "in/${local.token}.csv"
  }

  activity "shell_command" "retries" {
    count       = local.token == "x" ? 1 : 2
    command     = "true"
  }

  activity "shell_command" "conditions" {
    command = "true"

    lifecycle {
      precondition {
        condition     = length(local.token) > 3
        error_message = "The token is too short."
      }
    }
  }

  activity "shell_command" "later" {
    command     = "true"
    environment = { A = secret("ssm://a b"), B = secret("evn://B"), C = secret("C"), D = secret(run.object) }
  }

  activity "shell_command" "fails" {
    command     = "exit 1"
    environment = { TOKEN = local.token }
    on_fail     = action.tell
  }
}

action "shell_command" "tell" {
  command = "echo ${run.node.environment.TOKEN}"
}

output "token" {
  value = local.token
}
