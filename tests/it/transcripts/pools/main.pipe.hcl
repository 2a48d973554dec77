pool "database" {
  slots = 2
}

pipeline "load" {
  pool        = pool.database
  max_retries = 0

  # It fails when another one is in the way.
  activity "shell_command" "small" {
    for_each = toset(["a", "b", "c"])
    command  = "test ! -e big && sleep 0.2"
  }

  activity "shell_command" "big" {
    pool_slots = 2
    priority   = 10
    command    = "mkdir big && sleep 0.2 && rmdir big"
  }
}
