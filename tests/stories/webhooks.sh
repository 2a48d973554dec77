#!/usr/bin/env bash
# Webhooks in trouble: a thousand at once to a slow receiver fail nothing and are some at a time; a receiver that repeats its secret address
# does not make it known; a private certificate authority is trusted where `SSL_CERT_FILE` says so; `run` does not stay for a receiver that is down.
set -euo pipefail
source "$(dirname "$0")/support.sh"

here=$(cd "$(dirname "$0")" && pwd)
mkdir "$work/project"
cd "$work/project"

# receiver MODE [CERTIFICATE]: starts a receiver; its port is in $port, and what it saw is below $work/MODE.
receiver() {
    rm -f "$work/port"
    python3 "$here/odd-receiver.py" "$work/port" "$work/$1" "$@" &
    children+=($!)
    until [[ -e $work/port ]]; do sleep 0.05; done
    port=$(<"$work/port")
}

# configuration END COMMAND RETRIES: what runs each hour, and tells it to $HOOK; applied to a state of its own.
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
  on_fail     = action.chat
  on_success  = action.chat

  activity "shell_command" "hourly" {
    command = "$2"
  }
}

action "webhook" "chat" {
  url     = secret("env://HOOK")
  retries = $3
  timeout = "5 seconds"
}
HCL
    rm -rf .pipeform
    expect 0 pipeform apply --auto-approve
}

step "250 at once, a receiver that takes its time, and few files that may be open"
receiver slow
export HOOK=http://127.0.0.1:$port/
configuration "2026-11-11 10:00" "exit 1" 0
expect 1 bash -c 'ulimit -n 96; "$PIPEFORM" run --at 2026-11-20'
! grep -q 'Too many open files\|cannot start\|cannot be opened' "$work/output" || fail "there were too many files"
[[ $(grep -c 'action.chat failed: the receiver answered 503' "$work/output") -eq 250 ]] || fail "not every delivery was tried"
says '0 finished, 250 failed'
echo "at once: $(<"$work/slow")"
[[ $(<"$work/slow") -le 16 ]] || fail "there were too many at once"

step "a receiver that says where it was asked does not make its address known"
receiver echo
export HOOK="http://127.0.0.1:$port/services/T0/CANARY-path/b%20CANARY?t=CANARY-q%2Fx"
configuration "2026-11-01 02:00" true 0
expect 0 pipeform run --at 2026-11-20
says 'action.chat failed: the receiver answered 500 Internal Server Error'
cp "$work/output" "$work/run"
expect 0 pipeform status pipeline.work.activity.hourly
expect 0 pipeform history --json
cp "$work/output" "$work/history"
[[ -n $(ls .pipeform) ]]
! grep -rqi 'canary' .pipeform "$work/run" "$work/history" "$work/output" || fail "a part of the address is known"

step "a receiver whose certificate is of a private authority"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=a receiver of webhooks" -addext subjectAltName=DNS:localhost \
    -addext basicConstraints=critical,CA:FALSE -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
cat "$work/key.pem" >>"$work/cert.pem"
receiver tls "$work/cert.pem"
export HOOK=https://localhost:$port/
configuration "2026-11-01 01:00" true 0
expect 0 pipeform run --at 2026-11-20
says 'the receiver was not reached: ' '`SSL_CERT_FILE` names a file'
rm -rf .pipeform
expect 0 pipeform apply --auto-approve
expect 0 env SSL_CERT_FILE="$work/cert.pem" "$PIPEFORM" run --at 2026-11-20
says 'action.chat done'
rm -rf .pipeform
expect 0 pipeform apply --auto-approve
expect 0 env SSL_CERT_FILE="$work/none.pem" "$PIPEFORM" run --at 2026-11-20
says 'action.chat failed: '
! grep -q 'action.chat done' "$work/output" || fail "it trusts whom nobody named"

step "a receiver that is down: run does not stay, says so, and the next one goes on"
export HOOK=http://127.0.0.1:1/
configuration "2026-11-01 01:00" true 4
SECONDS=0
expect 0 pipeform run --at 2026-11-20
says '1 finished, 0 failed' '1 action is still owed: the next run takes it.'
tries=$(grep -c 'action.chat failed' "$work/output")
# The pauses are 1, 5 and 25 seconds: it stays for the first two.
[[ $tries -le 3 ]] || fail "it has stayed for $tries tries"
[[ $SECONDS -lt 120 ]] || fail "it has stayed for $SECONDS seconds"
expect 0 pipeform status
says "tried $tries times; it will be tried again"
receiver slow
echo "a later run takes it, though all instances have finished"
python3 - <<'PY'
import sqlite3
state = sqlite3.connect(".pipeform/state.db")
state.execute("UPDATE deliveries SET not_before = 0")
state.commit()
PY
export HOOK=http://127.0.0.1:$port/?well
expect 0 pipeform run --at 2026-11-20
says 'action.chat done'
! grep -q 'still owed' "$work/output" || fail "something is still owed"
