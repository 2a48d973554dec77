"""s3-cut.py BUCKET DIRECTORY: what s3-cut.sh has copied is there, and nothing else. Looks with boto3."""

import hashlib
import os
import pathlib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import s3 as look

bucket, directory = sys.argv[1], pathlib.Path(sys.argv[2])
client = look.client()
files = {
    str(path.relative_to(directory)): path.read_bytes()
    for path in directory.rglob("*")
    if path.is_file()
}
wanted = {f"from/{name}": body for name, body in files.items()}
wanted |= {f"to/{name}": files["large"] for name in ("put", "copied", "streamed")}
wanted |= {f"to/{to}/{name}": body for to in ("all", "again") for name, body in files.items()}
found = {one["Key"]: one["Size"] for one in look.objects(client, bucket)}
success = {f"to/{to}/_SUCCESS" for to in ("all", "again")}
assert set(found) == set(wanted) | success, set(found) ^ (set(wanted) | success)
for key, body in wanted.items():
    assert look.md5(client, bucket, key) == hashlib.md5(body).hexdigest(), key
uploads = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
assert not uploads, uploads
print(len(wanted), "objects as they should be, no upload that is not complete")
