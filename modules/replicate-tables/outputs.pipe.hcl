output "tables" {
  description = "The tables in the target, data nodes by name, as in `module.shop.tables[\"customers\"]`: what reads one waits for its copy"
  value       = pipeline.replicate.data_node.target
}
