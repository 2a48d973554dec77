variable "first_day" {
  type    = sting
  default = "2025-06-02"
}

locals {
  title  = "Logs"
  hidden = [1, 2
}

output "archive" {
  value = module.copies.archive
  kind  = "path"
}

output "unknown" {
  value = module.copies.archives
}
