schedule "daily" {
  every       = "1 day"
  start       = "2026-11-20"
  end         = "2026-12-01"
  occurrences = 3
}

resource "ec2" "machine" {
  spot_bid_price  = 20
  terminate_after = "soon"
  hostname        = "x"

  http_proxy {
    hostname = "proxy"
  }

  http_proxy {
    hostname = "other"
    port     = 8080
    user     = "x"
  }
}

resource "emr_cluster" "cluster" {
  release_label           = "emr-7.5.0"
  ami_version             = "3.11.0"
  core_instance_bid_price = "OnDemandPrice"
  applications            = "spark"
  http_proxy              = { hostname = "proxy" }

  configuration "x" {
    classification = "hadoop-env"

    configuration {
      propertys = {}
    }

    properties {
    }
  }

  dynamic "bootstrap_action" {
    for_each = ["a", "b"]
    labels   = ["x"]

    content {
      paths = bootstrap_action.value
    }
  }

  dynamic "boostrap_action" {
    for_each = []

    content {
    }
  }

  core_ebs_configuration {
    ebs_block_device_config {
      volumes_per_instance = 0
    }
  }
}

resource "aws_s3_bucket" "bucket" {
  bucket = "acme"
}

database "redshift" "warehouse" {
  username = "load"
  password = secret("env://WAREHOUSE_PASSWORD")
}

pipeline "wrong" {
  data_node "dynamodb" "users" {
    table_name              = "users"
    read_throughput_percent = 25

    precondition "exists" {}
  }

  data_node "s3" "clicks" {
    directoryPath = "s3://acme/clicks/"
  }

  activity "shell_command" "both" {
    command    = "true"
    script_uri = "s3://acme/x.sh"
  }

  activity "shell_command" "neither" {
    command = null
    runs_on = "resource.machine"
  }

  activity "sql" "statements" {
    database = database.warehouse
    on_late  = [action.terminate]
  }

  activity "emr" "small" {
    runs_on = resource.machine

    step {
      jars = "x.jar"
    }
  }

  activity "hive" "long" {
    hive_script     = "x"
    script_uri      = "s3://acme/x.q"
    script_variable = ["DAY"]
  }

  activity "hive_copy" "copy" {
    input  = data_node.users
    output = data_node.file
  }

  activity "redshift_copy" "load" {
    insert_mode = "KEEP_EXISTING"
    input       = data_node.users
    output      = data_node.clicks
  }

  data_node "file" "file" {
    path = "x"
  }

  action "sns" "note" {
    topicArn = "arn:aws:sns:us-east-1:111122223333:oncall"
    subject  = "x"
    message  = "y"
  }

  action "terminate" "terminate" {}
}
