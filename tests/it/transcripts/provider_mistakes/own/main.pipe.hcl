provider "aws" {}

pipeline "p" {
  provider = aws
}
