#!/usr/bin/env bash
# Commands that check preconditions: one that hangs is stopped, some run at a time, and nothing of them is left by a runner that is stopped or killed.
set -euo pipefail
source "$(dirname "$0")/support.sh"

mkdir "$work/project"
cd "$work/project"
token=$(basename "$work")

# left: how many processes of checks there are.
left() { pgrep -fc "sleep 600 # $token" || true; }

# gone: waits until there are none.
gone() {
    for _ in {1..1200}; do
        [[ $(left) -ne 0 ]] || return 0
        sleep 0.1
    done
    fail "$(left) checks are left"
}

# configuration END COMMAND TIMEOUT: what waits for a check each hour, in a state of its own.
configuration() {
    cat >main.pipe.hcl <<HCL
schedule "hourly" {
  every = "1 hour"
  start = "2026-11-01"
  end   = "$1"
}

pipeline "work" {
  schedule    = schedule.hourly
  max_retries = 0

  activity "shell_command" "hourly" {
    command = "true"

    precondition "shell_command" {
      command              = "$2"
      precondition_timeout = "$3"
    }
  }
}
HCL
    rm -rf .pipeform
    expect 0 pipeform apply --auto-approve
}

hangs="true; sh -c 'sleep 600 # $token'; true"

step "a check that hangs"
configuration "2026-11-01 01:00" "$hangs" "3 seconds"
SECONDS=0
expect 1 pipeform run --at 2026-11-20
says 'the command took longer than 10 seconds, and was stopped' '0 finished, 1 failed'
# The sleep holds the command's output open for ten minutes: who waits for its end waits for them.
[[ $SECONDS -lt 300 ]] || fail "it took $SECONDS seconds"
gone

step "319 of them: some at a time; nothing is left when the runner is stopped"
configuration "2026-11-14 07:00" "$hangs" "1 day"
"$PIPEFORM" run --at 2026-11-20 >"$work/stopped" 2>&1 &
runner=$!
until [[ $(left) -ge 16 ]]; do kill -0 "$runner" || fail "the runner has ended"; sleep 0.1; done
sleep 1
echo "at once: $(left)"
# Each is two processes: the command, and the shell in it.
[[ $(left) -le 32 ]] || fail "there are too many at once"
kill -TERM "$runner"
code=0
wait "$runner" || code=$?
cat "$work/stopped"
[[ $code -eq 1 ]] || fail "exit code $code"
gone

step "nor when it is killed, and another one takes over"
"$PIPEFORM" run --at 2026-11-20 >"$work/killed" 2>&1 &
runner=$!
until [[ $(left) -ge 16 ]]; do kill -0 "$runner" || fail "the runner has ended"; sleep 0.1; done
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
[[ $(left) -gt 0 ]] || fail "nothing was left to find"
sed -i 's/precondition_timeout = .*/precondition_timeout = "1 hour"/; s/command  *= "true; sh.*/command = "true"/' main.pipe.hcl
expect 0 pipeform apply --auto-approve
cp "$work/output" "$work/taken"
expect 0 pipeform run --at 2026-11-20
says '319 finished'
grep -q 'that preconditions and actions had left\.' "$work/taken" "$work/output" || fail "nobody says what was found"
gone
