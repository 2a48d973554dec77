# What is large stays under its name in the formulas that read it; what it stands for is shown and stored beside.

variable "shift" {
  default = 7
}

locals {
  buckets = { for day in range(1, 130) : format("%02d", day) => day + (day == 24 ? var.shift : 0) }
  stamp   = join("", [for part in range(45) : "${run.day}${run.hour}"])
}

module "digits" {
  source = "./digits"
  text   = "<${local.stamp}>"
}

pipeline "p" {
  schedule {
    every = "1 day"
    start = "2026-11-24"
    end   = "2026-11-25"
  }
  activity "shell_command" "a" {
    command         = "echo bucket ${local.buckets[run.day]}: $1 $2"
    script_argument = [length(local.stamp), module.digits.many]
  }
}
