#!/usr/bin/env bash
# Between pipeform and S3 stands a proxy that cuts a third of the connections at random bytes. Six kinds of copy, again and again:
# afterwards source and target are equal, there is no upload that is not complete, and there is no key besides. boto3 looks, past the
# proxy. PIPEFORM_CUTS says how often; `s3-cut-often.sh` does it forty times.
. ./support.sh
here=$PWD

times=${PIPEFORM_CUTS:-4}
seed=${PIPEFORM_SEED:-$RANDOM}
echo "seed $seed, $times times"
s3_server
s3 bucket cut

step "what there is: files, and the same in S3"
mkdir -p "$work/files/sub" "$work/project"
head -c 20000000 /dev/urandom >"$work/files/large"
head -c 5000000 /dev/urandom >"$work/files/sub/half"
: >"$work/files/empty"
for number in $(seq 20); do head -c "$((number * 977))" /dev/urandom >"$work/files/sub/part $number+é"; done
(cd "$work/files" && find . -type f | while read -r file; do s3 put cut "from/${file#./}" "$file"; done)

cd "$work/project"
node() { printf '  data_node "%s" "%s" {\n    path = "%s"\n    overwrite = true\n%s  }\n' "$1" "$2" "$3" "${4:-}"; }
copy() { printf '  activity "copy" "%s" {\n    input = data_node.%s\n    output = data_node.%s\n    max_retries = 0\n  }\n' "$1" "$2" "$3"; }
{
    echo 'provider "aws" {
  region = "us-east-1"
}
provider "aws" {
  alias  = "other"
  region = "us-west-2"
}
pipeline "cut" {'
    node file file "$work/files/large"
    node file files "$work/files/"
    node s3 key s3://cut/from/large
    node s3 keys s3://cut/from/
    node file got_file "$work/got/large"
    node file got_files "$work/got/files/"
    node s3 put s3://cut/to/put
    node s3 copied s3://cut/to/copied
    node s3 streamed s3://cut/to/streamed $'    provider = aws.other\n'
    node s3 put_all s3://cut/to/all/
    node s3 copied_all s3://cut/to/again/
    copy file_to_s3 file put
    copy s3_to_file key got_file
    copy s3_to_s3 key copied
    copy streamed key streamed
    copy directory_to_prefix files put_all
    copy prefix_to_directory keys got_files
    copy prefix_to_prefix keys copied_all
    echo '}'
} >main.pipe.hcl
expect 0 pipeform apply --auto-approve

for time in $(seq "$times"); do
    s3 rm cut to/
    rm -rf "$work/got"
    proxy cut 0.33 $((seed + time))
    expect 0 pipeform trigger --auto-approve pipeline.cut
    AWS_ENDPOINT_URL_S3=$proxy expect 0 pipeform run
    proxy_ends
    cmp "$work/files/large" "$work/got/large"
    cat >"$work/expected" <<< "$(cd "$work/files" && find . -type f -exec md5sum {} + | sed 's| \./| |' | sort)"
    (cd "$work/got/files" && find . -type f ! -name _SUCCESS -exec md5sum {} + | sed 's| \./| |' | sort) >"$work/found"
    same "$work/expected" "$work/found"
    "$s3_tools/python" "$here/s3-cut.py" cut "$work/files" || fail "S3 is not as it should be"
done
[[ $harmed -gt 0 ]] || fail "the proxy has cut no connection"
