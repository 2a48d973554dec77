module "again" {
  source = "../circle"
}
