variable "role" {
  type    = string
  default = "arn:aws:iam::123456789012:role/load"
}

locals {
  emulator = "http://localhost:4566"
}

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias        = "west"
  region       = "eu-west-1"
  profile      = "load"
  endpoint_url = local.emulator

  assume_role {
    role_arn     = var.role
    session_name = "load"
  }

  endpoints {
    s3  = "${local.emulator}/s3"
    sqs = "${local.emulator}/sqs"
  }
}

module "country" {
  source    = "./country"
  providers = { aws.far = aws.west }
}
