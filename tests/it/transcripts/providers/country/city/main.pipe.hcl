module "office" {
  source    = "./office"
  providers = { aws.there = aws.remote }
}
