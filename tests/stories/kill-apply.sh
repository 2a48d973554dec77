#!/usr/bin/env bash
# `kill -9` at the writes of an apply, of a move in the state and of saving a plan: the state is what it was before or what it is to be,
# and the next apply completes it.
set -euo pipefail
source "$(dirname "$0")/support.sh"

expect 0 python3 "$repository/tests/stories/kill-apply.py" "$PIPEFORM" "$work" "${PIPEFORM_EVERY:-3}"
says "first apply" "never a part"
