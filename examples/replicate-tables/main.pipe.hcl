# Brings the tables of a shop into a warehouse each day, and counts there what was sold.

schedule "daily" {
  every       = "1 day"
  start       = var.first_day
  occurrences = var.days
}

database "jdbc" "shop" {
  connection_string = "jdbc:sqlite:${var.data}/shop.db"
}

database "jdbc" "warehouse" {
  connection_string = "jdbc:sqlite:${var.data}/warehouse.db"
}

# Stands for the shop itself: what happens there on a day is written into its database.
pipeline "shop" {
  description = "Sell something each day"
  schedule    = schedule.daily

  activity "sql" "sell" {
    database = database.shop
    script   = file("shop.sql")

    params = {
      start = "${run.date} 00:00:00"
      end   = formatdate("YYYY-MM-DD hh:mm:ss", run.scheduled_end)
    }
  }
}

# A module of the library: an activity for each table, each in a transaction of its own.
module "replica" {
  source     = "pipeform//replicate-tables"
  from       = database.shop
  to         = database.warehouse
  schedule   = schedule.daily
  depends_on = [pipeline.shop]

  tables = {
    # Small, and replaced as a whole.
    products = {
      create_table_sql = "CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, name TEXT, price INTEGER)"
    }

    # Customers change. Their e-mail addresses stay in the shop.
    customers = {
      columns          = ["id", "name", "city"]
      write            = "upsert"
      primary_keys     = ["id"]
      create_table_sql = "CREATE TABLE IF NOT EXISTS customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT)"
    }

    # The orders of the day. A day that is copied again replaces its own rows, and no others.
    sales = {
      from             = "orders"
      where            = "placed_at >= :start AND placed_at < :end"
      replace_where    = "placed_at >= :start AND placed_at < :end"
      create_table_sql = <<-SQL
        CREATE TABLE IF NOT EXISTS sales (
          id        INTEGER PRIMARY KEY,
          customer  INTEGER,
          product   INTEGER,
          placed_at TEXT
        )
      SQL
    }
  }
}

pipeline "report" {
  description = "Count what was sold"
  schedule    = schedule.daily

  # Reads all tables of the replica, so that it waits for their copies.
  data_node "sql" "by_city" {
    database = database.warehouse
    table    = "sales"

    select_query = <<-SQL
      SELECT customers.city AS city, count(*) AS orders, sum(products.price) AS cents
      FROM sales
      JOIN customers ON customers.id = sales.customer
      JOIN products ON products.id = sales.product
      WHERE sales.placed_at >= :start AND sales.placed_at < :end
      GROUP BY city
      ORDER BY city
    SQL

    params = {
      start = "${run.date} 00:00:00"
      end   = formatdate("YYYY-MM-DD hh:mm:ss", run.scheduled_end)
    }
  }

  data_node "file" "report" {
    path = "${var.data}/reports/${run.date}.csv"

    format "csv" {
      header = true
      column = ["city STRING", "orders BIGINT", "cents BIGINT"]
    }
  }

  activity "copy" "report" {
    input      = data_node.by_city
    output     = data_node.report
    depends_on = [module.replica]
  }
}

output "replica" {
  description = "The tables of the warehouse"
  value       = keys(module.replica.tables)
}
