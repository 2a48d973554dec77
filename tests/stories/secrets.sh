#!/usr/bin/env bash
# A command receives a secret, and nothing that pipeform writes or prints holds it.
set -euo pipefail
source "$(dirname "$0")/support.sh"

canary=canary-7d41f6e2-hush
other=canary-file-90aa17-hush
encoded=$(printf %s "$canary" | base64)
basic=$(printf 'user:%s' "$canary" | base64)

# clean WHAT TEXT-OR-FILE...: none of the files holds a canary, in any form, in any case.
clean() {
    local what=$1 form
    shift
    for form in "$canary" "$other" "$encoded" "${basic:8:20}"; do
        if grep -rqiaF -- "$form" "$@"; then fail "$what holds a secret"; fi
    done
}

mkdir -p "$work/project/module" "$work/seen"
cd "$work/project"
printf '%s\n' "$other" >token
chmod 600 token
export CANARY=$canary SEEN=$work/seen
cat >module/main.pipe.hcl <<'HCL'
variable "login" {
  type = object({ user = string, password = string })
}

variable "seen" {
  type = string
}

output "environment" {
  value = {
    LOGIN   = "${var.login.user}:${var.login.password}"
    SHOUTED = upper(var.login.password)
  }
}

pipeline "work" {
  activity "shell_command" "use" {
    command = <<-SH
      printf %s "$PASSWORD" > "$1/password-$ATTEMPT"
      printf %s "$LOGIN" > "$1/login"
      printf %s "$SHOUTED" > "$1/shouted"
      printf %s "$TOKEN" > "$1/token"
      echo "password $PASSWORD and token $TOKEN"
      echo "basic $(printf %s "$LOGIN" | base64)"
      echo "shouted $SHOUTED" >&2
      ps -ef > "$1/processes"
      # The first attempt fails, with the secret in its last lines.
      [ "$ATTEMPT" -gt 1 ] || { echo "refused: $PASSWORD" >&2; exit 1; }
    SH

    script_argument = [var.seen]
    max_retries     = 1
    retry_delay     = "1 second"
    environment = {
      PASSWORD = var.login.password
      LOGIN    = "${var.login.user}:${var.login.password}"
      SHOUTED  = upper(var.login.password)
      TOKEN    = secret("file://token")
      ATTEMPT  = run.attempt
    }
  }

  activity "sql" "store" {
    database   = database.warehouse
    script     = "CREATE TABLE IF NOT EXISTS logins (length CHECK (length = 20)); INSERT INTO logins VALUES (length(:password));"
    params     = { password = var.login.password }
    depends_on = [activity.use]
  }
}

database "jdbc" "warehouse" {
  connection_string = "jdbc:sqlite:warehouse.sqlite"
}
HCL
cat >main.pipe.hcl <<'HCL'
variable "seen" {
  type = string
}

locals {
  login = { user = "user", password = secret("env://CANARY") }
}

module "all" {
  source = "./module"
  login  = local.login
  seen   = var.seen
}
HCL
export PIPEFORM_VAR_seen=$SEEN

step "plan, apply: the expression, not the value, also when the variable is not there"
expect 0 env -u CANARY "$PIPEFORM" plan
says 'PASSWORD = secret("env://CANARY")' 'SHOUTED  = upper(secret("env://CANARY"))'
cp "$work/output" "$work/plan"
"$PIPEFORM" plan --json >"$work/plan.json" 2>&1
"$PIPEFORM" plan --out=saved.plan >"$work/plan2" 2>&1 || "$PIPEFORM" plan >"$work/plan2" 2>&1
echo 'upper(secret("env://CANARY"))' | "$PIPEFORM" console >"$work/console"
grep -qxF 'upper(secret("env://CANARY"))' "$work/console" || fail "console does not print the expression"
expect 0 pipeform apply --auto-approve
cp "$work/output" "$work/apply"

step "the command receives them, in each attempt"
expect 0 pipeform trigger --auto-approve module.all.pipeline.work
expect 0 pipeform run --json
cp "$work/output" "$work/run.json"
printf %s "$canary" | cmp - "$SEEN/password-1" || fail "the command did not receive the secret"
printf %s "$canary" | cmp - "$SEEN/password-2" || fail "the second attempt did not receive the secret"
printf %s "user:$canary" | cmp - "$SEEN/login" || fail "not what was made of the secret"
printf %s "${canary^^}" | cmp - "$SEEN/shouted" || fail "not what was made of the secret"
printf %s "$other" | cmp - "$SEEN/token" || fail "the command did not receive the file"
# The table takes nothing but the secret's length.
says '"finished":2,"failed":0'
clean "the list of processes" "$SEEN/processes"

step "nothing that is written or printed holds one"
for command in "status" "status --json" "history" "history --json" "logs module.all.pipeline.work.activity.use" \
    "logs module.all.pipeline.work.activity.use --attempt 1" "state show module.all.pipeline.work.activity.use" "show" "plan" "graph"; do
    # shellcheck disable=SC2086
    "$PIPEFORM" $command >"$work/command" 2>&1 || true
    clean "\`pipeform $command\`" "$work/command"
done
grep -qF 'password (sensitive) and token (sensitive)' -r .pipeform/logs || fail "the log does not show that something is hidden"
clean "a plan" "$work/plan" "$work/plan2" "$work/plan.json" "$work/console"
clean "an apply" "$work/apply"
clean "a run" "$work/run.json"
chmod -R a+r .pipeform
clean "the state or a log" .pipeform
for file in *; do
    [[ $file == token || -d $file ]] || clean "$file" "$file"
done

step "a secret that is not there fails the attempt, and says which"
expect 0 pipeform trigger --auto-approve module.all.pipeline.work
expect 1 env -u CANARY "$PIPEFORM" run
says 'the environment variable `CANARY` is not set'
rm token
expect 0 pipeform trigger --auto-approve module.all.pipeline.work
expect 1 pipeform run
says "token" "does not exist"
clean "the state or a log" .pipeform

step "of a connection string that is a secret, the path alone is hidden, too"
mkdir "$work/connection"
cd "$work/connection"
cat >main.pipe.hcl <<'HCL'
database "jdbc" "warehouse" {
  connection_string = secret("env://CONNECTION")
}

pipeline "connected" {
  activity "sql" "store" {
    max_retries = 0
    database    = database.warehouse
    script      = "SELECT 1"
  }
}
HCL
export CONNECTION=jdbc:sqlite:/nowhere/$canary/warehouse.sqlite
pipeform apply --auto-approve >/dev/null
expect 0 pipeform trigger --auto-approve pipeline.connected
expect 1 pipeform run
says "(sensitive)"
clean "a run" "$work/output"
clean "the state or a log" .pipeform
