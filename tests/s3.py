"""What is at an S3 server, seen with boto3 and not with our own code. For tests, stories and benches.

    s3.py bucket NAME              makes a bucket
    s3.py put BUCKET KEY FILE      writes an object
    s3.py ls BUCKET [PREFIX]       prints a line for each object: size, MD5 of its bytes, key as JSON
    s3.py names BUCKET [PREFIX]    prints the keys as JSON, a line for each
    s3.py cat BUCKET KEY           prints an object
    s3.py head BUCKET KEY          prints what an object is labelled with, as JSON
    s3.py rm BUCKET [PREFIX]       removes objects
    s3.py uploads BUCKET           prints the keys of the uploads in parts that are not complete
    s3.py begin BUCKET KEY         begins an upload in parts with one part, and leaves it

The address is AWS_ENDPOINT_URL_S3; the keys are those of the environment, or of the server of tests/s3-server.
"""

import hashlib
import json
import os
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client():
    return boto3.client(
        "s3",
        endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"],
        region_name="us-east-1",
        aws_access_key_id=os.environ.get("S3_KEY", "testkey"),
        aws_secret_access_key=os.environ.get("S3_SECRET", "testsecret1"),
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 5}),
    )


def objects(s3, bucket, prefix=""):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [found for page in pages for found in page.get("Contents", [])]


def md5(s3, bucket, key):
    digest = hashlib.md5()
    for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def main(command, bucket, *rest):
    s3 = client()
    if command == "bucket":
        # A server that has just started may refuse its first write.
        for attempt in range(50):
            try:
                s3.create_bucket(Bucket=bucket)
                s3.put_object(Bucket=bucket, Key="first", Body=b"x")
                s3.delete_object(Bucket=bucket, Key="first")
                return
            except ClientError as error:
                if error.response["Error"]["Code"].startswith("BucketAlready"):
                    return
                if attempt == 49:
                    raise
                time.sleep(0.2)
    elif command == "put":
        with open(rest[1], "rb") as body:
            s3.put_object(Bucket=bucket, Key=rest[0], Body=body)
    elif command == "ls":
        for found in objects(s3, bucket, *rest):
            print(found["Size"], md5(s3, bucket, found["Key"]), json.dumps(found["Key"]))
    elif command == "names":
        for found in objects(s3, bucket, *rest):
            print(json.dumps(found["Key"]))
    elif command == "cat":
        for chunk in s3.get_object(Bucket=bucket, Key=rest[0])["Body"].iter_chunks(1 << 20):
            sys.stdout.buffer.write(chunk)
    elif command == "head":
        head = s3.head_object(Bucket=bucket, Key=rest[0])
        del head["ResponseMetadata"]
        print(json.dumps(head, default=str, sort_keys=True))
    elif command == "rm":
        for found in objects(s3, bucket, *rest):
            s3.delete_object(Bucket=bucket, Key=found["Key"])
    elif command == "uploads":
        pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
        for page in pages:
            for upload in page.get("Uploads", []):
                print(json.dumps(upload["Key"]))
    elif command == "begin":
        upload = s3.create_multipart_upload(Bucket=bucket, Key=rest[0])["UploadId"]
        s3.upload_part(Bucket=bucket, Key=rest[0], UploadId=upload, PartNumber=1, Body=b"left")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
