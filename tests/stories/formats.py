"""Files for the story `formats`: formats.py theirs|ours make|check, in the directory of a project.

`theirs`: pipeform reads what Python, pyarrow and DuckDB have written. `ours`: they read what pipeform writes.
"""

import csv
import datetime
import decimal
import gzip
import io
import json
import math
import pathlib
import random
import sys

import duckdb
import pyarrow
import pyarrow.parquet

PROJECT = """
schedule "once" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 1
}

pipeline "formats" {
  schedule    = schedule.once
  max_retries = 0
%s}
"""
COPY = """
  data_node "file" "%(name)s_in" {
    path = "%(source)s"

    format "%(from)s" {
%(read)s
    }
  }

  data_node "file" "%(name)s_out" {
    path = "%(target)s"

    format "%(to)s" {
%(write)s
    }
  }

  activity "copy" "%(name)s" {
    input  = data_node.%(name)s_in
    output = data_node.%(name)s_out
  }
"""
COLUMNS = ["id BIGINT", "small INT", "name STRING", "size DOUBLE", "good BOOLEAN", "at TIMESTAMP", "day DATE", "price DECIMAL(12,2)"]
NAMES = [column.split()[0] for column in COLUMNS]
DECLARED = "      column = [" + ", ".join(f'"{column}"' for column in COLUMNS) + "]"
TEXTS = ["", "plain", "a,b", 'a "quote"', "two\nlines", "cr\r\nlf", "tab\there", "back\\slash", "é 日本 🎉", "\\N", "NULL", " blank ", "\x00zero", "x" * 5000]


def rows():
    chance = random.Random(7)
    made = []
    for number in range(3000):
        row = [
            chance.choice([number, -number, 2**63 - 1, -(2**63)]),
            chance.randrange(-(2**31), 2**31),
            chance.choice(TEXTS),
            chance.choice([0.1, -1e300, 5e-324, float(number), 1 / 3]),
            chance.random() < 0.5,
            datetime.datetime(1950, 1, 1) + datetime.timedelta(seconds=chance.randrange(4 * 10**9), microseconds=chance.choice([0, 5, 250000])),
            datetime.date(1, 1, 1) + datetime.timedelta(days=chance.randrange(3_600_000)),
            decimal.Decimal(chance.randrange(-(10**12) + 1, 10**12)) / 100,
        ]
        made.append([None if chance.random() < 0.1 else value for value in row])
    return made


def text(value):
    match value:
        case None: return None
        case True: return "true"
        case False: return "false"
        case float(): return repr(value)
        case datetime.datetime(): return value.isoformat(" ")
        case decimal.Decimal(): return f"{value:.2f}"
        case _: return str(value)


def csv_text(made):
    """As csv: nothing for NULL, quotes around the empty text; the module cannot tell them apart before 3.12."""
    quoted = lambda value: '"' + value.replace('"', '""') + '"'
    lines = []
    for row in made:
        fields = [text(value) for value in row]
        lines.append(",".join("" if field is None else quoted(field) for field in fields))
    return ",".join(NAMES) + "\n" + "\n".join(lines) + "\n"


def json_text(made):
    def value(field):
        return field if isinstance(field, (int, float, str, bool, type(None))) else text(field)
    return "".join(json.dumps(dict(zip(NAMES, map(value, row)))) + "\n" for row in made)


def table(made):
    types = [pyarrow.int64(), pyarrow.int32(), pyarrow.string(), pyarrow.float64(), pyarrow.bool_(), pyarrow.timestamp("us"), pyarrow.date32(), pyarrow.decimal128(12, 2)]
    columns = [pyarrow.array(column, kind) for column, kind in zip(zip(*made), types)]
    return pyarrow.table(columns, names=NAMES)


def same(found, made, what):
    assert len(found) == len(made), (what, len(found), len(made))
    for number, (one, other) in enumerate(zip(found, made)):
        for name, a, b in zip(NAMES, one, other):
            equal = a == b or (isinstance(a, float) and isinstance(b, float) and math.isclose(a, b, rel_tol=0, abs_tol=0))
            assert equal and (a is None) == (b is None), (what, number, name, a, b)
    print(f"{what}: {len(made)} records are the same")


def project(copies):
    body = "".join(COPY % copy for copy in copies)
    pathlib.Path("main.pipe.hcl").write_text(PROJECT % body)


# What pipeform writes


