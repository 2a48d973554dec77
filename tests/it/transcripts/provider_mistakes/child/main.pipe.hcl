provider "aws" {
  alias = "own"
}

pipeline "p" {
  provider = aws.suoth
}

pipeline "q" {
  provider = aws.north
}

pipeline "r" {
  provider = aws
}
