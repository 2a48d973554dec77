#!/usr/bin/env bash
# The plans of changes that people make, in full, as a reviewer reads them.
set -euo pipefail
source "$(dirname "$0")/support.sh"
mkdir "$work/project" && cd "$work/project"

# Writes the configuration: PERIOD START SQL NAME.
configuration() {
    cat >main.pipe.hcl <<HCL
schedule "load" {
  every = "$1"
  start = "$2"
}

database "jdbc" "shop" {
  connection_string = "jdbc:sqlite:shop.db"
}

pipeline "orders" {
  schedule = schedule.load

  activity "sql" "load" {
    database = database.shop
    script   = <<-SQL
      insert into loaded
      $3
      order by 1;
    SQL
  }

  activity "shell_command" "$4" {
    depends_on = [activity.load]
    command    = "echo report \${run.date}"
  }
}

pipeline "finance" {
  schedule = schedule.load

  activity "shell_command" "close" {
    depends_on = [pipeline.orders.activity.load]
    command    = "echo close"
  }
}
HCL
}

at() { export PIPEFORM_NOW=$1; }

at 2026-11-20T00:30:00Z
configuration "1 day" 2026-11-17 "select 1" report
python3 -c 'import sqlite3; sqlite3.connect("shop.db").execute("create table loaded (n)")'
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
says "Run complete: 9 finished, 0 failed, 0 waiting."

step "1. a period from one day to one hour"
at 2026-11-20T06:30:00Z
configuration "1 hour" 2026-11-17 "select 1" report
expect 2 pipeform plan --detailed-exitcode
says "Plan: 0 to add, 1 to change, 0 to destroy." "18 runs to back-fill." "(schedule: when runs are due)" "was due" "next due" "cut"
configuration "1 day" 2026-11-17 "select 1" report

step "2. SQL edited"
configuration "1 day" 2026-11-17 "select 2" report
expect 2 pipeform plan --detailed-exitcode
says "No runs to back-fill." "- select 1" "+ select 2" "3 runs of pipeline.orders.activity.load stay as before" \
    "pipeline.finance.activity.close: 3 runs on what was written before"
configuration "1 day" 2026-11-17 "select 1" report

step "3. an activity removed while a run of it is in flight"
at 2026-11-21T00:30:00Z
sed -i 's/echo report/echo begun > begun; sleep 600 # report/' main.pipe.hcl
expect 0 pipeform apply --auto-approve
pipeform run >run.log 2>&1 </dev/null &
runner=$!
children+=("$runner")
for _ in $(seq 1200); do [[ -e begun ]] && break || sleep 0.1; done
[[ -e begun ]] || fail "the run did not begin: $(cat run.log)"
cp main.pipe.hcl kept
sed -i '/activity "shell_command" "report"/,/^  }/d' main.pipe.hcl
expect 2 pipeform plan --detailed-exitcode
says "1 to destroy." "1 in flight keeps its old definition"
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
pkill -9 -f 'echo begun > begun; sleep 600' || true
cp kept main.pipe.hcl
sed -i 's/echo begun > begun; sleep 600 # report/echo report/' main.pipe.hcl
expect 0 pipeform apply --auto-approve
expect 0 pipeform run

step "4. a pipeline that was paused by hand"
expect 0 pipeform pause pipeline.finance --auto-approve
configuration "1 day" 2026-11-17 "select 3" report
expect 2 pipeform plan --detailed-exitcode
says "Paused by operators:" "pipeline.finance by " "this stays until \`pipeform resume\`"
expect 0 pipeform resume pipeline.finance --auto-approve

step "5. a start that is moved a year back"
configuration "1 day" 2025-11-17 "select 1" report
expect 2 pipeform plan --detailed-exitcode
says "(schedule: when runs are due)" "no runs" "365 intervals before the old schedule"

step "6. a rename without and with moved"
configuration "1 day" 2026-11-17 "select 1" summary
expect 2 pipeform plan --detailed-exitcode
says "1 to add, 0 to change, 1 to destroy." "Renamed without a moved block" "pipeline.orders.activity.report -> pipeline.orders.activity.summary"
cat >>main.pipe.hcl <<'HCL'
moved {
  from = pipeline.orders.activity.report
  to   = pipeline.orders.activity.summary
}
HCL
expect 2 pipeform plan --detailed-exitcode
says "0 to add, 0 to change, 0 to destroy." "# pipeline.orders.activity.report has moved to pipeline.orders.activity.summary"

step "7. 200 pipelines by for_each with one line changed in all"
mkdir "$work/many" && cd "$work/many"
cat >main.pipe.hcl <<'HCL'
schedule "daily" {
  every = "1 day"
  start = "2026-11-17"
}

pipeline "export" {
  for_each = toset([for number in range(200) : "table_${number}"])
  schedule = schedule.daily

  activity "shell_command" "copy" {
    command = <<-SH
      echo begin
      echo copy stg_${each.key}_daily to x${each.key} ${upper(each.key)}
      echo end
    SH
    output = data_node.copied
  }

  data_node "file" "copied" {
    path = "copied-${pipeline.each.key}-${run.date}"
  }
}
HCL
expect 0 pipeform apply --auto-approve --allow-runs=100000
sed -i 's/echo end/echo done/' main.pipe.hcl
expect 2 pipeform plan --detailed-exitcode
says "Plan: 0 to add, 200 to change, 0 to destroy." "pipeline.export[*].activity.copy (200) will be updated in-place"
lines=$(wc -l <"$work/output")
[[ $lines -lt 60 ]] || fail "$lines lines"
echo "$lines lines for 200 changes"

# renames FROM TO ADDED: they are told once, and the block that the plan proposes is enough for all.
renames() {
    expect 2 pipeform plan --detailed-exitcode
    says "Plan: $3 to add, 0 to change, $3 to destroy." "Renamed without a moved block" "$1 -> $2 (200)"
    lines=$(wc -l <"$work/output")
    [[ $lines -lt 120 ]] || fail "$lines lines"
    cp main.pipe.hcl kept
    sed -n '/^  moved {/,/^  }/p' "$work/output" >>main.pipe.hcl
    expect 2 pipeform plan --detailed-exitcode
    says "Plan: 0 to add, 0 to change, 0 to destroy." "has moved to" "(200)"
    cp kept main.pipe.hcl
}
step "8. 200 pipelines whose activity gets another name"
sed -i 's/echo done/echo end/; s/"shell_command" "copy"/"shell_command" "load"/' main.pipe.hcl
renames 'pipeline.export[*].activity.copy' 'pipeline.export[*].activity.load' 200
step "9. 200 pipelines that get another name"
sed -i 's/"shell_command" "load"/"shell_command" "copy"/; s/pipeline "export"/pipeline "unload"/' main.pipe.hcl
renames 'pipeline.export[*]' 'pipeline.unload[*]' 600
