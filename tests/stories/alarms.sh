#!/usr/bin/env bash
# What fails, finishes and is late is told: through SNS to a queue that boto3 reads, to a webhook that verifies signatures and fails
# twice, to a command. A runner that is killed while a delivery is owed leaves it to the next one; what fails for good is seen and
# changes nothing else.
set -euo pipefail
source "$(dirname "$0")/support.sh"

here=$(cd "$(dirname "$0")" && pwd)
alone_with_aws
start_moto
use_moto

# receiver FAILURES: starts a receiver of webhooks that fails so often first; its address is in $hook, what it got in $work/events.
receiver() {
    rm -f "$work/port"
    : >"$work/events"
    python3 "$here/receiver.py" "$work/port" "$work/events" "$1" &
    children+=($!)
    receiver=$!
    until [[ -e $work/port ]]; do sleep 0.05; done
    hook=http://127.0.0.1:$(<"$work/port")/hook/secret-path-4711
}

# queue: prints the messages of the queue as lines of JSON, and takes them away.
queue() {
    "$tools/python" - <<'PY'
import json, boto3
sqs = boto3.client("sqs")
url = sqs.get_queue_url(QueueName="oncall")["QueueUrl"]
while True:
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    if not messages:
        break
    for message in messages:
        envelope = json.loads(message["Body"])
        delivery = envelope["MessageAttributes"]["pipeform.delivery"]["Value"]
        print(json.dumps({"subject": envelope["Subject"], "message": envelope["Message"], "delivery": delivery}))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
PY
}

step "a topic with a queue behind it, and a receiver that fails twice"
topic=$("$tools/python" - <<'PY'
import boto3
topic = boto3.client("sns").create_topic(Name="oncall")["TopicArn"]
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="oncall")["QueueUrl"]
queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
boto3.client("ssm").put_parameter(Name="hook-key", Value="k-4f1d9c0a77e2", Type="SecureString")
print(topic)
PY
)
receiver 2
mkdir "$work/project"
cd "$work/project"
export HOOK=$hook
cat >main.pipe.hcl <<HCL
schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

pipeline "work" {
  schedule    = schedule.daily
  max_retries = 0
  on_success  = action.chat
  on_fail     = [action.oncall, action.chat, action.note]

  activity "shell_command" "good" {
    command = "true"
  }

  activity "shell_command" "bad" {
    command = "echo no such table >&2; exit 3"
  }
}

action "sns" "oncall" {
  topic   = "$topic"
  subject = "\${run.node.object} für \${run.node.date}: \${run.node.status} – \${join(" ", [for n in range(40) : "long"])}"
  message = "Attempt \${run.node.attempt} of \${run.node.address}: \${run.node.error}"
}

action "webhook" "chat" {
  url         = secret("env://HOOK")
  headers     = { X-Token = secret("env://HOOK") }
  hmac_secret = secret("ssm://hook-key")
}

action "shell_command" "note" {
  command = "echo \"\$PIPEFORM_DELIVERY \$1\" >> notes"

  script_argument = [run.node.object]
}
HCL
expect 0 pipeform apply --auto-approve
expect 1 pipeform run --at 2026-11-21
says 'action.oncall done' 'action.note done' 'the receiver answered 500 Internal Server Error: the receiver is not well'
[[ $(grep -c 'action.chat done' "$work/output") -eq 2 ]] || fail "the receiver did not get both in the end"
cp "$work/output" "$work/run"

step "the message in the queue, read with boto3"
queue | tee "$work/messages"
[[ $(wc -l <"$work/messages") -eq 1 ]] || fail "there is not one message"
python3 - "$work/messages" <<'PY'
import json, sys
message = json.loads(open(sys.argv[1]).readline())
subject = message["subject"]
assert len(subject) == 100 and subject.isascii() and subject.startswith("bad f?r 2026-11-20: FAILED - long"), subject
assert subject.endswith("..."), subject
assert message["message"].startswith("Attempt 1 of pipeline.work.activity.bad: the command exited with code 3"), message
assert "no such table" in message["message"], message
PY
grep -rq 'warning: SNS takes a subject of at most 100 characters' .pipeform/logs || fail "no log says that the subject was cut"

