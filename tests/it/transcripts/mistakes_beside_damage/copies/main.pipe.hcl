variable "schedule" {
  type = ref("schedule")
}

variable "nodes" {
  type = list(ref("data_node"))
}

data_node "file" "copy" {
  path = "copy/${run.date}" "x"
}

output "archive" {
  value = data_node.copy.path
}

output "count" {
  value = length(var.node)
}
