#!/usr/bin/env bash
# Input that means harm: an error with its place in bounded time and memory, exit code 1, and never a crash.
set -euo pipefail
source "$(dirname "$0")/support.sh"
cd "$work"

# refused FILE TEXT...: `validate` refuses the project whose file has just been written, within a minute and 4 GiB, and says
# each text.
refused() {
    local file=$1
    shift
    (
        ulimit -v $((4 << 20))
        expect 1 timeout 60 "$PIPEFORM" validate
    ) >"$work/transcript" 2>&1 || { tail -c 2000 "$work/transcript"; fail "$file"; }
    says "error:" "$@"
    ! grep -q "panicked" "$work/output" || fail "it panicked"
    [[ $(wc -c <"$work/output") -lt 100000 ]] || fail "the output is $(wc -c <"$work/output") bytes long"
    printf '  %s\n' "$(grep -m1 '^error' "$work/output")"
    rm "$file"
}
# write EXPRESSION FILE: writes the bytes that Python gives for an expression.
write() { python3 -c "import sys; sys.stdout.buffer.write($1)" >"$2"; }

# nested OPEN CLOSE: a value in so many brackets of a kind, and the same without their ends.
nested() {
    write "b'locals {\n  a = ' + b'$1' * 100000 + b'1' + b'$2' * 100000 + b'\n}\n'" main.pipe.hcl
    refused main.pipe.hcl "nested too deeply" "levels deep"
    write "b'locals {\n  a = ' + b'$1' * 100000" main.pipe.hcl
    refused main.pipe.hcl
}

step "nesting of every kind"
nested '(' ')'
nested '[' ']'
nested '{a=' '}'
nested '!' ''
nested '-' ''
nested 'f(' ')'
nested 'x[' ']'
nested 'a ? b : ' ''
nested '[for x in ' ']'
nested '"${' '}"'
write "b'b {\n' * 100000" main.pipe.hcl
refused main.pipe.hcl "never closed"
write "b'locals {\n  a = \"' + b'%{ if true }' * 100000 + b'\"\n}\n'" main.pipe.hcl
refused main.pipe.hcl "nested too deeply"
write "b'[' * 100000" main.pipe.json
refused main.pipe.json "main.pipe.json:1"

step "large files"
write "b'a \x27x\n' * 10000000" main.pipe.hcl
refused main.pipe.hcl "main.pipe.hcl:1"
write "b'a = \"' + b'x' * 60000000" main.pipe.hcl
refused main.pipe.hcl "never closed"
write "b'locals {\n  a = 1' + b' + 1' * 1000000 + b'\n}\n'" main.pipe.hcl
refused main.pipe.hcl "128 operators"
write "b'locals {\n  a = ' + b'9' * 5000000 + b'\n}\n'" main.pipe.hcl
refused main.pipe.hcl "1,200 digits"

step "what is no text"
write "b'a = 1\nb = \"\xff\"\n'" main.pipe.hcl
refused main.pipe.hcl "main.pipe.hcl" "line 2" "position 11"
write "b'\xff\xfea\x00'" main.pipe.hcl
refused main.pipe.hcl "UTF-16"
write "b'a = \"\x00\"\n'" main.pipe.hcl
refused main.pipe.hcl "NUL" "main.pipe.hcl:1:6"
write "b'a = 1\rb = 2\n'" main.pipe.hcl
refused main.pipe.hcl "carriage return"

step "bombs"
bomb() {
    printf 'locals {\n  a = %s\n}\n\noutput "a" {\n  value = local.a\n}\n' "$1" >main.pipe.hcl
    refused main.pipe.hcl "main.pipe.hcl:2"
}
bomb 'range(1e12)'
bomb '[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a]]]'
bomb 'format("%99999999999d", 1)'
bomb 'setproduct(range(1000), range(1000), range(1000), range(1000), range(1000), range(1000))'
bomb 'jsondecode(join("", concat([for i in range(1000) : "[[[[[[[[[["], ["1"])))'
bomb 'pow(10, 1e9)'
{
    printf 'locals {\n  l0 = "xxxxxxxxxx"\n'
    # shellcheck disable=SC2016
    for number in $(seq 60); do printf '  l%d = "${local.l%d}${local.l%d}"\n' "$number" $((number - 1)) $((number - 1)); done
    printf '}\n\noutput "a" {\n  value = local.l60\n}\n'
} >main.pipe.hcl
refused main.pipe.hcl "Evaluation too large"
{
    printf 'locals {\n  l0 = ["x"]\n'
    for number in $(seq 60); do printf '  l%d = [local.l%d, local.l%d]\n' "$number" $((number - 1)) $((number - 1)); done
    printf '}\n\noutput "a" {\n  value = jsonencode(local.l60)\n}\n'
} >main.pipe.hcl
refused main.pipe.hcl "too many elements"
{
    printf 'locals {\n'
    for number in $(seq 3000); do printf '  l%d = [local.l%d]\n' $((number - 1)) "$number"; done
    printf '  l3000 = 1\n}\n\noutput "a" {\n  value = local.l0\n}\n'
} >main.pipe.hcl
refused main.pipe.hcl "nested too deeply"

step "files without an end"
mkfifo main.pipe.hcl.pipe
for file in /dev/zero main.pipe.hcl.pipe; do
    ln -sf "$file" main.pipe.hcl
    refused main.pipe.hcl "not a regular file"
done
