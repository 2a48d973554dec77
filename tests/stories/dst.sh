#!/usr/bin/env bash
# Intervals where clocks change, of five zones and twelve schedules, against a table that Python computes from the policy.
set -euo pipefail
source "$(dirname "$0")/support.sh"

table=$repository/tests/stories/dst.py
python3 -c 'import zoneinfo; zoneinfo.ZoneInfo("Europe/Berlin")' || fail "Python has no time zones: install tzdata"
mkdir -p "$work/project"
cd "$work/project"
python3 "$table" config >main.pipe.hcl
expect 0 pipeform validate

step "each case of the table"
python3 "$table" expect >"$work/expected"
python3 "$table" cases >"$work/cases"
while read -r name from number; do
    pipeform schedule "schedule.$name" --from "$from" --next "$number" --json
done <"$work/cases" | python3 "$table" actual >"$work/actual"
same "$work/expected" "$work/actual"
echo "$(wc -l <"$work/cases") cases, $(wc -l <"$work/actual") intervals, all as computed by Python"
[[ $(wc -l <"$work/cases") -ge 80 && $(wc -l <"$work/actual") -ge 6000 ]] || fail "the table is too small"

step "what people see of it"
export COLUMNS=160
for name in berlin_cron_at_night lord_howe_cron_in_fold new_york_weekly; do
    expect 0 pipeform schedule "schedule.$name" --from "$(python3 "$table" cases | awk -v name="$name" '$1 == name { print $2; exit }')" --next 5
done
expect 0 pipeform schedule schedule.berlin_cron_hourly --from 2026-10-25T01:00 --next 4
says "2026-10-25T02:00+02:00  2026-10-25T02:00+01:00"
expect 0 pipeform schedule schedule.apia_daily --from 2011-12-29 --next 2
says "2011-12-29T00:00-10:00  2011-12-31T00:00+14:00"
expect 0 pipeform schedule schedule.kathmandu_monthly --from 1985-12-01 --next 3
