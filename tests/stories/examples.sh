#!/usr/bin/env bash
# Examples: each works when its directory is copied elsewhere, away from the repository and what it has beside it.
set -euo pipefail
source "$(dirname "$0")/support.sh"

for example in "$repository"/examples/*/main.pipe.hcl; do
    example=$(dirname "$example")
    name=$(basename "$example")
    step "$name"
    cp -r "$example" "$work/$name"
    cd "$work/$name"
    expect 0 pipeform validate --var-file=example.pipevars
    cd "$work"
    expect 0 "./$name/demo" "$PIPEFORM" "$work/demo-$name"
    says " finished, 0 failed, 0 waiting."
    cd "$work/demo-$name"
    [[ $(find . -name '*.csv' | wc -l) -gt 0 ]] || fail "there is no report"
    [[ ! -e .pipeform/modules ]] || fail "modules were fetched"
done

step "the rows of the warehouse are those of the shop, and each is there once"
cd "$work/demo-replicate-tables"
python3 - <<'PY' || fail "the warehouse is not the shop"
import sqlite3

database = sqlite3.connect("data/shop.db")
database.execute("ATTACH 'data/warehouse.db' AS warehouse")
for source, target in [
    ("SELECT * FROM main.products", "SELECT * FROM warehouse.products"),
    ("SELECT id, name, city FROM main.customers", "SELECT * FROM warehouse.customers"),
    ("SELECT * FROM main.orders", "SELECT * FROM warehouse.sales"),
]:
    one, other = (sorted(database.execute(query).fetchall()) for query in (source, target))
    assert one == other and len(one) > 3, (source, len(one), len(other))
    print(target, len(other))
PY
