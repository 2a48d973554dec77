"""The traffic of a week: requests, errors and bytes of each day.

    spark-submit report.py FIRST_DAY REPORT LOGS...

FIRST_DAY is YYYY-MM-DD, REPORT a prefix that is written anew with one file of CSV, LOGS are prefixes with logs in Apache's combined format.
"""

import sys
from datetime import date, timedelta

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

# Day, request, status, bytes.
LINE = r'^\S+ \S+ \S+ \[([^:]+):[^\]]*\] "((?:[^"\\]|\\.)*+)" (\d+) (\S+)'


def main(first_day, report, *logs):
    spark = SparkSession.builder.appName("weblogs").getOrCreate()
    line = f.col("value")
    requests = spark.read.text(list(logs)).where(line.rlike(LINE)).select(
        f.to_date(f.regexp_extract(line, LINE, 1), "dd/MMM/yyyy").alias("day"),
        f.regexp_extract(line, LINE, 3).cast("int").alias("status"),
        # Where nothing was sent, there is a hyphen.
        f.regexp_replace(f.regexp_extract(line, LINE, 4), "^-$", "0").cast("bigint").alias("bytes"),
    )
    days = [[date.fromisoformat(first_day) + timedelta(number)] for number in range(7)]
    week = spark.createDataFrame(days, "day date")
    traffic = (
        week.join(requests, "day", "left")
        .groupBy("day")
        .agg(
            f.count("status").alias("requests"),
            f.count_if(f.col("status") >= 400).alias("errors"),
            f.coalesce(f.sum("bytes"), f.lit(0)).alias("bytes"),
        )
        .orderBy("day")
    )
    traffic.coalesce(1).write.mode("overwrite").option("header", True).csv(report)


main(*sys.argv[1:])
