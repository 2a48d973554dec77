pipeline "p" {
  data_node "file" "in" {
    path = "in/"
  }

  activity "shell_command" "count" {
    command = "wc -l \"$INPUT1_STAGING_DIR\"/*"
    input   = data_node.in
  }
}
