#!/usr/bin/env bash
# Commands and databases receive secrets of AWS Systems Manager and AWS Secrets Manager, whole, by a key and by a version, in each
# attempt anew; nothing that pipeform writes or prints holds one, and one that cannot be had fails the attempt and says why.
set -euo pipefail
source "$(dirname "$0")/support.sh"

alone_with_aws
start_moto
use_moto

canary=canary-ssm-5d0c2a91-hush
managed=canary-managed-77ab30-hush
old=canary-old-18fe44-hush
encoded=$(printf %s "$canary" | base64)

# clean WHAT FILE...: none of the files holds a canary, in any form, in any case.
clean() {
    local what=$1 form
    shift
    for form in "$canary" "$managed" "$old" "$encoded"; do
        if grep -rqiaF -- "$form" "$@"; then fail "$what holds a secret"; fi
    done
}

step "parameters and secrets, put there by boto3"
"$tools/python" - "$canary" "$managed" "$old" <<'PY'
import json, sys
import boto3

canary, managed, old = sys.argv[1:]
ssm = boto3.client("ssm")
ssm.put_parameter(Name="/prod/db/password", Value="an older one", Type="SecureString")
ssm.put_parameter(Name="/prod/db/password", Value=canary, Type="SecureString", Overwrite=True)
ssm.put_parameter(Name="plain", Value="not so secret", Type="String")
secrets = boto3.client("secretsmanager")
secrets.create_secret(Name="prod/db", SecretString=json.dumps({"user": "maria", "password": old, "port": 5432}))
secrets.put_secret_value(SecretId="prod/db", SecretString=json.dumps({"user": "maria", "password": managed, "port": 5432}))
secrets.create_secret(Name="prod/bytes", SecretBinary=b"\xff")
boto3.client("ssm", region_name="eu-west-1").put_parameter(Name="plain", Value="of another region", Type="String")
PY

mkdir -p "$work/project" "$work/seen"
cd "$work/project"
cat >main.pipe.hcl <<'HCL'
variable "seen" {
  type = string
}

provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "west"
  region = "eu-west-1"
}

locals {
  password = secret("ssm:///prod/db/password")
}

pipeline "work" {
  activity "shell_command" "use" {
    command = <<-SH
      for name in WHOLE FIRST SHOUTED MANAGED OLD PORT; do
        eval "printf %s \"\$$name\"" > "$1/$name-$ATTEMPT"
      done
      echo "password $WHOLE, $MANAGED and $OLD"
      echo "basic $(printf %s "$WHOLE" | base64)"
      ps -ef > "$1/processes"
      [ "$ATTEMPT" -gt 1 ] || { echo "refused: $WHOLE" >&2; exit 1; }
    SH

    script_argument = [var.seen]
    max_retries     = 1
    retry_delay     = "1 second"
    environment = {
      WHOLE   = local.password
      FIRST   = secret("ssm:///prod/db/password:1")
      SHOUTED = upper(local.password)
      MANAGED = secret("secretsmanager://prod/db#password")
      OLD     = secret("secretsmanager://prod/db?stage=AWSPREVIOUS#password")
      PORT    = secret("secretsmanager://prod/db#port")
      ATTEMPT = run.attempt
    }
  }

  activity "sql" "store" {
    database   = database.warehouse
    script     = "CREATE TABLE IF NOT EXISTS logins (password); INSERT INTO logins VALUES (length(:password));"
    params     = { password = local.password }
    depends_on = [activity.use]
  }
}

pipeline "west" {
  provider = aws.west

  activity "shell_command" "use" {
    command         = "printf %s \"$PLAIN\" > \"$1/west\""
    script_argument = [var.seen]
    environment     = { PLAIN = secret("ssm://plain") }
  }
}

database "jdbc" "warehouse" {
  connection_string = "jdbc:sqlite:${trimprefix(secret("ssm://plain"), "not ")}.sqlite"
}
HCL
export PIPEFORM_VAR_seen=$work/seen

step "plans and applies ask nobody: they know the expression, also without a network"
expect 0 env AWS_ENDPOINT_URL=http://127.0.0.1:9 "$PIPEFORM" plan
says 'WHOLE   = secret("ssm:///prod/db/password")' 'SHOUTED = upper(secret("ssm:///prod/db/password"))' 'provider = provider.aws'
cp "$work/output" "$work/plan"
pipeform plan --json >"$work/plan.json"
pipeform plan --out=saved.plan >"$work/plan2"
expect 0 env AWS_ENDPOINT_URL=http://127.0.0.1:9 "$PIPEFORM" apply --auto-approve
cp "$work/output" "$work/apply"

