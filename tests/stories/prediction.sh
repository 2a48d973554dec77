#!/usr/bin/env bash
# What plans say about runs, against what happens: random changes of schedules, activities and what is active, one after the other.
set -euo pipefail
source "$(dirname "$0")/support.sh"
expect 0 python3 "$repository/tests/stories/prediction.py" "$PIPEFORM" "$work/project" "${PIPEFORM_CHANGES:-60}"
says "0 predicted wrongly"
