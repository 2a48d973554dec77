variable "path" {
  description = "Where the log of an interval is; usually with parts of `run`, as in `\"/var/log/nginx/access-$${run.date}.log\"`"
  type        = string
  nullable    = false
}

variable "directory" {
  description = "The directory of the archive"
  type        = string
  nullable    = false

  validation {
    condition     = var.directory != ""
    error_message = "The directory of the archive is empty. For the root module's own directory, write `.`."
  }
}

variable "name" {
  description = "The name of a log in the archive, below directories for year, month and day; one that ends in `.gz` is compressed. It may use `run`, as in `\"access-$${run.hour}.log.gz\"` for an hourly schedule"
  type        = string
  default     = "log.gz"
  nullable    = false

  validation {
    condition     = var.name != "" && !startswith(var.name, "/") && !endswith(var.name, "/")
    error_message = "`name` is the name of a file below the directories for year, month and day, such as \"access.log.gz\"."
  }
}

variable "schedule" {
  description = "When there is a log; left out: on demand"
  type        = ref("schedule")
  default     = null
}

variable "format" {
  description = "How the lines are laid out, for those who read the archive; the log is archived byte for byte"
  type        = ref("data_format")
  default     = null
}

variable "precondition_timeout" {
  description = "How long to wait for a log before its run fails, e.g. `\"2 days\"`; left out: for ever"
  type        = string
  default     = null
}

variable "on_fail" {
  description = "What to do when a log could not be archived"
  type        = list(ref("action"))
  default     = []
  nullable    = false
}

variable "description" {
  description = "What it is for, for people"
  type        = string
  default     = "Archive logs"
}
