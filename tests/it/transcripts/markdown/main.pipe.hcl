schedule "daily" {
  every = "1 day"
  start = "2026-01-01T00:00:00+01:00"
  timezone = "Europe/Berlin"
}

pipeline "load" {
  for_each    = toset(["north", "a|b`<c"])
  schedule    = schedule.daily
  description = "For @everyone </details>"

  activity "shell_command" "orders" {
    command = <<-EOT
      cat <<'END'
      - an item
      ```
      </details>
      END
    EOT
  }
}

pipeline "other" {
  schedule = schedule.daily

  activity "shell_command" "tidy" {
    command = "true"
  }
}
