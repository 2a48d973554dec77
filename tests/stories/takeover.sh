#!/usr/bin/env bash
# A runner that is killed, and one that falls silent and loses its lease, are taken over; what they report late is refused.
set -euo pipefail
source "$(dirname "$0")/support.sh"

mkdir -p "$work/project"
cd "$work/project"
cat >main.pipe.hcl <<'HCL'
pipeline "work" {
  activity "shell_command" "slow" {
    command = "echo begin >> ledger; while test ! -e go; do sleep 0.1; done; echo end >> ledger"
  }
}
HCL
expect 0 pipeform apply --auto-approve

# Waits until a command succeeds.
await() {
    local n
    for ((n = 0; n < 1200; n++)); do
        if "$@"; then return; fi
        sleep 0.1
    done
    fail "in vain: $*"
}
begun() { [[ $(grep -c begin ledger 2>/dev/null) -ge $1 ]]; }

# Starts a runner in the background; its process is in $runner, what it says in $work/$1.
start() {
    "$PIPEFORM" run >"$work/$1" 2>&1 </dev/null &
    runner=$!
    children+=("$runner")
}

step "a runner is killed: status says so, and the next one kills what it left and tries again"
expect 0 pipeform trigger pipeline.work --auto-approve
start killed
await begun 1
expect 0 pipeform status
says "RUNNING"
if grep -q "runner has ended" "$work/output"; then fail "status says that a runner which is there has ended"; fi
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
expect 0 pipeform status
says "its runner has ended: the next \`pipeform run\` tries it again"
expect 0 pipeform history --attempts
says "attempt 1: RUNNING, but its runner has ended"
start second
await begun 2
grep -q "Killed" "$work/second" || fail "what the first runner left was not killed"

step "a runner falls silent; while it has its lease nobody takes over"
kill -STOP "$runner"
expect 1 pipeform run
says "The runner lease of this state is locked"

step "it loses its lease (its file is gone, as on a file system that forgets locks), and a third one takes over"
rm .pipeform/runner.lock
silent=$runner
start third
await begun 3
touch go
wait "$runner" || fail "the third runner failed: $(cat "$work/third")"
expect 0 pipeform history --attempts
says "attempt 3: FINISHED"

step "the silent one comes back: its report is refused, and changes nothing"
cp "$work/output" "$work/before"
kill -CONT "$silent"
if wait "$silent"; then fail "the silent runner ended as if nothing had been: $(cat "$work/second")"; fi
sed 's/^/  /' "$work/second"
grep -q "Another runner has taken over this state" "$work/second" || fail "it does not say that it was superseded"
expect 0 pipeform history --attempts
same "$work/before" "$work/output"
[[ $(grep -c end ledger) -eq 1 ]] || fail "the work was done more than once: $(cat ledger)"
