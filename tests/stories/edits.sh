#!/usr/bin/env bash
# Edits in mid-history: what the plan promises is what runs, a plan after apply is empty, and an apply that is killed
# leaves a state that the next one can use.
set -euo pipefail
source "$(dirname "$0")/support.sh"
export PIPEFORM_NOW=2026-11-23T12:00:00Z

# Writes a pipeline whose schedule has these attributes.
pipeline() {
    cat >main.pipe.hcl <<HCL
schedule "s" {
$1
}

pipeline "p" {
  schedule    = schedule.s
  max_retries = 0

  data_node "file" "o" {
    path = "out/\${formatdate("YYYY-MM-DD-hh", run.scheduled_start)}"
  }

  activity "shell_command" "a" {
    command         = "mkdir -p out && echo x >> \"\$1\""
    script_argument = [run.output.path]
    output          = data_node.o
  }
}
HCL
}

# planned N: the plan says that N runs are back-filled; apply, plan is empty; run finishes what was promised and due.
planned() {
    expect "$1" pipeform plan --detailed-exitcode
    says "$2"
    expect 0 pipeform apply --auto-approve
    expect 0 pipeform plan --detailed-exitcode
    expect 0 pipeform run
    says "Run complete: $3 finished, 0 failed, 0 waiting."
}

mkdir "$work/project" && cd "$work/project"
step "a daily schedule, and three days due"
pipeline '  every = "1 day"
  start = "2026-11-20"'
planned 2 "3 runs to back-fill." 3

step "a start that moves away and back repeats nothing"
pipeline '  every = "1 day"
  start = "2026-11-25"'
planned 2 "No runs to back-fill." 0
pipeline '  every = "1 day"
  start = "2026-11-15"'
planned 2 "No runs to back-fill." 0

step "due runs that have not run when the period changes"
rm -rf .pipeform out
pipeline '  every = "1 day"
  start = "2026-11-20"'
expect 0 pipeform apply --auto-approve
pipeline '  every = "12 hours"
  start = "2026-11-20"'
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
says "Run complete: 4 finished, 0 failed, 0 waiting."
[[ $(ls out | tr '\n' ' ') == "2026-11-20-00 2026-11-21-00 2026-11-22-00 2026-11-23-00 " ]] || fail "$(ls out)"

step "fewer occurrences than there were"
rm -rf .pipeform out
for occurrences in 3 5 2; do
    pipeline "  every       = \"7 days\"
  start       = \"2025-02-28\"
  occurrences = $occurrences"
    expect 0 pipeform apply --auto-approve
    expect 0 pipeform run
    expect 0 pipeform plan --detailed-exitcode
done
[[ $(ls out | wc -l) -eq 5 ]] || fail "$(ls out)"

step "what is removed waits again when it comes back"
rm -rf .pipeform out
pipeline '  every = "1 day"
  start = "2026-11-20"'
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
expect 0 pipeform destroy --auto-approve
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
says "Run complete: 0 finished, 0 failed, 0 waiting."

step "a for_each that depends on itself"
cat >>main.pipe.hcl <<'HCL'

pipeline "q" {
  activity "shell_command" "c" {
    for_each = activity.c
    command  = "true"
  }
}
HCL
expect 1 pipeform validate
says "cycle" "main.pipe.hcl:$(grep -n 'for_each' main.pipe.hcl | cut -d: -f1)"

step "an apply that is killed"
pipeline '  every = "1 day"
  start = "2026-11-20"'
for delay in 001 002 003 004 006 008 010 012 015 020; do
    rm -rf .pipeform
    "$PIPEFORM" apply --auto-approve >/dev/null 2>&1 </dev/null &
    child=$!
    children+=("$child")
    sleep "0.$delay"
    kill -9 "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
    code=0
    pipeform plan --detailed-exitcode >"$work/output" 2>&1 || code=$?
    [[ $code -eq 0 || $code -eq 2 ]] || fail "plan after a killed apply: $(cat "$work/output")"
    expect 0 pipeform apply --auto-approve >/dev/null
done

step "the plan counts what comes back"
rm -rf .pipeform out
expect 0 pipeform apply --auto-approve
expect 0 pipeform run --at 2026-11-21T00:00:00Z
says "Run complete: 1 finished"
expect 0 pipeform apply --auto-approve
cat >wait.pipe.hcl <<'HCL'
pipeline "r" {
  schedule = schedule.s

  data_node "file" "missing" {
    path = "missing-${run.date}"

    precondition "exists" {}
  }

  activity "shell_command" "waits" {
    command = "true"
    input   = data_node.missing
  }
}
HCL
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
says "3 waiting"
mv wait.pipe.hcl kept
expect 0 pipeform apply --auto-approve
says "3 runs to cancel"
mv kept wait.pipe.hcl
expect 2 pipeform plan --detailed-exitcode
says "3 runs to back-fill."
expect 0 pipeform apply --auto-approve
expect 0 pipeform status
says "data_node.missing 2026-11-22"
