variable "text" {
  type = string
}

locals {
  own = join("", [for part in range(45) : "${run.month}${run.hour}"])
}

output "many" {
  value = length("${var.text}${local.own}") - 2
}
