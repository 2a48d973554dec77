# Copies tables from one database to another, each in an activity and a transaction of its own.

locals {
  # Names as SQL has them: quotes in them are doubled.
  quoted = {
    for name, table in var.tables : name => {
      from    = format("\"%s\"", replace(coalesce(table.from, name), "\"", "\"\""))
      columns = try(join(", ", [for column in table.columns : format("\"%s\"", replace(column, "\"", "\"\""))]), "*")
    }
  }
}

pipeline "replicate" {
  description = var.description
  schedule    = var.schedule
  on_fail     = var.on_fail

  data_node "sql" "source" {
    for_each = var.tables
    database = var.from
    table    = coalesce(each.value.from, each.key)

    select_query = join(" ", compact([
      "SELECT ${local.quoted[each.key].columns} FROM ${local.quoted[each.key].from}",
      each.value.where == null ? "" : "WHERE ${each.value.where}",
    ]))

    params = {
      start = formatdate("YYYY-MM-DD hh:mm:ss", run.scheduled_start)
      end   = formatdate("YYYY-MM-DD hh:mm:ss", run.scheduled_end)
    }
  }

  data_node "sql" "target" {
    for_each         = var.tables
    database         = var.to
    table            = each.key
    write            = each.value.write
    primary_keys     = length(each.value.primary_keys) > 0 ? each.value.primary_keys : null
    replace_where    = each.value.replace_where
    create_table_sql = each.value.create_table_sql

    params = {
      start = formatdate("YYYY-MM-DD hh:mm:ss", run.scheduled_start)
      end   = formatdate("YYYY-MM-DD hh:mm:ss", run.scheduled_end)
    }
  }

  activity "copy" "table" {
    for_each = var.tables
    input    = data_node.source[each.key]
    output   = data_node.target[each.key]
  }
}
