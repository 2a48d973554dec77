variable "bucket" {
  description = "The bucket for what arrives, the tables and the rejects"
  type        = string
}

variable "region" {
  description = "The region of the bucket; left out: what the environment says"
  type        = string
  default     = null
}

variable "delivery" {
  description = "Directory to which the shop delivers its files: FEED-YYYY-MM-DD.csv"
  type        = string
}

variable "feeds" {
  description = "What is delivered, by name: its columns with their types, and how many rows of a day may be put aside"

  type = map(object({
    columns     = list(string)
    max_rejects = optional(number, 0)
  }))
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
