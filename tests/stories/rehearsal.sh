#!/usr/bin/env bash
# The classic case on a clock of its own: the tests of the example pass, a test of what does not hold fails, and a month is
# simulated. No log is there, no state, and none is made.
set -euo pipefail
source "$(dirname "$0")/support.sh"
export PIPEFORM_NOW=2026-11-20T12:00:00Z

cp -r "$repository/examples/weblogs" "$work/weblogs" && cd "$work/weblogs"

"$PIPEFORM" test | tee "$work/passed.txt"
grep -q '^Success! 2 passed, 0 failed\.$' "$work/passed.txt"

sed -i 's/attempts == 2/attempts == 1/' weblogs.pipetest.hcl
if "$PIPEFORM" test >"$work/failed.txt" 2>&1; then
    echo "a case that does not hold passes" && exit 1
fi
grep -q 'It took 2 attempts' "$work/failed.txt"

"$PIPEFORM" simulate --from 2026-11-20 --to 2026-12-20 --duration "20 minutes" \
    --var logs_dir=/logs --var warehouse=/warehouse --var first_day=2026-11-02 --var weeks=8 >"$work/month.txt"
tail -n 1 "$work/month.txt"
# Thirty-one days are due, both ends among them, and four weeks of two activities each. The clock stops while the last day is
# archived.
grep -q '^39 instances: 1 RUNNING, 38 FINISHED\.$' "$work/month.txt"

test ! -e .pipeform && test ! -e /warehouse
