#!/usr/bin/env bash
# The way back to AWS Data Pipeline: all definitions of the corpus are imported and exported again, and are the same up to order,
# defaults and formatting. Whether they are is seen by export.py, without pipeform: what is spelled otherwise has to come to the same
# values at two moments. What was exported is imported and exported once more, and is then the same to the letter.
set -euo pipefail
source "$(dirname "$0")/support.sh"

here=$(cd "$(dirname "$0")" && pwd)
corpus=${PIPEFORM_CONFORMANCE:-$repository/../shared/conformance}/adp-corpus
if [[ ! -d $corpus ]]; then
    echo "skipped: no definitions in $corpus; set PIPEFORM_CONFORMANCE"
    exit 0
fi
export PIPEFORM_NOW=2026-12-01T00:00:00Z

exported=0
while IFS= read -r definition; do
    name=$(basename "$definition" .json)
    python3 "$here/import.py" whole "$definition" || continue
    mkdir -p "$work/$name/again" && cd "$work/$name"
    pipeform import "$definition" --name "$name" >files 2>notes || { cat notes; fail "$name is not imported"; }
    pipeform export --format aws >"$name.json" 2>warnings || { cat warnings; fail "$name is not exported"; }
    python3 "$here/export.py" compare "$definition" "$name.json" >compared || { cat compared; fail "$name is another one"; }
    cd again
    pipeform import "../$name.json" >files 2>notes || { cat notes; fail "what was exported of $name is not imported"; }
    # Fields that nobody knows are still unknown.
    ! grep -E '^(warning|error)' notes | grep -v 'Unknown field' || { cat notes; fail "what was exported of $name is not right"; }
    pipeform export --out "$name.json" >files 2>notes || { cat notes; fail "$name is not exported again"; }
    cmp "../$name.json" "$name.json" || fail "$name changes each time"
    exported=$((exported + 1))
    printf '%-42s %s\n' "$name" "$(cat ../compared)"
    grep '^warning' ../warnings | sort | uniq -c | sed 's/^ */    /' || true
done < <(find "$corpus" -name '*.json' | sort)
[[ $exported -gt 0 ]] || fail "no definition was found in $corpus"
echo "$exported definitions exported, the same as before; a second time to the letter"
