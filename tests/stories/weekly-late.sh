#!/usr/bin/env bash
# The working day on S3: each day's log is archived there, the week's list waits for all seven, the last one comes three days late, and after it what
# somebody else puts there, whom pipeform does not know. The alarm for that goes through SNS to a queue and is read with boto3, as are the archive and the list.
set -euo pipefail
source "$(dirname "$0")/support.sh"

alone_with_aws
s3_server
start_moto
export AWS_DEFAULT_REGION=us-east-1
s3 bucket acme
topic=$(AWS_ENDPOINT_URL=$moto "$tools/python" - <<'PY'
import boto3
topic = boto3.client("sns").create_topic(Name="oncall")["TopicArn"]
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="oncall")["QueueUrl"]
queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
print(topic)
PY
)
export AWS_ENDPOINT_URL_SNS=$moto

# alarms: prints the messages of the queue, read with boto3, a line for each.
alarms() {
    AWS_ENDPOINT_URL=$moto "$tools/python" - <<'PY'
import json, boto3
sqs = boto3.client("sqs")
url = sqs.get_queue_url(QueueName="oncall")["QueueUrl"]
for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
    envelope = json.loads(message["Body"])
    print(envelope["Subject"], "|", envelope["Message"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
PY
}

step "a week that begins as it is applied"
mkdir "$work/project" "$work/logs" "$work/all"
"$repository/examples/weblogs/generate-logs" "$work/all" 2026-11-02 >/dev/null
cd "$work/project"
cat >main.pipe.hcl <<HCL
provider "aws" {
  region = "us-east-1"
}

schedule "daily" {
  every       = "1 day"
  start       = "2026-11-02"
  occurrences = 7
}

schedule "weekly" {
  every       = "1 week"
  start       = "2026-11-02"
  occurrences = 1
}

data_node "s3" "archive" {
  schedule = schedule.daily
  path     = "s3://acme/logs/\${run.date}/access.log"
}

pipeline "archive" {
  schedule = schedule.daily

  data_node "file" "log" {
    path = "$work/logs/access-\${run.date}.log"

    precondition "exists" {}
  }

  activity "copy" "archive" {
    input  = data_node.log
    output = data_node.archive
  }
}

pipeline "week" {
  schedule = schedule.weekly

  data_node "file" "list" {
    path      = "$work/week.txt"
    overwrite = true
  }

  data_node "s3" "list" {
    path = "s3://acme/reports/week-\${run.date}.txt"
  }

  # Waits for all seven days, and for what others put there besides.
  activity "shell_command" "list" {
    input           = data_node.archive
    output          = data_node.list_here
    command         = "for path; do echo \"\$path\"; done > \"$work/week.txt\""
    script_argument = run.inputs.archive[*].path
    late_after      = "1 day"
    on_late         = action.oncall

    precondition "s3_prefix_not_empty" {
      s3_prefix = "s3://acme/partner/2026-11-08/"
    }
  }

  activity "copy" "publish" {
    input  = data_node.list_here
    output = data_node.list
  }
}

action "sns" "oncall" {
  topic   = "$topic"
  subject = "\${run.node.object} of the week from \${run.node.date} is late"
  message = "\${run.node.address}: \${run.node.error}"
}
HCL
sed -i 's/data_node "file" "list"/data_node "file" "list_here"/' main.pipe.hcl
export PIPEFORM_NOW=2026-11-02T00:00:00Z
expect 0 pipeform apply --auto-approve

step "each day its log comes and is archived; that of the last day does not come"
for day in 02 03 04 05 06 07; do
    cp "$work/all/access-2026-11-$day.log" "$work/logs/"
    export PIPEFORM_NOW=2026-11-$(printf %02d $((10#$day + 1)))T01:00:00Z
    expect 0 pipeform run
    says "pipeline.archive.activity.archive 2026-11-$day: finished"
done
s3 names acme logs/
[[ $(s3 names acme logs/ | grep -c access.log) -eq 6 ]] || fail "there are not six days in the archive"

step "the week is over: its list waits for the last day, and nobody is told yet"
export PIPEFORM_NOW=2026-11-09T01:00:00Z
expect 0 pipeform run
expect 0 pipeform status
says "waits for data_node.archive 2026-11-08" "access-2026-11-08.log\` does not exist"
[[ -z $(alarms) ]] || fail "an alarm came too early"

step "a day later it is late: the alarm is in the queue, once"
export PIPEFORM_NOW=2026-11-10T01:00:00Z
expect 0 pipeform run
says "late: it had not finished 24h after it was due" "action.oncall done"
alarms | tee "$work/alarms"
[[ $(wc -l <"$work/alarms") -eq 1 ]] || fail "there is not one alarm"
grep -q '^list of the week from 2026-11-02 is late | pipeline.week.activity.list: ' "$work/alarms" || fail "it is not the alarm"
grep -q 'it had not finished 24h after it was due' "$work/alarms" || fail "the alarm does not say why"
export PIPEFORM_NOW=2026-11-11T01:00:00Z
expect 0 pipeform run
[[ -z $(alarms) ]] || fail "the alarm came twice"

step "three days late the last log comes; the list still waits for a prefix that nobody here writes"
cp "$work/all/access-2026-11-08.log" "$work/logs/"
export PIPEFORM_NOW=2026-11-12T00:30:00Z
expect 0 pipeform run
says "pipeline.archive.activity.archive 2026-11-08: finished"
expect 0 pipeform status
says "waits for s3_prefix_not_empty: there is nothing below \`s3://acme/partner/2026-11-08/\`"
[[ ! -e $work/week.txt ]] || fail "the list did not wait"
s3 names acme reports/ | diff - /dev/null || fail "the list is there"

step "boto3 puts something there, and the list is written"
echo "from elsewhere" >"$work/partner"
s3 put acme partner/2026-11-08/visits.csv "$work/partner"
export PIPEFORM_NOW=2026-11-12T00:45:00Z
expect 0 pipeform run
says "0 waiting"
s3 cat acme reports/week-2026-11-02.txt | tee "$work/report"
for day in 02 03 04 05 06 07 08; do echo "s3://acme/logs/2026-11-$day/access.log"; done >"$work/expected"
same "$work/expected" "$work/report"
for day in 02 03 04 05 06 07 08; do
    s3 cat acme "logs/2026-11-$day/access.log" | cmp - "$work/all/access-2026-11-$day.log" || fail "the archive of the day $day is not its log"
done
[[ $(s3 uploads acme | wc -l) -eq 0 ]] || fail "an upload was left"
