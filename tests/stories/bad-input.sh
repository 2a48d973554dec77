#!/usr/bin/env bash
# Bad input of every kind: a clear error with its place, exit code 1, state and outputs as they were.
set -euo pipefail
source "$(dirname "$0")/support.sh"

weblogs 2025-06-02
sed -i 's/^  schedule    = schedule.weekly$/&\n  max_retries = 0/' main.pipe.hcl
"$repository/examples/weblogs/generate-logs" "$work/logs" 2025-06-02
expect 0 pipeform apply --auto-approve
expect 0 pipeform run --at 2025-06-03T00:00:00Z

# The state and the outputs, by their bytes.
kept() { find .pipeform "$work/warehouse" -type f ! -path '*/logs/*' ! -name '*-shm' ! -name '*.lock' -exec sha256sum {} + | sort -k2; }
cp -r . "$work/good"
kept >"$work/kept"

# refused TEXT...: plan and apply fail with each text, and change nothing.
refused() {
    local command
    for command in plan "apply --auto-approve"; do
        # shellcheck disable=SC2086
        expect 1 pipeform $command
        says "$@"
    done
    kept | diff "$work/kept" - || fail "state or outputs have changed"
    cp "$work/good"/*.pipe.hcl .
}
edit() { sed -i "$1" main.pipe.hcl; }
line() { grep -n -m1 -- "$1" main.pipe.hcl | cut -d: -f1; }

step "a syntax error"
edit 's/^schedule "weekly" {$/schedule "weekly" {{/'
refused "main.pipe.hcl:$(line '{{')"

step "an unknown attribute"
edit 's/^    replace_where/    replace_were/'
refused "replace_were" "replace_where" "main.pipe.hcl:$(line replace_were)"

step "a reference cycle"
cat >>main.pipe.hcl <<'HCL'

locals {
  hen = local.egg
  egg = local.hen
}
HCL
refused "main.pipe.hcl:$(line 'egg = ')" "hen" "egg"

step "a cycle of activities"
edit '/activity "copy" "load"/a\    depends_on = [activity.report]'
refused "activity.load" "activity.report" "main.pipe.hcl:"

step "a wrong type"
edit 's/^  max_retries = 0$/  max_retries = "none"/'
refused "max_retries" "main.pipe.hcl:$(line '"none"')"

step "a missing variable"
(
    unset PIPEFORM_VAR_first_day
    refused "first_day" "variables.pipe.hcl:$(grep -n 'variable "first_day"' variables.pipe.hcl | cut -d: -f1)"
)

step "a dangling reference"
edit 's/input  = data_node.requests$/input  = data_node.request/'
refused "request" '`requests`' "main.pipe.hcl:$(line 'data_node.request$')"

step "a dangling reference to an output of a module"
edit 's/input  = module.access_log.archive$/input  = module.access_log.archives/'
refused "archives" "\`archive\`" "main.pipe.hcl:$(line archives)"

step "a state of a newer version"
cp -r . "$work/newer"
(
    cd "$work/newer"
    python3 -c 'import sqlite3; db = sqlite3.connect(".pipeform/state.db"); db.execute("PRAGMA user_version = 9999"); db.commit(); db.close()'
    sha256sum .pipeform/state.db >"$work/newer.sum"
    for command in plan "apply --auto-approve" run status; do
        # shellcheck disable=SC2086
        expect 1 pipeform $command
        says "state.db" "9999"
    done
    sha256sum .pipeform/state.db | diff "$work/newer.sum" - || fail "the state has changed"
)

step "a second apply at the same time"
mkfifo "$work/answer"
edit 's/Report on the web/Tell of the web/'
"$PIPEFORM" apply <"$work/answer" >"$work/first.log" 2>&1 &
children+=("$!")
exec 3>"$work/answer"
for _ in $(seq 1200); do
    grep -q "Enter a value" "$work/first.log" && break
    sleep 0.1
done
expect 1 pipeform apply --auto-approve
says "lock"
echo no >&3
exec 3>&-
wait "${children[-1]}" && fail "an apply that was not approved ends with 0"
cp "$work/good"/*.pipe.hcl .
kept | diff "$work/kept" - || fail "state or outputs have changed"

step "a second runner at the same time"
mkdir "$work/two"
(
    cd "$work/two"
    cat >main.pipe.hcl <<'HCL'
schedule "once" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 1
}

pipeline "slow" {
  schedule = schedule.once

  activity "shell_command" "wait" {
    command = "touch started; while [ ! -e stop ]; do sleep 0.05; done"
  }
}
HCL
    expect 0 pipeform apply --auto-approve
    "$PIPEFORM" run >"$work/runner.log" 2>&1 </dev/null &
    runner=$!
    for _ in $(seq 1200); do
        [[ -e started ]] && break
        sleep 0.1
    done
    expect 1 pipeform run
    says "$runner"
    touch stop
    wait "$runner" || fail "the first runner was disturbed: $(cat "$work/runner.log")"
)

step "a log line that does not match"
cp "$work/logs/access-2025-06-05.log" "$work/saved.log"
sed -i '7s/.*/this is no line of a log/' "$work/logs/access-2025-06-05.log"
expect 1 pipeform run --at 2025-06-09T00:00:00Z
expect 0 pipeform status
says FAILED activity.load
expect 0 pipeform history
[[ $(grep -rlE 'line 7|:7' .pipeform/logs "$work/output" | wc -l) -gt 0 ]] || fail "the line is not named"
[[ ! -e $work/warehouse/reports/traffic-2025-06-02.csv ]] || fail "there is a report"
python3 - "$work/warehouse/weblogs.db" <<'PY' || fail "rows were left in the table"
import os, sqlite3, sys

if os.path.exists(sys.argv[1]):
    database = sqlite3.connect(sys.argv[1])
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    sys.exit(any(database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables))
PY
mv "$work/saved.log" "$work/logs/access-2025-06-05.log"

# one NAME: a project of its own that copies the file `in` to `out`, once.
one() {
    mkdir -p "$work/$1"
    cd "$work/$1"
    cat >main.pipe.hcl <<HCL
schedule "once" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 1
}

pipeline "copy" {
  schedule    = schedule.once
  max_retries = 0

  data_node "file" "in" {
    path = "$work/$1/in"
  }

  data_node "file" "out" {
    path = "$2/out"
  }

  activity "copy" "copy" {
    input  = data_node.in
    output = data_node.out
  }
}
HCL
    expect 0 pipeform apply --auto-approve
}

step "an unreadable file"
one unreadable "$work/unreadable"
mkdir in
expect 1 pipeform run
says "$work/unreadable/in"
[[ ! -e out ]] || fail "there is an output"

step "a full disk"
small_disk "$work/small" 1024
one full "$work/small"
echo "the old output" >"$work/small/out"
head -c 4000000 /dev/urandom >in
expect 1 "${on_small_disk[@]}" "$PIPEFORM" run
says "$work/small/out"
[[ $(cat "$work/small/out") == "the old output" ]] || fail "the old output has changed"
[[ $(ls -A "$work/small") == out ]] || fail "a half output is left: $(ls -A "$work/small")"
