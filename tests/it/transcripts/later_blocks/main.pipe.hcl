pipeform {
  backend "s3" {
    bucket = "state"
  }

  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

terraform {}

resource "aws_s3_bucket" "b" {}

calendar "work" {}

import {
  to = pipeline.p
  id = "df-0123"
}

moveed {}
