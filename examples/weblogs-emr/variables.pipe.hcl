variable "bucket" {
  description = "The bucket for the archive, the reports and the logs of the work"
  type        = string
}

variable "region" {
  description = "The region of the bucket and the clusters; left out: what the environment says"
  type        = string
  default     = null
}

variable "logs_dir" {
  description = "Directory with the web server's logs, one file a day: access-YYYY-MM-DD.log, Apache's combined format"
  type        = string
}

variable "first_day" {
  description = "The first day, YYYY-MM-DD; the weeks begin on its day of the week"
  type        = string

  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.first_day))
    error_message = "The first day is a date such as 2015-05-17."
  }
}

variable "weeks" {
  description = "For how many weeks; the schedules end with the last one"
  type        = number
  default     = 1

  validation {
    condition     = var.weeks >= 1 && var.weeks == floor(var.weeks)
    error_message = "The number of weeks is a whole number, at least 1."
  }
}