def make_ours():
    pathlib.Path("in.csv").write_text(csv_text(rows()), encoding="utf-8", newline="")
    read = "      header = true\n      escape_char = \"\"\n" + DECLARED
    copies = []
    for compression in ("none", "snappy", "zstd", "gzip"):
        copies.append({"name": f"parquet_{compression}", "target": f"{compression}.parquet", "to": "parquet", "write": f'      compression = "{compression}"'})
    for packed in ("", ".gz", ".zst"):
        kind = packed.strip(".") or "plain"
        copies.append({"name": f"json_{kind}", "target": f"out.json{packed}", "to": "json_lines", "write": ""})
        copies.append({"name": f"tsv_{kind}", "target": f"out.tsv{packed}", "to": "tsv", "write": "      header = true"})
    for copy in copies:
        copy.update({"source": "in.csv", "from": "csv", "read": read})
    # And once more through all of them.
    copies.append({"name": "back", "source": "in.parquet", "from": "parquet", "read": "", "target": "back.csv", "to": "csv", "write": "      header = true\n      escape_char = \"\""})
    pyarrow.parquet.write_table(table(rows()), "in.parquet")
    project(copies)


def unpacked(path):
    data = pathlib.Path(path).read_bytes()
    if path.endswith(".gz"):
        return gzip.decompress(data)
    if path.endswith(".zst"):
        return pyarrow.CompressedInputStream(pyarrow.BufferReader(data), "zstd").read()
    return data


def check_ours():
    made = rows()
    for compression in ("none", "snappy", "zstd", "gzip"):
        path = f"{compression}.parquet"
        found = pyarrow.parquet.read_table(path)
        assert [str(kind) for kind in found.schema.types] == [str(kind) for kind in table(made[:1]).schema.types], found.schema
        same([list(row.values()) for row in found.to_pylist()], made, f"{path}, by pyarrow")
        same([list(row) for row in duckdb.execute(f"SELECT * FROM '{path}'").fetchall()], made, f"{path}, by DuckDB")
    for packed in ("", ".gz", ".zst"):
        lines = unpacked(f"out.json{packed}").decode().splitlines()
        expected = [[v if isinstance(v, (int, float, str, bool, type(None))) else text(v) for v in row] for row in made]
        expected = [[float(v) if name == "price" and v is not None else v for name, v in zip(NAMES, row)] for row in expected]
        same([list(json.loads(line).values()) for line in lines], expected, f"out.json{packed}, by json")
        check_tsv(unpacked(f"out.tsv{packed}").decode(), made, packed)
    found = list(csv.reader(io.StringIO(pathlib.Path("back.csv").read_text(encoding="utf-8", newline=None) if False else open("back.csv", newline="", encoding="utf-8").read())))
    assert found[0] == NAMES
    plain = lambda row: [clock(text(value)) or "" for value in row]
    same([[clock(value) for value in row] for row in found[1:]], [plain(row) for row in made], "back.csv, by csv")


def clock(value):
    """Trailing zeros of a fraction are no difference, nor is how an exponent is written."""
    if value is None:
        return None
    if value.count(":") == 2 and "." in value and "\n" not in value:
        return value.rstrip("0")
    return value.replace("e+", "e") if value[:1] in "-0123456789" and "e" in value else value


def check_tsv(whole, made, packed):
    """Takes escapes apart by hand: Python's module does not know `\\N`."""
    records, record, field, escaped = [], [], "", False
    null = False
    for letter in whole:
        if escaped:
            null = letter == "N" and field == ""
            field += letter
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter in "\t\n":
            record.append(None if null and field == "N" else field)
            field, null = "", False
            if letter == "\n":
                records.append(record)
                record = []
        else:
            field += letter
    assert records[0] == NAMES
    same(records[1:], [[text(value) for value in row] for row in made], f"out.tsv{packed}, by hand")


# What others have written


def odd_columns():
    """A value of each type that a flat file may have, and what becomes of it."""
    moment = datetime.datetime(2026, 11, 1, 12, 30, 0, 250000)
    utc = moment.replace(tzinfo=datetime.timezone.utc)
    return {
        "i8": (pyarrow.int8(), -5, "-5"),
        "u8": (pyarrow.uint8(), 200, "200"),
        "u32": (pyarrow.uint32(), 4_000_000_000, "4000000000"),
        "u64": (pyarrow.uint64(), 2**64 - 1, "18446744073709551615"),
        "f16": (pyarrow.float16(), 1.5, "1.5"),
        "f32": (pyarrow.float32(), 0.1, "0.1"),
        "dec9": (pyarrow.decimal128(9, 4), decimal.Decimal("-12.3400"), "-12.3400"),
        "dec30": (pyarrow.decimal128(30, 10), decimal.Decimal("12345678901234567890.0123456789"), "12345678901234567890.0123456789"),
        "date": (pyarrow.date32(), datetime.date(2026, 11, 1), "2026-11-01"),
        "time": (pyarrow.time64("us"), datetime.time(12, 30, 0, 5), "12:30:00.000005"),
        "ms": (pyarrow.timestamp("ms"), moment, "2026-11-01 12:30:00.250"),
        "us": (pyarrow.timestamp("us"), moment, "2026-11-01 12:30:00.250"),
        "ns": (pyarrow.timestamp("ns"), moment, "2026-11-01 12:30:00.250"),
        "utc": (pyarrow.timestamp("us", tz="UTC"), utc, "2026-11-01 12:30:00.250Z"),
        "dict": (pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), "again", "again"),
        "large": (pyarrow.large_string(), "text", "text"),
        "bytes": (pyarrow.binary(), b"raw", "raw"),
        "fixed": (pyarrow.binary(3), b"abc", "abc"),
    }


