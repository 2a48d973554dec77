#!/usr/bin/env bash
# Four days of a real log, then a weekly report that waits for the three that are missing.
set -euo pipefail
source "$(dirname "$0")/support.sh"

data=$(realpath -m "${PIPEFORM_DATA:-$repository/../shared/data}")/apache_access.log.gz
if [[ ! -f $data ]]; then
    echo "skipped: no real log in $(dirname "$data"); set PIPEFORM_DATA"
    exit 0
fi

weblogs 2015-05-17
gzip -dc "$data" | awk -v dir="$work/logs" '{
    split(substr($4, 2, 11), part, "/")
    month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", part[2]) + 2) / 3
    print > sprintf("%s/access-%s-%02d-%s.log", dir, part[3], month, part[1])
}'
[[ $(cat "$work"/logs/* | wc -l) -eq 10000 ]] || fail "the real log has not 10,000 lines"

step "apply, and run: four archives; the weekly instance waits and says for what"
expect 0 pipeform apply --auto-approve
expect 0 pipeform run --at 2015-05-25T00:00:00Z
[[ $(find "$work/warehouse/archive" -type f | wc -l) -eq 4 ]] || fail "there are not four archives"
for day in 17 18 19 20; do
    gzip -dc "$work/warehouse/archive/2015/05/$day/access.log.gz" | cmp - "$work/logs/access-2015-05-$day.log"
done
[[ ! -e $work/warehouse/reports ]] || [[ -z $(ls "$work/warehouse/reports") ]] || fail "there is a report already"
expect 0 pipeform status
says activity.load 2015-05-21 2015-05-22 2015-05-23
if grep -E 'activity\.load' "$work/output" | grep -q 2015-05-20; then fail "it waits for a day that is archived"; fi

step "three empty files appear: the report"
for day in 21 22 23; do : >"$work/logs/access-2015-05-$day.log"; done
expect 0 pipeform run --at 2015-05-25T00:00:00Z
[[ $(find "$work/warehouse/archive" -type f | wc -l) -eq 7 ]] || fail "there are not seven archives"
traffic 2015-05-17 "$work"/logs/*.log >"$work/expected.csv"
same "$work/expected.csv" "$work/warehouse/reports/traffic-2015-05-17.csv"
cat "$work/expected.csv"

step "one more run does nothing"
stat -c '%n %i %Y' "$work"/warehouse/reports/* >"$work/before"
expect 0 pipeform run --at 2015-05-25T00:00:00Z
stat -c '%n %i %Y' "$work"/warehouse/reports/* >"$work/after"
same "$work/before" "$work/after"
