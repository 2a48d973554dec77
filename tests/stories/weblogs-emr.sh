#!/usr/bin/env bash
# heavy
# The classic case whole: four days of a real log in S3, a weekly report by Spark on a cluster that exists only for it, three days late. Steps run on
# a real Spark; clusters are listed with boto3 before, while and after.
set -euo pipefail
source "$(dirname "$0")/support.sh"

alone_with_aws
s3_server
start_emr "$("$repository/tests/tools" spark)"
s3 bucket acme
first=2015-05-17
end=2015-05-24T00:00:00Z
mkdir "$work/logs" "$work/late"
data=$(realpath -m "${PIPEFORM_DATA:-$repository/../shared/data}")/apache_access.log.gz
if [[ -f $data ]]; then
    gzip -dc "$data" | awk -v dir="$work/logs" '{
        split(substr($4, 2, 11), part, "/")
        month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", part[2]) + 2) / 3
        print > sprintf("%s/access-%s-%02d-%s.log", dir, part[3], month, part[1])
    }'
    for day in 21 22 23; do : >"$work/late/access-2015-05-$day.log"; done
else
    echo "no real log in $(dirname "$data"): a generated one"
    "$repository/examples/weblogs-emr/generate-logs" "$work/logs" "$first" >/dev/null
    mv "$work"/logs/access-2015-05-2[123].log "$work/late"
fi
cp -r "$repository/examples/weblogs-emr" "$work/project"
cd "$work/project"
export PIPEFORM_VAR_bucket=acme PIPEFORM_VAR_logs_dir=$work/logs PIPEFORM_VAR_first_day=$first

step "four days are archived, the report waits, and there is no cluster"
expect 0 pipeform apply --auto-approve
expect 0 pipeform run --at "$end"
expect 0 pipeform status
says 2015-05-21 2015-05-22 2015-05-23
[[ -z $(emr clusters) ]] || fail "there is a cluster before there is work for it: $(emr clusters)"
[[ -z $(s3 names acme reports/) ]] || fail "there is a report already"

step "the late days come: one cluster, while the report is made"
mv "$work"/late/*.log "$work/logs/"
: >"$work/seen"
pipeform run --at "$end" >"$work/run" 2>&1 &
running=$!
children+=("$running")
while kill -0 "$running" 2>/dev/null; do
    emr alive >>"$work/seen"
    sleep 0.5
done
wait "$running" || fail "$(cat "$work/run")"
sed 's/^/  /' "$work/run"
awk '!($0 in seen) { seen[$0]; print "  while it ran:", $0 }' "$work/seen"
[[ $(cut -d' ' -f1 "$work/seen" | sort -u | wc -l) -eq 1 ]] || fail "there was not exactly one cluster"
grep -q ' RUNNING ' "$work/seen" || fail "nothing ran on it"
emr clusters | sed 's/^/  after it: /'
[[ -z $(emr alive) && $(emr clusters | awk '{ print $2 }') == TERMINATED ]] || fail "a cluster is left"

step "the report is what awk counts"
traffic "$first" "$work"/logs/*.log >"$work/expected.csv"
key=$(s3 names acme "reports/$first/part-" | tr -d '"')
s3 cat acme "$key" >"$work/found.csv"
same "$work/expected.csv" "$work/found.csv"
cat "$work/found.csv"

step "what the step printed is in the log"
expect 0 pipeform logs pipeline.weblogs.activity.report
says "step 1 of 1" SparkContext

step "one more run does nothing, and makes no cluster"
expect 0 pipeform run --at "$end"
[[ $(emr clusters | wc -l) -eq 1 ]] || fail "there is a second cluster"
