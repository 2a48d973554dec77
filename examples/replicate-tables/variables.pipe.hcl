variable "data" {
  description = "Directory for the databases and the reports"
  type        = string
}

variable "first_day" {
  description = "The first day, YYYY-MM-DD"
  type        = string

  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.first_day))
    error_message = "The first day is a date such as 2025-06-02."
  }
}

variable "days" {
  description = "For how many days; the schedule ends with the last one"
  type        = number
  default     = 3

  validation {
    condition     = var.days >= 1 && var.days == floor(var.days)
    error_message = "The number of days is a whole number, at least 1."
  }
}
