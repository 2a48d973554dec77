#!/usr/bin/env bash
# Examples: each works when its directory is copied elsewhere, away from the repository and what it has beside it. Those on S3 have a server of their
# own; what they write there is looked at with boto3.
set -euo pipefail
source "$(dirname "$0")/support.sh"

alone_with_aws
s3_server
export BUCKET=pipeform-examples
s3 bucket "$BUCKET"

for example in "$repository"/examples/*/main.pipe.hcl; do
    example=$(dirname "$example")
    name=$(basename "$example")
    step "$name"
    cp -r "$example" "$work/$name"
    cd "$work/$name"
    expect 0 pipeform validate --var-file=example.pipevars
    [[ -z $(compgen -G '*.pipetest.hcl') ]] || expect 0 pipeform test
    # That one needs a cluster; the story weblogs-emr has one.
    [[ $name != weblogs-emr ]] || continue
    cd "$work"
    expect 0 "./$name/demo" "$PIPEFORM" "$work/demo-$name"
    says " finished, 0 failed, 0 waiting."
    cd "$work/demo-$name"
    [[ ! -e .pipeform/modules ]] || fail "modules were fetched"
done

step "the reports of the traffic are what awk counts, from files and from S3"
traffic 2025-06-02 "$work"/demo-weblogs/logs/*.log >"$work/wanted"
same "$work/wanted" "$work/demo-weblogs/warehouse/reports/traffic-2025-06-02.csv"
s3 cat "$BUCKET" reports/2025-06-02/traffic.csv >"$work/found"
same "$work/wanted" "$work/found"
[[ $(wc -l <"$work/found") -eq 8 ]] || fail "there are not seven days"
cat "$work/found"

step "the archive in S3 is the logs, and the pages are what Python counts in them"
for day in 02 03 04 05 06 07 08; do
    [[ $(s3 names "$BUCKET" "logs/2025-06-$day/") == "\"logs/2025-06-$day/_SUCCESS\""$'\n'* ]] || fail "the day $day is not complete"
    key=$(s3 names "$BUCKET" "logs/2025-06-$day/" | sed -n '2s/"//gp')
    s3 cat "$BUCKET" "$key" | gzip -dc | cmp - "$work/demo-weblogs-s3/logs/access-2025-06-$day.log" || fail "$key is not its log"
done
s3 cat "$BUCKET" reports/2025-06-02/pages.csv >"$work/pages.csv"
python3 - "$work/pages.csv" "$work"/demo-weblogs-s3/logs/*.log <<'PY' || fail "the pages are not those of the logs"
import collections, csv, re, sys

wanted = collections.Counter()
for log in sys.argv[2:]:
    for line in open(log):
        request, status = re.search(r'"((?:[^"\\]|\\.)*)" (\d+) ', line).groups()
        wanted[request.split()[1].split("?")[0], status] += 1
rows = list(csv.DictReader(open(sys.argv[1])))
assert {(row["page"], row["status"]): int(row["requests"]) for row in rows} == wanted and len(rows) == len(wanted) > 20
assert [int(row["requests"]) for row in rows] == sorted(wanted.values(), reverse=True)
print(len(rows), "pages and statuses,", sum(wanted.values()), "requests")
PY

step "the tables in S3 are what was delivered, without the rows that are among the rejects"
arrow=$("$repository/tests/tools" duckdb)/python
mkdir "$work/tables"
AWS_ENDPOINT_URL_S3=$s3_url "$s3_tools/python" - "$repository/tests" "$BUCKET" "$work/tables" <<'PY'
import os, sys
sys.path.insert(0, sys.argv[1])
import s3
client = s3.client()
for found in s3.objects(client, sys.argv[2], "tables/") + s3.objects(client, sys.argv[2], "rejects/"):
    path = os.path.join(sys.argv[3], found["Key"])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    client.download_file(sys.argv[2], found["Key"], path)
PY
"$arrow" - "$work/tables" "$work/demo-s3-etl/delivery" <<'PY' || fail "the tables are not what was delivered"
import csv, datetime, decimal, os, sys
import pyarrow.parquet

got, delivered = sys.argv[1:]
for feed, kinds, wrong in [
    ("orders", [int, datetime.datetime.fromisoformat, int, decimal.Decimal, lambda text: text == "true"], 9),
    ("customers", [int, str, datetime.date.fromisoformat], 0),
]:
    for day in ["2025-06-02", "2025-06-03", "2025-06-04"]:
        place = f"{got}/tables/{feed}/day={day}"
        assert sorted(os.listdir(place)) == ["_SUCCESS", "part-00000.parquet"], os.listdir(place)
        rows = [tuple(row.values()) for row in pyarrow.parquet.read_table(f"{place}/part-00000.parquet", partitioning=None).to_pylist()]
        lines = list(csv.reader(open(f"{delivered}/{feed}-{day}.csv", newline="")))[1:]
        rejects = list(csv.DictReader(open(f"{got}/rejects/{feed}/{day}.csv", newline="")))
        left_out = {int(row["line"]) - 2 for row in rejects}
        assert len(left_out) == len(rejects) == wrong, rejects
        wanted = [tuple(kind(text) for kind, text in zip(kinds, line)) for n, line in enumerate(lines) if n not in left_out]
        assert rows == wanted and len(rows) + wrong == (1000 if feed == "orders" else 20), (feed, day)
        print(feed, day, len(rows), "rows,", wrong, "rejects", sorted({row["column"] for row in rejects}))
PY

step "a report that is late is told to a topic"
start_moto
topic=$(AWS_ENDPOINT_URL=$moto AWS_DEFAULT_REGION=us-east-1 "$tools/python" - <<'PY'
import boto3
topic = boto3.client("sns").create_topic(Name="oncall")["TopicArn"]
queue = boto3.client("sqs").create_queue(QueueName="oncall")["QueueUrl"]
arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
print(topic)
PY
)
cd "$work/weblogs-s3"
export PIPEFORM_VAR_bucket=$BUCKET PIPEFORM_VAR_topic=$topic PIPEFORM_VAR_first_day=2025-07-07 PIPEFORM_VAR_logs_dir=$work/none
export AWS_ENDPOINT_URL_SNS=$moto
PIPEFORM_NOW=2025-07-07T00:00:00Z expect 0 pipeform apply --auto-approve
PIPEFORM_NOW=2025-07-15T00:30:00Z expect 0 pipeform run
says "action.oncall[\"topic\"] done" "0 failed"
AWS_ENDPOINT_URL=$moto AWS_DEFAULT_REGION=us-east-1 "$tools/python" - <<'PY' | tee "$work/alarms"
import json, boto3
sqs = boto3.client("sqs")
queue = sqs.get_queue_url(QueueName="oncall")["QueueUrl"]
for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
    print(json.loads(message["Body"])["Subject"])
PY
[[ $(cat "$work/alarms") == "report of the week from 2025-07-07 is late" ]] || fail "it is not the one alarm"

step "the rows of the warehouse are those of the shop, and each is there once"
cd "$work/demo-replicate-tables"
[[ $(find . -name '*.csv' | wc -l) -eq 3 ]] || fail "there are not three reports"
python3 - <<'PY' || fail "the warehouse is not the shop"
import sqlite3

database = sqlite3.connect("data/shop.db")
database.execute("ATTACH 'data/warehouse.db' AS warehouse")
for source, target in [
    ("SELECT * FROM main.products", "SELECT * FROM warehouse.products"),
    ("SELECT id, name, city FROM main.customers", "SELECT * FROM warehouse.customers"),
    ("SELECT * FROM main.orders", "SELECT * FROM warehouse.sales"),
]:
    one, other = (sorted(database.execute(query).fetchall()) for query in (source, target))
    assert one == other and len(one) > 3, (source, len(one), len(other))
    print(target, len(other))
PY
