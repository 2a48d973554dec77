schedule "weekly" {
  every = "1 week"
  start = "2099-01-05"
}

pipeline "weblogs" {
  schedule = schedule.weekly
  runs_on  = resource.reports

  activity "emr" "traffic" {
    step {
      jar = "s3://acme/code/traffic.jar"
    }
  }
}

pipeline "by_hand" {
  activity "emr" "again" {
    runs_on = resource.reports
    steps   = ["s3://acme/code/again.jar"]
  }
}

resource "emr_cluster" "reports" {
  release_label       = "emr-7.5.0"
  log_uri             = "s3://acme/logs/"
  core_instance_count = 2
  terminate_after     = "6 hours"

  core_ebs_configuration {
    ebs_block_device_config {
      volumes_per_instance = 2

      volume_specification {
        size_in_gb  = 100
        volume_type = "gp2"
      }
    }
  }
}
