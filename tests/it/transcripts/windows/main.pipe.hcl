schedule "daily" {
  every = "1 day"
  start = "2026-11-01"
  end   = "2026-11-04"
}

locals {
  month = window(data_node.clicks, "28 days")
}

data_node "file" "clicks" {
  schedule = schedule.daily
  path     = "clicks-${run.date}.csv"
}

data_node "file" "orders" {
  schedule = schedule.daily
  path     = "orders-${run.date}.csv"
}

pipeline "report" {
  schedule = schedule.daily

  activity "shell_command" "totals" {
    command = "true"
    input   = data_node.orders
  }

  activity "shell_command" "month" {
    command = "cat \"$@\" > /dev/null"
    input = {
      clicks = local.month
      before = window(data_node.clicks, "4weeks", "-28 day")
      orders = data_node.orders
    }
    depends_on = [window(activity.totals, "7 days")]
  }
}