step "the command receives them, in each attempt"
expect 0 pipeform trigger --auto-approve pipeline.work
expect 0 pipeform trigger --auto-approve pipeline.west
expect 0 pipeform run --json
cp "$work/output" "$work/run.json"
for attempt in 1 2; do
    for pair in "WHOLE $canary" "FIRST an older one" "SHOUTED ${canary^^}" "MANAGED $managed" "OLD $old" "PORT 5432"; do
        printf %s "${pair#* }" | cmp - "$work/seen/${pair%% *}-$attempt" || fail "attempt $attempt did not receive ${pair%% *}"
    done
done
printf %s "of another region" | cmp - "$work/seen/west" || fail "the provider of the pipeline was not used"
[[ -e "so secret.sqlite" ]] || fail "the database is not where its secret says"
clean "the list of processes" "$work/seen/processes"
clean "a plan" "$work/plan" "$work/plan2" "$work/plan.json" saved.plan
clean "an apply or a run" "$work/apply" "$work/run.json"
grep -rqF 'password (sensitive), (sensitive) and (sensitive)' .pipeform/logs || fail "the log does not show that something is hidden"

step "a secret is asked for in each attempt: what has been changed meanwhile counts"
"$tools/python" -c 'import boto3; boto3.client("ssm").put_parameter(Name="/prod/db/password", Value="canary-new-991100-hush", Type="SecureString", Overwrite=True)'
expect 0 pipeform trigger --auto-approve pipeline.work
expect 0 pipeform run
printf %s canary-new-991100-hush | cmp - "$work/seen/WHOLE-2" || fail "the new value was not received"

step "a secret that cannot be had fails the attempt, and says why"
# wrong SECRET TEXT...: an attempt with this secret fails and says this.
wrong() {
    local text=$1
    shift
    sed "s|WHOLE   = local.password|WHOLE   = secret(\"$text\")|; s|max_retries     = 1|max_retries     = 0|" main.pipe.hcl >"$work/wrong.pipe.hcl"
    mkdir -p "$work/wrong"
    rm -rf "$work/wrong/.pipeform"
    mv "$work/wrong.pipe.hcl" "$work/wrong/main.pipe.hcl"
    pipeform --chdir "$work/wrong" apply --auto-approve >/dev/null
    pipeform --chdir "$work/wrong" trigger --auto-approve pipeline.work >/dev/null
    expect 1 pipeform --chdir "$work/wrong" run
    says "$@"
    clean "a failed run" "$work/output"
}
wrong ssm:///prod/db/none 'the parameter `/prod/db/none` of AWS Systems Manager does not exist in `us-east-1`'
wrong secretsmanager://none 'the secret `none` of AWS Secrets Manager does not exist in `us-east-1`'
wrong 'secretsmanager://prod/db#token' 'has no key `token`'
wrong 'ssm:///prod/db/password#token' 'is no JSON object'
wrong secretsmanager://prod/bytes 'its value is bytes and not text'
export AWS_ENDPOINT_URL_SSM=http://127.0.0.1:9 AWS_MAX_ATTEMPTS=2
wrong ssm://plain 'cannot be read: AWS cannot be reached'
unset AWS_ENDPOINT_URL_SSM AWS_MAX_ATTEMPTS

step "one that does not answer does not keep others from running, and is given up in time"
python3 - "$work/silent-port" <<'PY' &
import socket, sys, os, time
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
mkdir -p "$work/silent"
cat >"$work/silent/main.pipe.hcl" <<'HCL'
pipeline "work" {
  activity "shell_command" "held" {
    command         = "true"
    environment     = { SECRET = secret("ssm://plain") }
    attempt_timeout = "6 seconds"
    max_retries     = 0
  }

  activity "shell_command" "quick" {
    command = "true"
  }
}
HCL
cd "$work/silent"
expect 0 pipeform apply --auto-approve
expect 0 pipeform trigger --auto-approve pipeline.work
begin=$(date +%s)
expect 1 env AWS_ENDPOINT_URL_SSM="http://127.0.0.1:$(<"$work/silent-port")" "$PIPEFORM" run
says "attempt_timeout"
took=$(($(date +%s) - begin))
# Six tries of half a minute each: that is how long the call itself would go on.
[[ $took -lt 120 ]] || fail "the run took $took s: it waited for a secret that nobody waits for any more"
sed -n '/activity.quick .*: finished/,$p' "$work/output" | grep -q 'activity.held .*: FAILED' ||
    fail "the other activity waited for the secret"

step "nothing that is written or printed holds one"
cd "$work/project"
for command in "status" "status --json" "history" "history --json" "logs pipeline.work.activity.use" \
    "logs pipeline.work.activity.use --attempt 1" "state show pipeline.work.activity.use" "show" "plan" "graph"; do
    # shellcheck disable=SC2086
    "$PIPEFORM" $command >"$work/command" 2>&1 || true
    clean "\`pipeform $command\`" "$work/command"
done
clean "the state or a log" .pipeform ./*.hcl ./*.plan "$work/silent" "$work/wrong"
