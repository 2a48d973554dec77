#!/usr/bin/env bash
# Modules: three deep, with `for_each` over a map. A deferred value goes down through their inputs and comes up through their
# outputs into the plan; what runs write is what the plan has shown.
set -euo pipefail
source "$(dirname "$0")/support.sh"
export PIPEFORM_NOW=2026-11-23T12:00:00Z

mkdir -p "$work/project/region/table/writer" && cd "$work/project"

cat >main.pipe.hcl <<'HCL'
variable "regions" {
  type = map(object({
    name   = string
    tables = optional(set(string), ["orders"])
  }))

  default = {
    eu = { name = "Europe", tables = ["orders", "customers"] }
    us = { name = "America" }
  }
}

schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

module "region" {
  source   = "./region"
  for_each = var.regions
  title    = each.value.name
  tables   = each.value.tables
  place    = "out/${each.key}/${run.date}" # known only when an instance runs
  schedule = schedule.daily
}

# What comes back up is read beside the modules: three levels of outputs.
pipeline "summary" {
  schedule = schedule.daily

  data_node "file" "summary" {
    path = "out/summary-${run.date}"
  }

  activity "shell_command" "sum" {
    input           = merge(values(module.region)[*].nodes...)
    output          = data_node.summary
    command         = "target=$1; shift; cat \"$@\" >\"$target\""
    script_argument = concat([run.output.path], flatten([for region in module.region : values(region.paths)]))
  }
}

output "paths" {
  value = { for key, region in module.region : key => region.paths }
}
HCL

cat >region/main.pipe.hcl <<'HCL'
variable "title" {
  type = string
}

variable "tables" {
  type = set(string)
}

variable "place" {
  type = string
}

variable "schedule" {
  type = ref("schedule")
}

module "table" {
  source   = "./table"
  for_each = var.tables
  line     = "${upper(var.title)} has ${each.key}"
  name     = each.key
  place    = var.place
  schedule = var.schedule
}

output "paths" {
  value = { for key, table in module.table : key => table.path }
}

output "nodes" {
  value = { for key, table in module.table : "${var.title}_${key}" => table.node }
}
HCL

cat >region/table/main.pipe.hcl <<'HCL'
variable "line" {
  type = string
}

variable "name" {
  type = string
}

variable "place" {
  type = string
}

variable "schedule" {
  type = ref("schedule")
}

module "writer" {
  source   = "./writer"
  line     = var.line
  path     = "${var.place}/${var.name}.txt"
  schedule = var.schedule
}

output "path" {
  value = module.writer.path
}

output "node" {
  value = module.writer.node
}
HCL

cat >region/table/writer/main.pipe.hcl <<'HCL'
variable "line" {
  type = string
}

variable "path" {
  type = string
}

variable "schedule" {
  type = ref("schedule")
}

pipeline "write" {
  schedule = var.schedule

  data_node "file" "out" {
    path = var.path
  }

  activity "shell_command" "write" {
    command         = "mkdir -p \"$(dirname \"$2\")\" && printf '%s on %s\\n' \"$1\" \"$3\" >\"$2\""
    script_argument = [var.line, run.output.path, run.date]
    output          = data_node.out
  }
}

output "path" {
  value = var.path
}

output "node" {
  value = pipeline.write.data_node.out
}
HCL

orders='module.region["eu"].module.table["orders"].module.writer.pipeline.write'

step "the plan shows the deferred value on its way down, up, and what it will be"
expect 2 pipeform plan --detailed-exitcode
says "# module.region[\"eu\"].module.table[*].module.writer.pipeline.write.activity.write (2) will be created" \
    '+ path = "out/eu/${run.date}/customers.txt"' \
    '→ out/eu/2026-11-23/customers.txt' \
    '+ "EUROPE has customers",' \
    '"out/us/${run.date}/orders.txt"' \
    'activity.sum: 3 runs to back-fill' \
    'Plan: 13 to add, 0 to change, 0 to destroy.' \
    '12 runs to back-fill.'

