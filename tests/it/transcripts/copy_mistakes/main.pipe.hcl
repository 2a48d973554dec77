schedule "daily" {
  every = "1 day"
  start = "2026-11-01"
}

provider "aws" {
  alias  = "west"
  region = "us-west-2"
}

pipeline "orders" {
  schedule = schedule.daily

  data_node "s3" "day" {
    path = "s3://acme/orders/${run.date}/"
  }

  # Below what is read.
  data_node "s3" "packed" {
    path        = "s3://acme/orders/${run.date}/packed/"
    compression = "gzip"
  }

  activity "copy" "pack" {
    input  = data_node.day
    output = data_node.packed
  }

  # The same prefix, reached otherwise: the attempt says whether it is another one.
  data_node "s3" "elsewhere" {
    provider = aws.west
    path     = "s3://acme/orders/${run.date}/packed/"
  }

  activity "copy" "west" {
    input  = data_node.day
    output = data_node.elsewhere
  }

  # A file onto itself, in two ways.
  data_node "file" "log" {
    path = "logs/${run.date}.log"
  }

  data_node "file" "same" {
    path = "./logs//${run.date}.log"
  }

  data_node "file" "logs" {
    path      = "logs/"
    overwrite = true
  }

  activity "copy" "itself" {
    input  = data_node.log
    output = data_node.same
  }

  activity "copy" "around" {
    input  = data_node.log
    output = data_node.logs
  }

  # Beside what is read is right.
  data_node "file" "beside" {
    path = "logs/${run.date}.log.gz"
  }

  activity "copy" "beside" {
    input  = data_node.log
    output = data_node.beside
  }
}

pipeline "rejects" {
  schedule = schedule.daily

  data_node "file" "in" {
    path = "in/${run.date}/"
  }

  data_node "file" "out" {
    path   = "out/${run.date}.jsonl"
    format = "json_lines"
  }

  activity "copy" "many" {
    input        = data_node.in
    output       = data_node.out
    on_row_error = "skip"
    reject_to    = "rejects/${run.date}/"
  }

  activity "copy" "among" {
    input        = data_node.in
    output       = data_node.out
    on_row_error = "skip"
    reject_to    = "in/${run.date}/rejects.csv"
  }

  activity "copy" "same" {
    input        = data_node.in
    output       = data_node.out
    on_row_error = "skip"
    reject_to    = "out/${run.date}.jsonl"
  }

  activity "copy" "nowhere" {
    input        = data_node.in
    output       = data_node.out
    on_row_error = "skip"
    reject_to    = "s3:///rejects.csv"
  }
}

pipeline "lists" {
  schedule = schedule.daily

  data_node "s3" "here" {
    path               = "s3://acme/in/${run.date}/"
    manifest_file_path = "lists/${run.date}.json"
  }

  data_node "s3" "prefix" {
    path               = "s3://acme/in/${run.date}/"
    manifest_file_path = "s3://acme/lists/${run.date}/"
  }

  data_node "s3" "one" {
    path               = "s3://acme/in/${run.date}.csv"
    manifest_file_path = "s3://acme/lists/${run.date}.json"
  }

  data_node "s3" "out" {
    path               = "s3://acme/out/${run.date}/"
    manifest_file_path = "s3://acme/lists/out-${run.date}.json"
  }

  data_node "s3" "path" {
    path = "acme/in/${run.date}/"
  }

  data_node "file" "key" {
    path = "s3://acme/in/${run.date}/"
  }

  activity "copy" "all" {
    input  = [data_node.here, data_node.prefix, data_node.one, data_node.path, data_node.key]
    output = data_node.out
  }
}

# Nothing is wrong here: only what the manifest lists is read.
pipeline "listed" {
  schedule = schedule.daily

  data_node "s3" "in" {
    path               = "s3://acme/listed/${run.date}/"
    manifest_file_path = "s3://acme/lists/listed-${run.date}.json"
  }

  data_node "s3" "out" {
    path = "s3://acme/listed/${run.date}/out/"
  }

  activity "copy" "below" {
    input  = data_node.in
    output = data_node.out
  }
}

# Parquet files one after the other are no parquet file.
pipeline "strung" {
  schedule = schedule.daily

  data_node "s3" "parts" {
    path = "s3://acme/parts/${run.date}/"
  }

  data_node "s3" "whole" {
    path = "s3://acme/whole/${run.date}.parquet"
  }

  activity "copy" "string" {
    input  = data_node.parts
    output = data_node.whole
  }
}
