variable "n" {
  type    = number
  default = 1
}

schedule "daily" {
  every = "1 day"
  start = "2025-06-01"
  end   = "2025-06-03"
}

pipeline "p" {
  schedule = schedule.daily

  data_node "file" "report" {
    path        = "reports/${var.n}/${run.date}.csv"
    description = "version ${var.n}"

    format "csv" {
      header = var.n == 1
    }

    lifecycle {
      ignore_changes = [path, format]
    }
  }

  activity "shell_command" "report" {
    output      = data_node.report
    command     = "report > $1"
    environment = { FIXED = "a${var.n}", FREE = "b${var.n}" }
    # Reads what the path is, not what it is in the configuration.
    script_argument = [pipeline.p.data_node.report.path]

    lifecycle {
      ignore_changes = [environment["FIXED"]]
    }
  }

  activity "shell_command" "all" {
    command     = "echo ${var.n}"
    description = "version ${var.n}"

    lifecycle {
      ignore_changes = all
    }
  }
}
