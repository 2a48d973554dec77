variable "regions" {
  type    = map(string)
  default = { eu = "/srv/eu", us = "/srv/us" }
}

variable "keep" {
  type    = bool
  default = true
}

module "regional" {
  source   = "./regional"
  for_each = var.regions

  directory = each.value
  keep      = var.keep
}

check "everywhere" {
  assert {
    condition     = length(module.regional) > 1
    error_message = "Only ${join(", ", keys(module.regional))} is left."
  }
}

output "directories" {
  value = values(module.regional)[*].directory
}
