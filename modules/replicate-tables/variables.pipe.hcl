variable "from" {
  description = "The database whose tables are copied"
  type        = ref("database")
  nullable    = false
}

variable "to" {
  description = "The database they are copied to"
  type        = ref("database")
  nullable    = false
}

variable "tables" {
  description = "What to copy, by the names of the tables in the target"
  nullable    = false

  type = map(object({
    from             = optional(string)       # the table's name in the source; left out: the same
    columns          = optional(list(string)) # left out: all
    where            = optional(string)       # the condition of the rows to copy; may use :start and :end
    write            = optional(string, "replace")
    primary_keys     = optional(list(string), [])
    replace_where    = optional(string) # the condition of the rows that are replaced; may use :start and :end
    create_table_sql = optional(string)
  }))

  validation {
    condition     = alltrue([for table in var.tables : contains(["append", "replace", "upsert"], table.write)])
    error_message = "`write` of a table is \"append\", \"replace\" or \"upsert\"."
  }

  validation {
    condition     = alltrue([for table in var.tables : table.write != "upsert" || length(table.primary_keys) > 0])
    error_message = "A table with write = \"upsert\" needs `primary_keys`: the columns by which a row is found again."
  }

  validation {
    condition     = alltrue([for table in var.tables : table.replace_where == null || table.write == "replace"])
    error_message = "`replace_where` has a meaning only with write = \"replace\"."
  }

  validation {
    condition     = alltrue([for table in var.tables : try(length(table.columns), 1) > 0])
    error_message = "`columns` of a table names at least one column; left out, all are copied."
  }

  validation {
    condition     = alltrue([for name, table in var.tables : name != "" && !contains(coalesce(table.columns, ["*"]), "")])
    error_message = "A name of a table or a column is empty."
  }

  validation {
    condition = var.schedule != null || alltrue([
      for table in var.tables : !can(regex(":(start|end)\\b", "${coalesce(table.where, "-")} ${coalesce(table.replace_where, "-")}"))
    ])
    error_message = "`:start` and `:end` are the edges of an interval, and without `schedule` there is none."
  }
}

variable "schedule" {
  description = "When to copy; left out: on demand"
  type        = ref("schedule")
  default     = null
}

variable "on_fail" {
  description = "What to do when a table could not be copied"
  type        = list(ref("action"))
  default     = []
  nullable    = false
}

variable "description" {
  description = "What it is for, for people"
  type        = string
  default     = "Replicate tables"
}
