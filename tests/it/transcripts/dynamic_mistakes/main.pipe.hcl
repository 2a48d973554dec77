variable "secret" {
  default   = ["a"]
  sensitive = true
}

data_node "file" "a" {
  path = "a-${run.date}"

  dynamic "preconditions" {
    for_each = [1]
    content {}
  }

  dynamic "lifecycle" {
    for_each = [1]
    content {}
  }

  dynamic {
    for_each = [1]
    content {}
  }

  dynamic "precondition" {
    for_eech = [1]
    content {}
    content {}
    exists {}
  }

  dynamic "format" {
    for_each = [1]
    iterator = "x"
  }
}

data_node "file" "b" {
  path = "b-${run.date}"

  dynamic "precondition" {
    for_each = run.date
    labels   = ["exists"]
    content {}
  }

  dynamic "precondition" {
    for_each = var.secret
    labels   = ["exists"]
    content {}
  }

  dynamic "precondition" {
    for_each = null
    labels   = ["exists"]
    content {}
  }

  dynamic "precondition" {
    for_each = 5
    labels   = ["exists"]
    content {}
  }

  dynamic "precondition" {
    for_each = [1]
    content {}
  }

  dynamic "precondition" {
    for_each = ["exist"]
    labels   = [precondition.value]
    content {}
  }

  dynamic "precondition" {
    for_each = ["exists"]
    labels   = [precondition.valu, "x"]
    content {}
  }

  dynamic "precondition" {
    for_each = [1, 2]
    labels   = ["exists"]

    content {
      comand = precondition.value
    }
  }

  dynamic "format" {
    for_each = ["csv", "tsv"]
    labels   = [format.value]
    content {}
  }

  dynamic "schedule" {
    for_each = self.schedule == null ? [] : [1]

    content {
      every = "1 day"
    }
  }
}

pipeline "p" {
  dynamic "activity" {
    for_each = [1]
    content {}
  }
}

schedule "s" {
  every = "1 day"

  dynamic "x" {
    for_each = [1]
    content {}
  }
}

dynamic "data_node" {
  for_each = [1]
  content {}
}

data_node "file" "c" {
  path = "c-${run.date}"

  dynamic "precondition" {
    for_each = toset(["x-${run.date}", "a"])
    labels   = ["exists"]
    content {}
  }
}
