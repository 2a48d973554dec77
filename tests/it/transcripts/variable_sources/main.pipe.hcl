# Each variable has a value from one source more than the one before it.
variable "default" {
  type    = string
  default = "the default"
}

variable "environment" {
  type    = string
  default = "the default"
}

variable "file" {
  type    = string
  default = "the default"
}

variable "file_json" {
  type    = string
  default = "the default"
}

variable "auto" {
  type    = string
  default = "the default"
}

variable "auto_later" {
  type    = string
  default = "the default"
}

variable "line" {
  type    = string
  default = "the default"
}

variable "any" {
  type    = any
  default = null
}

variable "untyped" {
  default = null
}

variable "ports" {
  type    = list(object({ name = string, port = optional(number, 80) }))
  default = []
}

output "from" {
  value = [
    var.default,
    var.environment,
    var.file,
    var.file_json,
    var.auto,
    var.auto_later,
    var.line,
  ]
}
