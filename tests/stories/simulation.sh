#!/usr/bin/env bash
# heavy
# A hundred thousand seeds of the simulation of the engine, and some hundreds on the real database: no finding; and each
# fault that is planted is found within a thousand. Builds an optimised test binary. SEEDS=n tries another number, FIRST=n
# others than those from zero on.
set -euo pipefail
source "$(dirname "$0")/support.sh"

seeds=${SEEDS:-100000}
first=${FIRST:-0}
step "$seeds seeds, and the planted faults"
begin=$SECONDS
expect 0 make --no-print-directory -C "$repository" sim "SEEDS=$seeds" "FIRST=$first"
says "$seeds seeds from $first, 0 with a finding" "seeds on SQLite, 0 with a finding" "seeds in parts, 0 with a finding" \
    "test result: ok. 5 passed; 0 failed"
for fault in ForgetsWhatIsDue StartsBeforeInputs TakesLateReports IgnoresFences ForgetsWhatHasFinished ExceedsLimits LosesCommits OvertakesOrders; do
    grep -qE "$fault\)?: seed [0-9]+: " "$work/output" || fail "$fault is not found"
done
echo "seeds $seeds in $((SECONDS - begin)) s, with the build"
