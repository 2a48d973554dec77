variable "days" {
  type     = number
  nullable = false

  validation {
    condition     = var.days < 10
    error_message = "${var.days} days are too many."
  }
}

variable "schedule" {
  type = ref("schedule")
}

variable "secret" {
  type      = string
  default   = "none"
  sensitive = true
}

pipeline "store" {
  schedule = var.schedule

  data_node "file" "out" {
    path = "out/${run.dat}"
  }
}

output "secret" {
  value = var.secret
}

output "path" {
  value = pipeline.store.data_node.out.path
}
