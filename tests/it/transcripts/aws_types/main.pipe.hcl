variable "bucket" {
  default = "acme"
}

variable "settings" {
  default = {
    "spark-defaults" = { "spark.executor.memory" = "4g" }
    "core-site"      = { "fs.s3.maxRetries" = "20" }
  }
}

schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

database "rds" "shop" {
  rds_instance_id = "shop-1"
  username        = "load"
  password        = secret("env://SHOP_PASSWORD")
}

database "redshift" "warehouse" {
  cluster_id = "warehouse"
  username   = "load"
  password   = secret("env://WAREHOUSE_PASSWORD")
  region     = "eu-west-1"
}

resource "ec2" "machine" {
  schedule        = schedule.daily
  instance_type   = "t3.small"
  spot_bid_price  = 0.02
  terminate_after = "2 hours"

  http_proxy {
    hostname = "proxy.acme.example"
    port     = 8080
    username = "load"
    password = secret("env://PROXY_PASSWORD")
  }
}

resource "emr_cluster" "cluster" {
  schedule                = schedule.daily
  release_label           = "emr-7.5.0"
  applications            = ["spark", "hive", "pig"]
  core_instance_count     = 2
  core_instance_bid_price = "on_demand_price"
  terminate_after         = "6 hours"
  aws_id                  = "EmrClusterId_x1y2z"
  retry_delay             = "1 second"

  bootstrap_action {
    path = "s3://${var.bucket}/code/setup.sh"
    args = ["--day", run.date]
  }

  dynamic "configuration" {
    for_each = var.settings

    content {
      classification = configuration.key
      properties     = configuration.value
    }
  }

  configuration {
    classification = "hadoop-env"

    configuration {
      classification = "export"
      properties     = { JAVA_HOME = "/usr/lib/jvm/java-17" }
    }
  }

  core_ebs_configuration {
    ebs_optimized = true

    ebs_block_device_config {
      volumes_per_instance = 2

      volume_specification {
        size_in_gb  = 100
        volume_type = "gp3"
      }
    }
  }
}

action "sns" "oncall" {
  topic   = "arn:aws:sns:us-east-1:111122223333:oncall"
  subject = "${run.node.object} failed for ${run.node.date}"
  message = "Attempt ${run.node.attempt}: ${run.node.error}"
}

pipeline "types" {
  schedule      = schedule.daily
  on_fail       = [action.oncall]
  log_uri       = "s3://${var.bucket}/logs/"
  role          = "DataPipelineDefaultRole"
  resource_role = "DataPipelineDefaultResourceRole"
  aws_fields    = { myTeam = "#{*myTeam}" }

  data_node "s3" "clicks" {
    path = "s3://${var.bucket}/clicks/${run.date}/"

    format "tsv" {
      column = ["page STRING", "clicks INT"]
    }
  }

  data_node "s3" "report" {
    path   = "s3://${var.bucket}/reports/${run.date}/"
    format = data_format.export

    precondition "s3_prefix_exists" {
      s3_prefix = "s3://${var.bucket}/ready/${run.date}"
    }
  }

  data_node "dynamodb" "users" {
    table_name              = "users"
    read_throughput_percent = 0.25
    format                  = data_format.export

    precondition "dynamodb_table_exists" {
      table_name = run.node.table_name
    }

    precondition "dynamodb_data_exists" {
      table_name = "users"
    }
  }

  data_node "redshift" "pages" {
    database     = database.warehouse
    table_name   = "pages"
    primary_keys = ["page"]
  }

  data_node "sql" "orders" {
    database = database.shop
    table    = "orders"
  }

  data_node "file" "local" {
    path      = "local.tsv"
    overwrite = true
  }

  activity "copy" "fetch" {
    input  = data_node.users
    output = data_node.local
  }

  activity "copy" "orders" {
    input  = data_node.orders
    output = data_node.local

    precondition "s3_key_exists" {
      s3_key = "s3://${var.bucket}/orders/done"
    }
  }

  activity "emr" "report" {
    input   = data_node.clicks
    output  = data_node.report
    runs_on = resource.cluster

    step {
      jar  = "command-runner.jar"
      args = ["spark-submit", "s3://${var.bucket}/report.py", run.output.path, "a,b"]
    }

    step {
      jar = "s3://${var.bucket}/code/clean.jar"
    }
  }

  activity "hadoop" "count" {
    jar_uri  = "s3://${var.bucket}/code/count.jar"
    argument = [run.date]
    runs_on  = resource.cluster

    pre_activity_task_config {
      script_uri = "s3://${var.bucket}/code/before.sh"
    }
  }

  activity "hive" "query" {
    hive_script     = "INSERT OVERWRITE TABLE reports SELECT * FROM $${input1};"
    script_variable = ["DAY=${run.date}"]
    input           = data_node.clicks
    output          = data_node.report
    runs_on         = resource.cluster
  }

  activity "hive_copy" "export" {
    filter_sql = "id > 7"
    input      = data_node.users
    output     = data_node.report
    runs_on    = resource.cluster
  }

  activity "pig" "group" {
    script  = "STORE x INTO 's3://acme/grouped/';"
    runs_on = resource.cluster
  }

  activity "redshift_copy" "load" {
    insert_mode = "keep_existing"
    input       = data_node.report
    output      = data_node.pages
  }

  activity "shell_command" "elsewhere" {
    command = "echo ${run.date}"
    runs_on = resource.machine
  }

  activity "shell_command" "queued" {
    command      = "echo ${run.date}"
    worker_group = "machines"
  }

  activity "shell_command" "staged" {
    command = "ls $${INPUT1_STAGING_DIR}"
    input   = data_node.clicks
    stage   = true
  }

  activity "shell_command" "here" {
    command         = "echo \"$1\""
    script_argument = [run.input.path]
    input           = data_node.clicks
    late_after      = "2 hours"
    on_late         = [action.terminate]
  }

  activity "sql" "sum" {
    database = database.warehouse
    script   = "SELECT 1"
  }

  action "terminate" "terminate" {}
}

data_format "dynamodb_export" "export" {}

data_format "dynamodb" "columns" {
  column = ["id STRING"]
}
