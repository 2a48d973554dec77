schedule "daily" {
  every = "1 day"
  start = "2025-06-02"
}

# Three instances make the same mistake; one more is wrong by its own value.
module "store" {
  source   = "./store"
  for_each = { a = 1, b = 2, c = 30 }
  days     = each.value
  schedule = schedule.daily
  secret   = "s3cret"
}

module "nodes" {
  source   = "./store"
  days     = "many"
  schedule = data_node.file
  colour   = "red"
}

module "circle" {
  source = "./circle"
}

module "missing" {
  source = "./stor"
}

module "library" {
  source = "pipeform//archive-log"
}

module "fetched" {
  source = "git::https://me:password@git.example/etl.git//load?ref=v1.2"
}

module "broken" {
  source = "./broken"
}

module "registry" {
  source  = "example/etl/aws"
  version = "1.0.0"
}

data_node "file" "file" {
  path = "in"
}

output "secret" {
  value = module.store["a"].secret
}

output "inside" {
  value = module.store["a"].pipeline.store
}

output "all" {
  value = module.store.path
}
