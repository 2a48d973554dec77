provider "aws" {
  regoin = "eu-west-1"
  count  = 2

  assume_role {
    role = "reader"
  }

  endpoint {
    s3 = "http://localhost:4566"
  }
}

provider "aws" {
  alias       = "west"
  region      = upper(timestamp())
  assume_role = { role_arn = "arn:aws:iam::1:role/x" }
}

provider "aws" {
  alias = "west"
}

provider "aws" {
  alias = "w${1 + 1}"
}

provider "asw" {}

provider "aws" "named" {}

module "child" {
  source    = "./child"
  providers = { aws = aws.wets, aws.south = aws.west, azure = aws, aws.own = aws }
}

module "own" {
  source   = "./own"
  for_each = toset(["a", "b"])
}

pipeline "p" {
  provider = aws.weest

  provider "aws" {}

  activity "shell_command" "a" {
    command = provider.aws.region
  }
}

pipeline "q" {
  provider = "aws.west"
}

pipeline "r" {
  provider = azure
}
