pipeline "p" {
  lifecycle {
    prevent_destroyed = true

    precondition {
      condition     = run.date != ""
      error_message = "no instances here"
    }
  }

  activity "shell_command" "a" {
    command = "true"

    lifecycle {
      prevent_destroy       = run.attempt == 1
      create_before_destroy = true
      replace_triggered_by  = [schedule.x]
      ignore_changes        = [comand, "description", description["x"], environment.A, all, 1 + 1]

      precondition "exists" {}

      precondition {
        condition     = self.command == "true"
        error_message = "self"
      }

      postcondition {
        condition     = true
        error_message = "always"
      }

      postconditions {}
    }

    lifecycle {}
  }

  activity "shell_command" "b" {
    command = "true"

    precondition {
      condition     = local.a == 1
      error_message = "misplaced"
    }

    lifecycle {
      prevent_destroy = null
      ignore_changes  = "all"

      precondition {
        condition     = local.a
        error_message = "a number"
      }

      precondition {
        condition     = local.a == 2
        error_message = [local.a]
      }

      precondition {
        condition = local.a == 3
      }
    }
  }
}

locals {
  a = 1
}

variable "v" {
  default = 1

  validation {
    condition     = local.a == 1
    error_message = "not about v"
  }
}

output "o" {
  value = 1

  postcondition {
    condition     = local.a == 1
    error_message = "only preconditions"
  }
}

check "empty" {}

check "twice" {
  asert {}

  assert {
    condition     = local.b == 1
    error_message = "unknown name"
  }
}

check "twice" {
  condition = true
}
