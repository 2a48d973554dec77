variable "password" {
  type      = string
  sensitive = true
}

pipeform {
  allow_plaintext = true
}

pipeline "adhoc" {
  activity "shell_command" "show" {
    command     = "echo the password is $PASSWORD"
    environment = { PASSWORD = var.password }
  }
}

output "shown_by" {
  value = pipeline.adhoc.activity.show
}

output "numbers" {
  value = { one = 1, two = [1, 2] }
}

output "password" {
  value     = var.password
  sensitive = true
}
