#!/usr/bin/env bash
# A plan right after apply is empty; an edit of the SQL is shown line by line.
set -euo pipefail
source "$(dirname "$0")/support.sh"

weblogs 2015-05-17
step "before apply: changes, and the runs they start"
expect 2 pipeform plan --detailed-exitcode
says "Plan: " " to add, 0 to change, 0 to destroy." "back-fill"
expect 0 pipeform apply --auto-approve

step "after apply: none"
expect 0 pipeform plan --detailed-exitcode
says "No changes."
expect 0 pipeform apply --auto-approve
says "0 added, 0 changed, 0 destroyed"

step "after a run: none"
expect 0 pipeform run --at 2015-05-25T00:00:00Z
expect 0 pipeform plan --detailed-exitcode
says "No changes."

step "a comment and other spelling are no change"
{ echo "# A comment."; sed 's/var.weeks \* 7/7 * var.weeks/' main.pipe.hcl; } >edited && mv edited main.pipe.hcl
expect 0 pipeform plan --detailed-exitcode
says "No changes."

step "an edit of the SQL: a line diff"
sed -i 's/requests.status >= 400 THEN/requests.status >= 500 THEN/' main.pipe.hcl
expect 2 pipeform plan --detailed-exitcode
says "data_node.requests" "0 to add, 1 to change, 0 to destroy."
grep -qE '^ +- +count\(CASE WHEN requests.status >= 400' "$work/output" || fail "the old line is not shown"
grep -qE '^ +\+ +count\(CASE WHEN requests.status >= 500' "$work/output" || fail "the new line is not shown"
if grep -qE '^ +[-+] +(FROM days|LEFT JOIN)' "$work/output"; then fail "lines that are the same are shown as changed"; fi

step "applied, none again"
expect 0 pipeform apply --auto-approve
says "0 added, 1 changed, 0 destroyed"
expect 0 pipeform plan --detailed-exitcode
says "No changes."
