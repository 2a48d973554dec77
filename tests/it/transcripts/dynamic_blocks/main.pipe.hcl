variable "checks" {
  type    = map(list(string))
  default = { orders = ["test -e orders", "test -e rates"], users = [] }
}

variable "delimiter" {
  default = ";"
}

pipeline "load" {
  for_each = var.checks

  dynamic "schedule" {
    for_each = each.key == "orders" ? ["1 day"] : []

    content {
      every = schedule.value
      start = "2026-11-20"
    }
  }

  data_node "file" "in" {
    path = "${each.key}-${run.date}"

    precondition "shell_command" {
      command = "true"
    }

    dynamic "precondition" {
      for_each = each.value
      iterator = check
      labels   = ["shell_command"]

      content {
        command     = "${check.value}-${run.date} && test ${check.key} -lt 9"
        description = "for ${pipeline.each.key}"
      }
    }

    dynamic "precondition" {
      for_each = { exists = "must be there" }
      labels   = [precondition.key]

      content {
        description = precondition.value
      }
    }

    dynamic "format" {
      for_each = toset(var.delimiter == "," ? [] : [var.delimiter])
      labels   = ["custom"]

      content {
        column_separator = format.key
      }
    }
  }
}
