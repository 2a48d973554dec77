variable "directory" {
  type = string

  validation {
    condition     = startswith(var.directory, "/")
    error_message = "`${var.directory}` is not absolute."
  }
}

variable "keep" {
  type = bool
}

pipeline "sync" {
  activity "shell_command" "sync" {
    command = "sync ${var.directory}"

    lifecycle {
      prevent_destroy = var.keep

      precondition {
        condition     = var.directory != "/srv/full"
        error_message = "There is no space in `${var.directory}`."
      }
    }
  }
}

check "fast" {
  assert {
    condition     = pipeline.sync.activity.sync.command != "sync /srv/us"
    error_message = "`${var.directory}` is a slow disk."
  }
}

output "directory" {
  value = var.directory

  precondition {
    condition     = length(var.directory) > 4
    error_message = "`${var.directory}` is too short for readers."
  }
}
