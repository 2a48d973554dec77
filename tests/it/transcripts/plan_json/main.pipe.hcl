variable "table" {
  default     = "orders"
  description = "What is copied"
}

variable "token" {
  default   = "abc"
  sensitive = true
}

schedule "daily" {
  every = "1 day"
  start = "2026-01-01T00:00:00Z"
}

module "part" {
  source = "./parts"
  table  = var.table
}

pipeline "load" {
  for_each = toset(["eu", "us"])
  schedule = schedule.daily

  activity "shell_command" "copy" {
    command     = "copy ${var.table} ${run.date}"
    environment = { TOKEN = secret("env://TOKEN") }
    max_retries = 3
  }
}

output "table" {
  value = var.table
}
