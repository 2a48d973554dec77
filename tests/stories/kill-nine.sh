#!/usr/bin/env bash
# `kill -9` of `run` at twenty random moments: what was finished does not run again, and all comes out right.
set -euo pipefail
source "$(dirname "$0")/support.sh"

seed=${PIPEFORM_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
echo "seed $seed (PIPEFORM_SEED repeats it)"
RANDOM=$((seed % 32768))

weblogs 2025-06-02
"$repository/examples/weblogs/generate-logs" "$work/logs" 2025-06-02 "$seed"

# Besides the example, 168 hourly commands that take a moment and keep a ledger of their own.
cat >>main.pipe.hcl <<'HCL'

schedule "hourly" {
  every       = "1 hour"
  start       = var.first_day
  occurrences = 168
}

pipeline "ledger" {
  schedule = schedule.hourly

  activity "shell_command" "step" {
    command         = "echo \"begin $1\" >> \"$2\"; sleep 0.15; echo \"end $1\" >> \"$2\""
    script_argument = [run.scheduled_start, "${var.warehouse}/ledger"]
    retry_delay     = "1 second"
    max_retries     = 100
  }
}
HCL
sed -i 's/^  schedule    = schedule.weekly$/&\n  max_retries = 100\n  retry_delay = "1 second"/' main.pipe.hcl
mkdir -p "$work/warehouse"
expect 0 pipeform apply --auto-approve

# Writes what is finished by now and how often each of it ran: `hour COUNT` from the ledger, files with their inode.
finished() {
    pipeform history --json --limit 1000 >"$work/history"
    python3 - "$work/history" "$work/warehouse" <<'PY'
import json, os, sys

runs = [json.loads(line) for line in open(sys.argv[1]) if line.strip()]
warehouse = sys.argv[2]
ledger = {}
path = os.path.join(warehouse, "ledger")
if os.path.exists(path):
    for line in open(path):
        word, hour = line.split()
        ledger.setdefault(hour, []).append(word)
for run in runs:
    if run["status"] != "FINISHED":
        continue
    start = run["scheduled_start"]
    if run["address"] == "pipeline.ledger.activity.step":
        begun = [words.count("begin") for hour, words in ledger.items() if hour == start]
        print("step", start, *begun)
    elif run["address"] == "module.access_log.pipeline.archive.activity.archive":
        year, month, day = start[:10].split("-")
        print("archive", start, os.stat(f"{warehouse}/archive/{year}/{month}/{day}/access.log.gz").st_ino)
    elif run["address"] == "pipeline.weblogs.activity.report":
        print("report", start, os.stat(f"{warehouse}/reports/traffic-{start[:10]}.csv").st_ino)
PY
}

kills=0 tries=0
while [[ $kills -lt 20 ]]; do
    tries=$((tries + 1))
    [[ $tries -le 60 ]] || fail "run ended before it could be killed: only $kills kills in $tries tries"
    "$PIPEFORM" run --at 2025-06-09T00:00:00Z >"$work/run.log" 2>&1 </dev/null &
    child=$!
    children+=("$child")
    sleep "0.$(printf '%03d' $((RANDOM % 400)))"
    if kill -9 "$child" 2>/dev/null; then kills=$((kills + 1)); fi
    wait "$child" 2>/dev/null || true
    finished | sort >"$work/finished.$tries"
    echo "kill $kills: $(wc -l <"$work/finished.$tries") finished"
done

step "the last run completes"
expect 0 pipeform run --at 2025-06-09T00:00:00Z --wait "2 minutes"
finished | sort >"$work/finished.end"

step "all is finished, once, and right"
[[ $(grep -c ^step "$work/finished.end") -eq 168 ]] || fail "not all steps are finished"
[[ $(grep -c ^archive "$work/finished.end") -eq 7 ]] || fail "not all archives are finished"
for ((i = 1; i <= tries; i++)); do
    again=$(comm -23 "$work/finished.$i" "$work/finished.end")
    [[ -z $again ]] || fail "finished instances ran again after kill $i: $again"
done
[[ $(grep -c ^end "$work/warehouse/ledger") -ge 168 ]] || fail "steps are missing in the ledger"
for log in "$work"/logs/*.log; do
    day=$(basename "$log" .log)
    day=${day#access-}
    gzip -dc "$work/warehouse/archive/${day//-//}/access.log.gz" | cmp - "$log"
done
traffic 2025-06-02 "$work"/logs/*.log >"$work/expected.csv"
same "$work/expected.csv" "$work/warehouse/reports/traffic-2025-06-02.csv"
[[ $(find "$work/warehouse" -type f | wc -l) -eq 10 ]] || fail "files are left over: $(find "$work/warehouse" -type f)"
expect 0 pipeform run --at 2025-06-09T00:00:00Z
finished | sort >"$work/finished.more"
same "$work/finished.end" "$work/finished.more"
