#!/usr/bin/env bash
# Definitions of AWS Data Pipeline become configuration: all of the corpus are imported, validated, planned and applied, and the
# plan after that is empty. When the imported pipelines run, what they wait for and what their fields say is computed from the JSON by
# import.py, and compared with what `plan --json` and `simulate --json` say; of those on demand, of a run that is triggered.
set -euo pipefail
source "$(dirname "$0")/support.sh"

here=$(cd "$(dirname "$0")" && pwd)
corpus=${PIPEFORM_CONFORMANCE:-$repository/../shared/conformance}/adp-corpus
if [[ ! -d $corpus ]]; then
    echo "skipped: no definitions in $corpus; set PIPEFORM_CONFORMANCE"
    exit 0
fi

imported=0 warnings=0
while IFS= read -r definition; do
    name=$(basename "$definition" .json)
    mkdir -p "$work/$name" && cd "$work/$name"
    python3 "$here/import.py" whole "$definition" || continue
    unset PIPEFORM_NOW STORY_UNTIL
    read -r PIPEFORM_NOW STORY_UNTIL < <(python3 "$here/import.py" span "$definition")
    export PIPEFORM_NOW STORY_UNTIL
    pipeform import "$definition" --name "$name" >files 2>notes || { cat notes; fail "$name is not imported"; }
    pipeform fmt --check . >unformatted || fail "$name is not in the canonical form: $(cat unformatted)"
    python3 "$here/import.py" values "$definition" >story.auto.pipevars
    pipeform validate >validated 2>&1 || { cat validated; fail "$name is not valid"; }
    pipeform plan >planned 2>&1 || { cat planned; fail "$name cannot be planned"; }
    pipeform plan --json >planned.json || fail "$name cannot be planned"
    python3 "$here/import.py" planned "$definition" planned.json >compared-plan || { cat compared-plan; fail "$name is planned otherwise"; }
    pipeform simulate --from "$PIPEFORM_NOW" --to "$STORY_UNTIL" --json >simulated 2>notes-of-simulation \
        || { cat notes-of-simulation; fail "$name cannot be simulated"; }
    python3 "$here/import.py" compare "$definition" simulated >compared || { cat compared; fail "$name means something else"; }
    pipeform apply --auto-approve --allow-runs=1000000 >applied 2>&1 || { cat applied; fail "$name cannot be applied"; }
    pipeform plan --detailed-exitcode >again 2>&1 || { cat again; fail "the plan after the apply of $name is not empty"; }
    if python3 "$here/import.py" on-demand "$definition"; then
        pipeform trigger "$(pipeform state list | grep -m 1 '^pipeline\.[^.]*$')" --auto-approve >triggered 2>&1 || { cat triggered; fail "$name cannot be triggered"; }
        pipeform simulate --backlog --from "$PIPEFORM_NOW" --to "$STORY_UNTIL" --json >simulated-on-demand
        python3 "$here/import.py" triggered "$definition" simulated-on-demand >>compared || { cat compared; fail "$name means something else on demand"; }
    fi
    count=$(grep -c '^warning' notes || true)
    imported=$((imported + 1)) warnings=$((warnings + count))
    printf '%-42s %2d warnings; %s; %s\n' "$name" "$count" "$(cat compared-plan)" "$(paste -sd ';' compared)"
    grep -A1 '^warning' notes | grep -E '^warning' | sort | uniq -c | sed 's/^ */    /' || true
done < <(find "$corpus" -name '*.json' | sort)
[[ $imported -gt 0 ]] || fail "no definition was found in $corpus"
echo "$imported definitions imported, $warnings warnings; each plan after the apply is empty"
