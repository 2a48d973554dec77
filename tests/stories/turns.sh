#!/usr/bin/env bash
# A runner that is seconds behind takes what users have done in the order in which they have done it: what was given up
# before its pipeline was let go never starts, and what was asked for after an apply is done with what that has applied.
set -euo pipefail
source "$(dirname "$0")/support.sh"

# Writes the configuration: the pipeline of the first argument, and those of the others.
configuration() {
    cat >main.pipe.hcl <<'HCL'
schedule "daily" {
  every       = "1 day"
  start       = "2026-01-01"
  occurrences = 2
}
HCL
    local name
    for name in "$@"; do
        cat >>main.pipe.hcl <<HCL

pipeline "$name" {
  schedule = schedule.daily

  activity "shell_command" "work" {
    command         = "echo \"\$1\" >> \"$work/$name\""
    script_argument = [run.date]
  }
}
HCL
    done
}

mkdir -p "$work/configuration"
cd "$work/configuration"
configuration held
expect 0 pipeform apply --auto-approve
expect 0 pipeform pause pipeline.held --auto-approve
"$PIPEFORM" run --watch >"$work/run.log" 2>&1 </dev/null &
runner=$!
children+=("$runner")
sleep 1

step "the runner sleeps, and users go on"
# It must not fall asleep while it writes: nobody else could write then.
until
    kill -STOP "$runner"
    python3 -c 'import sqlite3; sqlite3.connect(".pipeform/state.db", timeout=0.1).execute("BEGIN IMMEDIATE")' 2>"$work/locked"
do
    kill -CONT "$runner"
    sleep 0.1
done
expect 0 pipeform cancel pipeline.held.activity.work@2026-01-01 --auto-approve
expect 0 pipeform resume pipeline.held --auto-approve
configuration held added
expect 0 pipeform apply --auto-approve
expect 0 pipeform mark-finished pipeline.added.activity.work@2026-01-01 --auto-approve
kill -CONT "$runner"

step "it takes all of that in its order"
for _ in {1..1200}; do
    [[ -s $work/held && -s $work/added ]] && break
    sleep 0.1
done
sleep 0.5
same <(echo 2026-01-02) "$work/held"
same <(echo 2026-01-02) "$work/added"
expect 0 pipeform history pipeline.held.activity.work
says CANCELED FINISHED
kill -TERM "$runner"
wait "$runner" || true