def make_theirs():
    made = rows()
    data = csv_text(made).encode()
    middle = data.index(b"\n", len(data) // 2) + 1
    # Two members, the second of which begins within a record as likely as not.
    pathlib.Path("in.csv.gz").write_bytes(gzip.compress(data[:middle + 7]) + gzip.compress(data[middle + 7:]))
    with pyarrow.CompressedOutputStream("in.json.zst", "zstd") as out:
        out.write(json_text(made).encode())
    pyarrow.parquet.write_table(table(made), "pyarrow.parquet", row_group_size=700, compression="snappy", version="1.0")
    pyarrow.parquet.write_table(table(made), "v2.parquet", data_page_version="2.0", compression="zstd", use_dictionary=False,
        column_encoding={"id": "DELTA_BINARY_PACKED", "name": "DELTA_BYTE_ARRAY", "size": "BYTE_STREAM_SPLIT"})
    duckdb.register("made", table(made))
    duckdb.execute("COPY made TO 'duckdb.parquet' (FORMAT parquet)")
    columns = odd_columns()
    arrays = [pyarrow.array([value, None], kind) for kind, value, _ in columns.values()]
    pyarrow.parquet.write_table(pyarrow.table(arrays, names=list(columns)), "odd.parquet")
    pyarrow.parquet.write_table(table(made), "int96.parquet", use_deprecated_int96_timestamps=True)
    nested = pyarrow.table({"id": [1], "list": [[1, 2]], "inner": [{"a": 1}]})
    pyarrow.parquet.write_table(nested, "nested.parquet")
    plain = {"to": "json_lines", "write": DECLARED}
    read = "      header = true\n      escape_char = \"\"\n" + DECLARED
    copies = [
        {"name": "csv", "source": "in.csv.gz", "from": "csv", "read": read, "target": "csv.json", **plain},
        {"name": "json", "source": "in.json.zst", "from": "json_lines", "read": "", "target": "json.json", **plain},
    ]
    for name in ("pyarrow", "v2", "duckdb", "int96"):
        copies.append({"name": name, "source": f"{name}.parquet", "from": "parquet", "read": "", "target": f"{name}.json", **plain})
    copies.append({"name": "odd", "source": "odd.parquet", "from": "parquet", "read": "", "target": "odd.csv", "to": "csv", "write": "      header = true"})
    copies.append({"name": "nested", "source": "nested.parquet", "from": "parquet", "read": '      column = ["id"]', "target": "nested.csv", "to": "csv", "write": ""})
    project(copies)


def check_theirs():
    made = [[float(v) if isinstance(v, decimal.Decimal) else v if isinstance(v, (int, float, str, bool, type(None))) else text(v) for v in row] for row in rows()]
    made = [[clock(v) if isinstance(v, str) else v for v in row] for row in made]
    for name in ("csv", "json", "pyarrow", "v2", "duckdb", "int96"):
        lines = pathlib.Path(f"{name}.json").read_text(encoding="utf-8").splitlines()
        found = [[clock(v) if isinstance(v, str) else v for v in json.loads(line).values()] for line in lines]
        same(found, made, f"{name}.json")
    columns = odd_columns()
    found = list(csv.reader(open("odd.csv", newline="", encoding="utf-8")))
    assert found == [list(columns), [said for _, _, said in columns.values()], [""] * len(columns)], found
    print("odd.csv: each type has its text")
    assert pathlib.Path("nested.csv").read_text() == "1\n"


if __name__ == "__main__":
    {("ours", "make"): make_ours, ("ours", "check"): check_ours, ("theirs", "make"): make_theirs, ("theirs", "check"): check_theirs}[sys.argv[1], sys.argv[2]]()
