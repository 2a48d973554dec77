output "archive" {
  description = "The archived log of each interval, a data node: what reads it waits for all intervals of its own"
  value       = pipeline.archive.data_node.archive
}
