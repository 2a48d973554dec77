#!/usr/bin/env bash
# Pipelines are imported from a live account: one by its id, and all, over several pages, with names that are there twice, one without
# a definition and one that has mistakes, which does not keep the others from being imported. The account is that of a moto server; what
# moto does not do (throttling, deleted pipelines, refused callers) a small service of our own does.
set -euo pipefail
source "$(dirname "$0")/support.sh"

here=$(cd "$(dirname "$0")" && pwd)
tools=$("$repository/tests/tools" moto)
for name in "${!AWS_@}"; do unset "$name"; done
export HOME=$work AWS_EC2_METADATA_DISABLED=true NO_PROXY=127.0.0.1
cd "$work"

# until_answers URL PID: waits until the server that was started as PID answers.
until_answers() {
    local tries
    for ((tries = 0; tries < 1200; tries++)); do
        kill -0 "$2" 2>/dev/null || fail "the server at $1 has ended"
        python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)' "$1" 2>/dev/null && return
        sleep 0.1
    done
    fail "there is no server at $1"
}

step "an account at a moto server"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$tools/moto_server" -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
children+=($!)
moto=http://127.0.0.1:$port
until_answers "$moto/moto-api/" $!
orders=$("$tools/python" "$here/live-account.py" fill "$moto")

step "without credentials or a region nothing is asked"
expect 1 pipeform import --pipeline-id "$orders" --endpoint-url "$moto"
says "which region of AWS is meant"
expect 1 pipeform import --all --region us-east-1 --endpoint-url "$moto"
says "no credentials for AWS"
expect 1 pipeform import --all --region us-east-1 --endpoint-url "$moto" --profile nobody
says "the profile \`nobody\` is not in"
expect 1 pipeform import --all --region us-east-1 --endpoint-url 127.0.0.1
says "is no address of an endpoint"
echo nothing >no.pem
expect 1 env AWS_CA_BUNDLE=no.pem "$PIPEFORM" import --all --region us-east-1
says "there is no certificate in it"
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1

step "one pipeline"
expect 0 pipeform import --pipeline-id "$orders" --endpoint-url "$moto" --out one
grep -v aws_id one/orders.pipe.hcl
grep -qE "^  aws_id += \"$orders\"$" one/orders.pipe.hcl || fail "the id of the pipeline is not kept"
for text in '"What was sold"' 'team = "sales"' '"cost center" = "42"' 'command         = "wc -l ${var.bucket}/${run.date}.csv"' 'script_argument = ["a", "b"]'; do
    grep -qF -- "$text" one/orders.pipe.hcl || fail "one/orders.pipe.hcl does not say $text"
done
! grep -q 'active *=' one/orders.pipe.hcl || fail "a pipeline that is active says nothing about that"
# moto keeps no parameters.
export PIPEFORM_NOW=2026-11-03T00:00:00Z PIPEFORM_VAR_bucket=s3://acme
expect 0 pipeform --chdir one validate
expect 0 pipeform --chdir one apply --auto-approve
expect 0 pipeform --chdir one plan --detailed-exitcode

step "the address of the service in the environment"
expect 0 env AWS_ENDPOINT_URL_DATA_PIPELINE="$moto" "$PIPEFORM" import --pipeline-id "$orders" --out two
same one/orders.pipe.hcl two/orders.pipe.hcl

step "all pipelines; what cannot be imported does not stop the others"
code=0
pipeform import --all --endpoint-url "$moto" --out all >all.files 2>all.notes || code=$?
cat all.notes
[[ $code -eq 1 ]] || fail "exit code $code, expected 1"
for text in 'There is no type `ShellComandActivity`' '63 of 64 pipelines were imported' 'has no definition'; do
    grep -qF -- "$text" all.notes || fail "nothing says $text"
done
[[ $(grep -c '^all/[^/]*\.pipe\.hcl$' all.files) -ge 63 ]] || fail "there are too few files"
[[ -e all/orders_2.pipe.hcl && ! -e all/broken.pipe.hcl ]] || fail "the second of the same name is not there, or one with mistakes is"
[[ $(ls all/*.pipe.hcl | grep -vc variables) -eq 63 ]] || fail "there are not 63 pipelines"
grep -qx '  active      *= false' all/nothing_yet.pipe.hcl all/small_1.pipe.hcl || fail "a pipeline that was never activated would be"
expect 0 pipeform --chdir all validate

step "nothing is overwritten"
expect 1 pipeform import --pipeline-id "$orders" --endpoint-url "$moto" --out one
says "These files are there already" "--force"
expect 0 pipeform import --pipeline-id "$orders" --endpoint-url "$moto" --out one --force

step "what the service answers when things go wrong"
python3 "$here/live-account.py" service "$work/port" >"$work/service.log" 2>&1 &
children+=($!)
until [[ -e $work/port ]]; do kill -0 $! || fail "the service has ended"; sleep 0.05; done
service=http://127.0.0.1:$(<"$work/port")
expect 1 pipeform import --all --endpoint-url "$service" --out some
says "df-2\` is not imported. Pipeline with id: df-2 does not exist." "df-3\` is not imported. AWS refuses this to these credentials" \
    "df-4\` is not imported. AWS answers: Something broke." "1 of 4 pipelines were imported"
grep -qx '  active      *= false' some/kunden_kaufe.pipe.hcl || fail "a pipeline that is deactivated would be active"
grep -qx 'bucket = "s3://acme"' some/kunden_kaufe.auto.pipevars || fail "the values of parameters are not imported"
expect 1 pipeform import --pipeline-id df-2 --endpoint-url "$service"
says "df-2 does not exist"
expect 1 env AWS_ACCESS_KEY_ID=stranger "$PIPEFORM" import --all --endpoint-url "$service"
says "AWS refuses this to these credentials: The security token included in the request is invalid."
expect 1 pipeform import --all --endpoint-url http://127.0.0.1:9
says "AWS cannot be reached"
