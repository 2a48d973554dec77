resource "emr_cluster" "big" {
  release_label = "emr-7.5.0"
}

resource "emr_cluster" "silent" {
  enable_debugging = true
}

resource "local_spark" "here" {}

pipeline "here" {
  runs_on = resource.here

  data_node "dynamodb" "clicks" {
    table_name = "clicks"

    format "dynamodb" {
      column = ["page STRING"]
    }
  }

  activity "pig" "wrong_type" {
    script = "A = LOAD 'x';"
  }

  activity "hive" "no_table_of_spark" {
    input       = data_node.clicks
    hive_script = "SELECT page FROM $${input1}"
  }

  activity "spark" "fine" {
    main_file = "report.py"
  }
}

pipeline "nowhere" {
  activity "emr" "missing" {
    steps = ["x.jar"]
  }

  activity "emr" "for_workers" {
    worker_group = "ours"
    steps        = ["x.jar"]
  }
}

pipeline "there" {
  runs_on = resource.big

  data_node "file" "here" {
    path   = "/data/clicks/"
    format = "csv"
  }

  data_node "s3" "bare" {
    path = "s3://acme/bare/"
  }

  data_node "s3" "no_columns" {
    path   = "s3://acme/no-columns/"
    format = "csv"
  }

  data_node "s3" "one_file" {
    path = "s3://acme/one.csv"

    format "csv" {
      column = ["page STRING"]
    }
  }

  data_node "s3" "expression" {
    path      = "s3://acme/expression/"
    overwrite = true

    format "regex" {
      column      = ["page"]
      input_regex = "(.*)"
    }
  }

  data_node "sql" "rows" {
    database = database.shop
    table    = "rows"
  }

  activity "hive" "tables" {
    input  = [data_node.here, data_node.bare, data_node.no_columns, data_node.one_file, data_node.rows, data_node.expression]
    output = data_node.expression

    hive_script = <<-SQL
      INSERT OVERWRITE TABLE $${output1}
      SELECT * FROM $${input1}, $${input2}, $${hivevar:input3}, $${input4}, $${input5}, $${input6}
    SQL
  }

  activity "hive" "not_named" {
    input       = data_node.bare
    hive_script = "SELECT 1"
  }

  activity "hive" "not_staged" {
    input       = data_node.bare
    stage       = false
    hive_script = "SELECT * FROM $${input1}"
  }

  activity "pig" "places" {
    input  = [data_node.here, data_node.rows, data_node.bare]
    script = "A = LOAD '$INPUT1'; B = LOAD '$${input2}'; C = LOAD '$${INPUT3}';"
  }

  activity "spark" "code" {
    main_file = "report.py"
    py_files  = ["s3://acme/code/x.py", "lib.py"]
    jars      = ["/usr/lib/x.jar"]
  }

  activity "emr" "steps" {
    steps = ["s3://acme/x.jar,one", ",two", "command-runner.jar spark-submit x"]
  }
}

database "jdbc" "shop" {
  connection_string = "sqlite:shop.db"
}
