provider "aws" {
  alias  = "unused"
  region = "sa-east-1"
}

module "city" {
  source    = "./city"
  for_each  = toset(["cork", "graz"])
  providers = { aws.remote = aws.far }
}
