variable "password" {
  type      = string
  sensitive = true
  default   = "plain"
}

locals {
  token = secret("env://TOKEN")
}

database "jdbc" "warehouse" {
  connection_string = "jdbc:sqlite:${local.token}.sqlite"
  username          = "loader"
  password          = secret("file://password")
}

pipeline "work" {
  activity "shell_command" "right" {
    command     = "curl -H \"Authorization: $TOKEN\" https://example.com"
    environment = { TOKEN = "Bearer ${local.token}" }
  }

  activity "sql" "bound" {
    database = database.warehouse
    script   = "UPDATE tokens SET token = :token WHERE day = :day"
    params   = { token = upper(local.token), day = run.pipeline }
  }
}