step "the events at the receiver: refused twice, then each with its signature, and the same id each time"
cat "$work/events"
python3 - "$work/events" notes <<'PY'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert [event["status"] for event in events].count(500) == 2, events
assert not [event for event in events if event["status"] == 403], "a signature is wrong"
taken = {event["delivery"]: event["body"] for event in events if event["status"] == 204}
assert len(taken) == 2, taken
assert {event["delivery"] for event in events} == set(taken), "a retry has an id of its own"
by_address = {body["address"]: body for body in taken.values()}
bad, good = by_address["pipeline.work.activity.bad"], by_address["pipeline.work.activity.good"]
assert (bad["status"], bad["attempt"], bad["action"]) == ("FAILED", 1, "action.chat"), bad
assert "no such table" in bad["error"] and good["status"] == "FINISHED" and good["error"] is None, (bad, good)
assert (bad["scheduled_start"], bad["scheduled_end"]) == ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"), bad
assert all(body["delivery"] == delivery for delivery, body in taken.items())
assert events[0]["type"] == "application/json" and "secret-path" in events[0]["token"]
notes = open(sys.argv[2]).read().split()
assert notes[1] == "bad" and len(notes) == 2 and notes[0] not in taken, notes
PY
expect 0 pipeform history --attempts pipeline.work.activity.bad
says 'action.chat' 'action.oncall' ': done'
! grep -rqF secret-path-4711 .pipeform "$work/run" "$work/output" || fail "the secret address is somewhere"

step "a runner that is killed with a delivery owed: the next one takes it, and the queue has it"
kill -9 "$receiver"
cat >>main.pipe.hcl <<'HCL'

action "webhook" "silent" {
  url         = secret("env://SILENT")
  hmac_secret = secret("ssm://hook-key")
  timeout     = "5 minutes"
}
HCL
sed -i 's/on_success  = action.chat/on_success  = action.silent/' main.pipe.hcl
python3 - "$work/silent-port" <<'PY' &
import os, socket, sys
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(50)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
held = []
while True:
    held.append(server.accept()[0])
PY
children+=($!)
until [[ -e $work/silent-port ]]; do sleep 0.05; done
export SILENT=http://127.0.0.1:$(<"$work/silent-port")/
expect 0 pipeform apply --auto-approve
sed -i 's/exit 3/exit 0/' main.pipe.hcl
expect 0 pipeform apply --auto-approve
"$PIPEFORM" run --at 2026-11-22 >"$work/killed" 2>&1 &
runner=$!
until [[ $(grep -c 'finished' "$work/killed") -ge 2 ]]; do kill -0 "$runner" || fail "the runner has ended"; sleep 0.1; done
sleep 0.5
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
expect 0 pipeform status
says 'action.silent' ': still to be taken'
! grep -q 'action.silent.*failed' "$work/output" || fail "what was not tried has not failed"
receiver 0
export SILENT=$hook
expect 0 pipeform run --at 2026-11-22
says 'action.silent done'
cat "$work/events"
[[ $(grep -c '"status": 204' "$work/events") -eq 2 && $(wc -l <"$work/events") -eq 2 ]] || fail "the receiver did not get the two deliveries that were owed"
expect 0 pipeform status
! grep -q 'still to be taken' "$work/output" || fail "something is still owed"

step "what fails for good is seen, and changes nothing else"
sed -i 's/on_success  = action.silent/on_success  = action.lost/' main.pipe.hcl
cat >>main.pipe.hcl <<'HCL'

action "sns" "lost" {
  topic   = "arn:aws:sns:us-east-1:123456789012:nobody"
  subject = "x"
  message = "y"
  retries = 1
}
HCL
expect 0 pipeform apply --auto-approve
expect 0 pipeform run --at 2026-11-23
says 'action.lost failed: there is no topic `arn:aws:sns:us-east-1:123456789012:nobody`' "2 finished, 0 failed"
expect 0 pipeform status
says 'action.lost' 'failed: there is no topic' "2 times"
expect 0 pipeform history --json
says '"action.lost"'
