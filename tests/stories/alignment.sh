#!/usr/bin/env bash
# Which intervals are read across schedules: weeks, months and hours of days, rolling windows, weeks in another zone, and a
# schedule that changes in mid-history. An independent count by the calendar of Python says what is right.
set -euo pipefail
source "$(dirname "$0")/support.sh"

mkdir -p "$work/project/out" && cd "$work/project"
cat >main.pipe.hcl <<'HCL'
locals {
  readers = {
    week    = { every = "1 week", start = "2026-10-05", zone = "UTC", input = { days = data_node.day } }
    month   = { every = "1 month", start = "2026-10-01", zone = "UTC", input = { days = data_node.day } }
    hour    = { every = "1 hour", start = "2026-11-30T21:00", zone = "UTC", input = { days = data_node.day } }
    rolling = { every = "1 day", start = "2026-10-01", zone = "UTC", input = { days = window(data_node.day, "28 days") } }
    before  = { every = "1 week", start = "2026-10-05", zone = "UTC", input = { days = window(data_node.day, "1 week", "-1 week") } }
    wednesday = { every = "1 week", start = "2026-10-07", zone = "Europe/Berlin", input = { days = data_node.night } }
  }
}

schedule "daily" {
  every = "1 day"
  start = "2026-10-01"
}

schedule "nightly" {
  every    = "1 day"
  start    = "2026-10-01"
  timezone = "America/New_York"
}

schedule "reader" {
  for_each = local.readers
  every    = each.value.every
  start    = each.value.start
  timezone = each.value.zone
}

data_node "file" "day" {
  schedule = schedule.daily
  path     = "day/${run.scheduled_start}"
}

data_node "file" "night" {
  schedule = schedule.nightly
  path     = "night/${run.date}"
}

pipeline "write" {
  activity "shell_command" "day" {
    schedule = schedule.daily
    command  = "true"
    output   = data_node.day
  }

  activity "shell_command" "night" {
    schedule = schedule.nightly
    command  = "true"
    output   = data_node.night
  }
}

pipeline "read" {
  activity "shell_command" "reader" {
    for_each    = local.readers
    schedule    = schedule.reader[each.key]
    command     = "printf '%s\\n' \"$OWN\" \"$@\" > \"out/$KIND $START\""
    environment = { KIND = each.key, START = run.scheduled_start, OWN = "${run.scheduled_start} ${run.scheduled_end}" }
    script_argument = [for day in run.inputs.days : "${day.scheduled_start} ${day.scheduled_end}"]
    input           = each.value.input
  }
}
HCL

cat >check.py <<'PYTHON'
"""Compares what was read with all intervals that overlap, found by enumeration."""
import datetime as dt, pathlib, sys, zoneinfo

UTC = dt.timezone.utc
at = lambda text: dt.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)

def days(zone, changed):
    zone, found = zoneinfo.ZoneInfo(zone), []
    day = dt.datetime(2026, 10, 1)
    for number in range(120):
        edges = [(day + dt.timedelta(days=number + more)).replace(tzinfo=zone).astimezone(UTC) for more in (0, 1)]
        found.append(tuple(edges))
    if changed:
        # Days up to the change, then stretches of six hours.
        found = [it for it in found if it[1] <= changed]
        found += [(changed + dt.timedelta(hours=6 * n), changed + dt.timedelta(hours=6 * n + 6)) for n in range(200)]
    return found

kinds = sys.argv[2].split(",")
changed = at(sys.argv[1]) if sys.argv[1] != "-" else None
files = sorted(pathlib.Path("out").iterdir())
shown, wrong, counted = {}, 0, 0
for path in files:
    kind = path.name.split(" ")[0]
    if kind not in kinds:
        continue
    own, *read = [tuple(map(at, line.split(" "))) for line in path.read_text().splitlines() if line]
    start, end = own
    if kind == "rolling":
        start = end - dt.timedelta(days=28)
    if kind == "before":
        start, end = start - dt.timedelta(weeks=1), start
    producer = days("America/New_York", None) if kind == "wednesday" else days("UTC", changed)
    wanted = [it for it in producer if it[0] < end and start < it[1]]
    counted += 1
    if read != wanted:
        wrong += 1
        print(f"{path.name}: read {read}, wanted {wanted}")
    shown.setdefault(kind, []).append((own, read))
for kind, runs in shown.items():
    for own, read in runs[-3:]:
        text = lambda moment: moment.strftime("%m-%dT%H:%MZ")
        print(f"{kind} {text(own[0])} to {text(own[1])} reads {len(read)}: {text(read[0][0])} to {text(read[-1][1])}" if read else f"{kind} {text(own[0])} reads none")
print(f"{counted} compared, {wrong} wrong")
sys.exit(wrong > 0 or counted == 0)
PYTHON

step "the plan says what is waited for, also the day that contains an hour, and what is not"
export PIPEFORM_NOW=2026-12-01T00:00:00Z
expect 0 pipeform plan
says 'Dependencies across schedules:' 'waits for data_node.day in a window of 28 days' \
    '2026-12-01T00:00Z to 2026-12-01T01:00Z: 1 interval, 2026-12-01 to 2026-12-02, which ends 23h' \
    'not 2026-09-04 to 2026-10-01, before its first interval'
expect 0 pipeform apply --auto-approve

step "an hour waits for its day"
expect 0 pipeform status 'pipeline.read.activity.reader["hour"]'
says 'waits for data_node.day 2026-11-30 (WAITING_ON_DEPENDENCIES)'

step "two months of days are read by hours, weeks and months"
expect 0 pipeform run
says ', 0 failed, 0 waiting.'
expect 0 python3 check.py - week,month,hour,rolling,before,wednesday
says 'month 11-01T00:00Z to 12-01T00:00Z reads 30: 11-01T00:00Z to 12-01T00:00Z' \
    'hour 11-30T23:00Z to 12-01T00:00Z reads 1: 11-30T00:00Z to 12-01T00:00Z' \
    'rolling 11-30T00:00Z to 12-01T00:00Z reads 28: 11-03T00:00Z to 12-01T00:00Z' \
    'wednesday 11-17T23:00Z to 11-24T23:00Z reads 8: 11-17T05:00Z to 11-25T05:00Z' ' compared, 0 wrong'

step "in mid-history the days become stretches of six hours"
sed -i '/schedule "daily"/,/^}/ s/1 day/6 hours/' main.pipe.hcl
export PIPEFORM_NOW=2026-12-03T09:00:00Z
expect 0 pipeform plan
says 'old intervals end at 2026-12-03 00:00, the first new one is 2026-12-03 00:00'
expect 0 pipeform apply --auto-approve
export PIPEFORM_NOW=2026-12-08T00:00:00Z
rm -f out/*
expect 0 pipeform run
says ', 0 failed, 0 waiting.'
expect 0 python3 check.py 2026-12-03T00:00:00Z week,rolling,before
says 'week 11-30T00:00Z to 12-07T00:00Z reads 19: 11-30T00:00Z to 12-07T00:00Z' ' compared, 0 wrong'

step "days become weeks: the first is cut to begin where the last day ends"
sed -i '/schedule "daily"/,/^}/ s/6 hours/1 week/' main.pipe.hcl
export PIPEFORM_NOW=2026-12-09T14:00:00Z
expect 0 pipeform plan
says 'old intervals end at 2026-12-09 12:00, the first new one is 2026-12-09 12:00' 'cut to begin'
