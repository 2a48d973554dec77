#!/usr/bin/env bash
# Expressions give what they give in Terraform: as JSON, as the console prints them, and as errors. `make oracle` records anew.
set -euo pipefail
source "$(dirname "$0")/support.sh"

oracle=$repository/tests/oracle
mkdir "$work/empty"
cd "$work/empty"

step "as JSON, a value a line"
pipeform console --json <"$oracle/expressions.txt" >"$work/results.jsonl"
same "$oracle/results.jsonl" "$work/results.jsonl"

step "as the console prints them"
pipeform console <"$oracle/expressions.txt" >"$work/results.txt"
same "$oracle/results.txt" "$work/results.txt"

count=$(wc -l <"$oracle/results.jsonl")
[[ $count -ge 200 ]] || fail "only $count expressions"
echo "  $count expressions are equal"

step "what Terraform refuses is refused"
code=0
pipeform console --json <"$oracle/errors.txt" >"$work/errors" || code=$?
[[ $code -eq 1 ]] || fail "exit code $code, expected 1"
refused=$(grep -c '^{"error":' "$work/errors")
[[ $refused -eq $(wc -l <"$oracle/errors.txt") ]] || fail "only $refused errors: $(grep -v '^{"error":' "$work/errors")"
echo "  $refused errors are errors"