step "apply; the outputs of the root module are those of the modules inside"
expect 0 pipeform apply --auto-approve
expect 0 pipeform output paths
says '"out/eu/${run.date}/customers.txt"'
expect 0 pipeform plan --detailed-exitcode
says "No changes."

step "runs write what was promised"
expect 0 pipeform run
says "Run complete: 12 finished, 0 failed, 0 waiting."
for day in 2026-11-20 2026-11-21 2026-11-22; do
    printf '%s on %s\n' "EUROPE has customers" $day "EUROPE has orders" $day "AMERICA has orders" $day >"$work/expected"
    same "$work/expected" "out/summary-$day"
done
[[ $(find out -type f | wc -l) -eq 12 ]] || fail "$(find out -type f)"

step "addresses of objects in modules are understood everywhere"
expect 0 pipeform status 'module.region["eu"]'
says "$orders.activity.write: 3 finished"
expect 0 pipeform history "$orders"
says "FINISHED"
expect 0 pipeform logs "$orders.activity.write"
says "attempt 1 of $orders.activity.write 2026-11-22"
expect 0 pipeform state show "$orders.data_node.out"
expect 1 pipeform status 'module.region["asia"]'
says "module.region"

step "a key that is added adds, and one that is removed removes"
expect 0 pipeform apply --auto-approve --var 'regions={ eu = { name = "Europe" }, asia = { name = "Asia", tables = ["items"] } }'
says 'module.region["asia"].module.table["items"].module.writer.pipeline.write will be created' \
    'module.region["us"].module.table["orders"].module.writer.pipeline.write will be destroyed' \
    "3 to add"
expect 0 pipeform run
[[ -e out/asia/2026-11-22/items.txt && ! -e out/asia/2026-11-23 ]] || fail "$(find out/asia)"

step "a module that gets another name is one that a single moved block takes along, with what it has run"
regions='regions={ eu = { name = "Europe" }, asia = { name = "Asia", tables = ["items"] } }'
sed -i 's/module "region"/module "area"/; s/module\.region/module.area/g' main.pipe.hcl
expect 2 pipeform plan --detailed-exitcode --var "$regions"
says "Renamed without a moved block" "  module.region[*] -> module.area[*] (2)"
sed -n '/^  moved {/,/^  }/p' "$work/output" >"$work/block"
printf '  moved {\n    from = module.region\n    to   = module.area\n  }\n' | diff - "$work/block"
cat "$work/block" >>main.pipe.hcl
expect 2 pipeform plan --detailed-exitcode --var "$regions"
says "Plan: 0 to add, 0 to change, 0 to destroy." "No runs to back-fill." "has moved to module.area["
expect 0 pipeform apply --auto-approve --var "$regions"
expect 0 pipeform plan --detailed-exitcode --var "$regions"
says "No changes."
expect 0 pipeform run
says "Run complete: 0 finished, 0 failed, 0 waiting."
expect 0 pipeform history 'module.area["eu"]'
says "FINISHED"

step "what is on demand in a module is triggered by its address"
mkdir -p "$work/demand/job" && cd "$work/demand"
cat >main.pipe.hcl <<'HCL'
module "job" {
  source   = "./job"
  for_each = toset(["a", "b"])
  name     = each.key
}
HCL
cat >job/main.pipe.hcl <<'HCL'
variable "name" {}

pipeline "p" {
  activity "shell_command" "write" {
    command         = "echo \"$1\" >>written"
    script_argument = [var.name]
  }
}
HCL
expect 0 pipeform apply --auto-approve
expect 0 pipeform trigger --auto-approve 'module.job["b"]'
expect 0 pipeform run
[[ $(cat written) == b ]] || fail "$(cat written)"

step "a thousand instances make the same mistake: it is said once, with its place in the module"
sed -i 's/toset(\["a", "b"\])/toset([for n in range(1000) : tostring(n)])/' main.pipe.hcl
sed -i 's/"echo/1 + "x"/; s/ \\"$1\\" >>written"//' job/main.pipe.hcl
expect 1 pipeform validate
says "job/main.pipe.hcl:5:" "module.job["
[[ $(grep -c '^error' "$work/output") -eq 1 ]] || fail "it is said $(grep -c '^error' "$work/output") times"
