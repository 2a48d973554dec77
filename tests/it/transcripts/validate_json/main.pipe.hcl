locals {
  names = ["日本", "é", upper(
    "a",
    "b"
  )]
}

variable "n" {
  type    = number
  default = 1 + local.names
}
