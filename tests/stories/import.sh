#!/usr/bin/env bash
# Definitions of AWS Data Pipeline become configuration: all of the corpus are imported, validated, planned and applied, and the
# plan after that is empty. What the imported pipelines read, when they run and what their fields say is computed from the JSON by
# import.py, and compared with what Pipeform says.
set -euo pipefail
source "$(dirname "$0")/support.sh"

here=$(cd "$(dirname "$0")" && pwd)
corpus=${PIPEFORM_CONFORMANCE:-$repository/../shared/conformance}/adp-corpus
if [[ ! -d $corpus ]]; then
    echo "skipped: no definitions in $corpus; set PIPEFORM_CONFORMANCE"
    exit 0
fi
export PIPEFORM_NOW=2026-12-01T00:00:00Z

imported=0 warnings=0
while IFS= read -r definition; do
    name=$(basename "$definition" .json)
    mkdir -p "$work/$name" && cd "$work/$name"
    python3 "$here/import.py" whole "$definition" || continue
    pipeform import "$definition" --name "$name" >files 2>notes || { cat notes; fail "$name is not imported"; }
    pipeform fmt --check . >unformatted || fail "$name is not in the canonical form: $(cat unformatted)"
    python3 "$here/import.py" values "$definition" >story.auto.pipevars
    pipeform validate >validated 2>&1 || { cat validated; fail "$name is not valid"; }
    pipeform plan >planned 2>&1 || { cat planned; fail "$name cannot be planned"; }
    pipeform simulate --from 2026-12-01 --to 2026-12-04 --json >simulated 2>notes-of-simulation \
        || { cat notes-of-simulation; fail "$name cannot be simulated"; }
    python3 "$here/import.py" compare "$definition" simulated >compared || { cat compared; fail "$name means something else"; }
    pipeform apply --auto-approve --allow-runs=1000000 >applied 2>&1 || { cat applied; fail "$name cannot be applied"; }
    pipeform plan --detailed-exitcode >again 2>&1 || { cat again; fail "the plan after the apply of $name is not empty"; }
    count=$(grep -c '^warning' notes || true)
    imported=$((imported + 1)) warnings=$((warnings + count))
    printf '%-42s %2d warnings, %s\n' "$name" "$count" "$(cat compared)"
    grep -A1 '^warning' notes | grep -E '^warning' | sort | uniq -c | sed 's/^ */    /' || true
done < <(find "$corpus" -name '*.json' | sort)
[[ $imported -gt 0 ]] || fail "no definition was found in $corpus"
echo "$imported definitions imported, $warnings warnings; each plan after the apply is empty"
