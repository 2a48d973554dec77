pool "none" {
  slots = 0
}

pipeline "reports" {
  activity "shell_command" "odd" {
    pool           = data_node.x
    instance_order = "newest"
    backoff        = "linear"
    priority       = 1.5
    command        = "true"
  }
}
