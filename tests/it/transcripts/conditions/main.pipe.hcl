variable "buckets" {
  type    = list(string)
  default = ["one"]
}

variable "limit" {
  type    = number
  default = 10

  validation {
    condition     = var.limit >= length(var.buckets) && var.limit < local.most
    error_message = "The limit ${var.limit} must be from ${length(var.buckets)} to ${local.most}."
  }
}

locals {
  most = 100
}

pipeline "p" {
  data_node "file" "out" {
    path      = "out/${var.buckets[0]}-${run.attempt}.txt"
    overwrite = true

    lifecycle {
      precondition {
        condition     = length(var.buckets) > 0
        error_message = "There must be a bucket."
      }

      postcondition {
        condition     = !strcontains(self.path, "two")
        error_message = "`${self.path}` is in a bucket that is not there any more."
      }
    }
  }

  activity "shell_command" "write" {
    output      = data_node.out
    command     = "exit 1"
    max_retries = 1
    retry_delay = "1 second"

    lifecycle {
      precondition {
        condition     = var.limit > 5
        error_message = "The limit is ${var.limit}, too low."
      }

      precondition {
        condition     = length(var.buckets) < var.limit
        error_message = "There are more buckets than ${var.limit}."
      }

      postcondition {
        condition     = run.attempt < 2
        error_message = "Attempt ${run.attempt} of ${run.object} is one too many."
      }
    }
  }
}

output "bucket" {
  value = var.buckets[0]

  precondition {
    condition     = var.buckets[0] != "four"
    error_message = "Four is no bucket."
  }
}
