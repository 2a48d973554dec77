variable "protect" {
  type    = bool
  default = true
}

variable "regions" {
  type    = set(string)
  default = ["eu", "us"]
}

pipeline "export" {
  activity "shell_command" "orders" {
    for_each = var.regions
    command  = "echo ${each.key}"

    lifecycle {
      prevent_destroy = var.protect && each.key == "eu"
    }
  }
}
