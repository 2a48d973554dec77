"""What definitions of AWS Data Pipeline mean, computed from their JSON by the service's rules, without pipeform.

    import.py whole FILE               whether the file is a whole definition: exit code 0 or 1
    import.py span FILE                from when to when there are two intervals of each object
    import.py on-demand FILE           whether any of its activities is on demand: exit code 0 or 1
    import.py values FILE              values for the variables of the configuration in this directory that have none
    import.py planned FILE PLANNED     intervals and dependencies against the lines of `plan --json`
    import.py compare FILE SIMULATED   intervals, dependencies and evaluated fields against the lines of `simulate --json`
    import.py triggered FILE SIMULATED the same of what is on demand, after a trigger at NOW
    import.py table FILE               what is compared: intervals, dependencies and fields of each object for two intervals
"""

import glob
import json
import os
import re
import sys
from calendar import monthrange
from datetime import datetime, timedelta, timezone

UTC = timezone.utc
# The moment of the plan, and until when is simulated: see `span`.
NOW = datetime.fromisoformat(os.environ.get("PIPEFORM_NOW", "2026-12-01T00:00:00Z"))
UNTIL = datetime.fromisoformat(os.environ.get("STORY_UNTIL", "2026-12-04T00:00:00Z"))

# Fields whose attribute is not their name in snake case.
NAMES = {
    "maximumRetries": "max_retries",
    "lateAfterTimeout": "late_after",
    "onLateAction": "on_late",
    "filePath": "path",
    "directoryPath": "path",
    "pipelineLogUri": "log_uri",
    "dataFormat": "format",
    "tableName": "table_name",
}
# Fields that say what an object is, or that the configuration has elsewhere.
ELSEWHERE = {"id", "name", "type", "parent", "schedule", "scheduleType", "precondition", "myComment"}
# What the oldest data nodes say of their database.
OF_DATABASE = {"connectionString", "username", "*password", "databaseName"}
# Words and periods, which the service takes in any case.
IN_ANY_CASE = {"insertMode", "failureAndRerunMode", "stage", "attemptTimeout", "lateAfterTimeout", "retryDelay", "terminateAfter"}
PERIOD = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}


class Secret(Exception):
    """A field depends on a secret, which no output shows."""


def load(path):
    text = open(path, encoding="utf-8-sig").read()
    try:
        raw = json.loads(text)
    except json.JSONDecodeError:
        try:
            # The service's command line took less than JSON: lines in texts, commas at the end.
            raw = json.loads(re.sub(r",(\s*[}\]])", r"\1", text), strict=False)
        except json.JSONDecodeError:
            return None
    if not isinstance(raw, dict):
        return None
    listed = raw.get("objects", raw.get("pipelineObjects"))
    if listed is None:
        return None
    objects, parameters, values = {}, {}, {}
    for one in listed:
        fields = objects.setdefault(one["id"], {"name": [one.get("name", one["id"])]})
        if isinstance(one.get("fields"), list):
            for field in one["fields"]:
                value = {"ref": field["refValue"]} if "refValue" in field else field["stringValue"]
                fields.setdefault(field["key"], []).append(value)
        else:
            for key, value in one.items():
                if key not in ("id", "name"):
                    fields[key] = value if isinstance(value, list) else [value]
    for one in raw.get("parameters", raw.get("parameterObjects")) or []:
        if isinstance(one.get("attributes"), list):
            said = {}
            for attribute in one["attributes"]:
                said.setdefault(attribute["key"], []).append(attribute["stringValue"])
        else:
            said = {key: value if isinstance(value, list) else [value] for key, value in one.items()}
        parameters[one["id"]] = said
    for key, value in (raw.get("values") or {}).items():
        values[key] = value if isinstance(value, list) else [value]
    for one in raw.get("parameterValues") or []:
        values.setdefault(one["id"], []).append(one["stringValue"])
    return objects, parameters, values


def snake(name):
    name = re.sub(r"(?<=[A-Z]{2})to(?=[A-Z])", "_to_", name)
    for word, plain in (("DynamoDB", "Dynamodb"), ("MySQL", "Mysql"), ("MySql", "Mysql"), ("RDS", "Rds"), ("EMR", "Emr")):
        name = name.replace(word, plain)
    name = re.sub(r"[^A-Za-z0-9]", "_", name)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return "_".join(part for part in name.lower().split("_") if part)


def variable(identifier):
    plain = identifier.lstrip("*")
    return snake(plain[2:] if re.match(r"my[A-Z_]", plain) else plain)


def story_value(name, kind):
    """A value that fits a variable of this name and type."""
    if kind == "number":
        return 2
    if kind.startswith("list"):
        return ["x", "y"]
    if "region" in name:
        return "us-east-1"
    return {"period": "1 day"}.get(name, f"s3://bucket/{name}")


class World:
    """A definition, and what its names mean for an instance."""

    def __init__(self, objects, parameters, values):
        self.objects, self.parameters, self.values = objects, parameters, values
        hidden = " ".join(
            str(value) for fields in objects.values() for key, list_ in fields.items() if key.startswith("*") for value in list_
        )
        # Those that are in clear, and long enough to be known wherever they stand.
        self.clear = {text for text in hidden.split() if "#{" not in text and len(text) >= 8}
        self.secrets = set(re.findall(r"#\{(\*?\w+)\}", hidden)) | {name for name in parameters if name.startswith("*")}

    def label(self, identifier):
        """What an object is called: an id that the console made up says nothing."""
        made_up = re.fullmatch(r"[A-Za-z0-9]+Id_[A-Za-z0-9]{5}", identifier)
        return snake(self.objects[identifier]["name"][0] if made_up else identifier)

    def lineage(self, identifier):
        seen = []
        while identifier in self.objects and identifier not in seen:
            seen.append(identifier)
            parent = self.objects[identifier].get("parent", ["Default"])[0]
            identifier = parent["ref"] if isinstance(parent, dict) else parent
        return seen

    def field(self, identifier, key):
        for holder in self.lineage(identifier):
            if key in self.objects[holder]:
                return self.objects[holder][key]
        return None

    def parameter(self, name):
        said = self.parameters.get(name, {})
        given = self.values.get(name, said.get("default"))
        kind = str(said.get("type", ["String"])[0]).lower()
        is_list = str(said.get("isArray", ["false"])[0]).lower() == "true" or (given is not None and len(given) > 1)
        if given is None:
            kind_here = "number" if kind in ("integer", "double") else "string"
            value = story_value(variable(name), f"list({kind_here})" if is_list else kind_here)
            return value
        return given if is_list else given[0]

    def name(self, at, name, of, top):
        if name == "@scheduledStartTime":
            return at[0]
        if name == "@scheduledEndTime":
            return at[1]
        if name == "id":
            return of
        found = self.field(of, name)
        if found is not None:
            values = [value if isinstance(value, dict) else self.text(at, value, of) for value in found]
            return values if len(values) > 1 else values[0]
        if name in self.secrets:
            raise Secret(name)
        return self.parameter(name)

    def text(self, at, text, of):
        """The value of a field: text, or a list where an expression gives one."""
        if any(secret in str(text) for secret in self.clear):
            raise Secret(text)
        parts = re.split(r"(#\{(?:'[^']*'|\"[^\"]*\"|[^}])*\})", str(text))
        values = [Expression(self, at, part[2:-1], of).value() if part.startswith("#{") else part for part in parts if part]
        if len(values) == 1:
            return written(values[0]) if not isinstance(values[0], list) else [written(value) for value in values[0]]
        for index, value in enumerate(values):
            if isinstance(value, list):
                head, tail = values[:index], values[index + 1 :]
                return ["".join(map(written, [*head, one, *tail])) for one in value]
        return "".join(map(written, values))


def written(value):
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, dict):
        return value["ref"]
    return str(value)


JODA = {"YYYY": "%Y", "yyyy": "%Y", "YY": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "a": "%p", "EEE": "%a"}


class Expression:
    """Reads and evaluates one expression by the rules of the developer guide."""

    def __init__(self, world, at, text, of):
        self.world, self.at, self.of = world, at, of
        self.tokens = re.findall(r"'[^']*'|\"[^\"]*\"|\d+\.\d+|\d+|[*@]?\w+|[-+*/(),.]", text)

    def value(self):
        value = self.sum()
        assert not self.tokens, self.tokens
        return value

    def take(self, *wanted):
        if self.tokens and self.tokens[0] in wanted:
            return self.tokens.pop(0)
        return None

    def sum(self):
        value = self.product()
        while sign := self.take("+", "-"):
            other = self.product()
            if sign == "+" and not (isinstance(value, (int, float)) and isinstance(other, (int, float))):
                value = [written(one) + written(other) for one in value] if isinstance(value, list) else written(value) + written(other)
            else:
                value = value + other if sign == "+" else value - other
        return value

    def product(self):
        value = self.primary()
        while sign := self.take("*", "/"):
            other = self.primary()
            value = value * other if sign == "*" else int(value / other) if isinstance(value, int) and isinstance(other, int) else value / other
        return value

    def primary(self):
        token = self.tokens.pop(0)
        if token == "(":
            value = self.sum()
            assert self.take(")")
        elif token[0] in "'\"":
            value = token[1:-1]
        elif token[0].isdigit():
            value = float(token) if "." in token else int(token)
        elif self.take("("):
            value = self.call(token, [])
        else:
            value = self.world.name(self.at, token, self.of, True)
        while self.take("."):
            name = self.tokens.pop(0)
            if self.take("("):
                value = self.call(name, [value])
            else:
                value = self.world.name(self.at, name, value["ref"], False)
        return value

    def call(self, name, arguments):
        while not self.take(")"):
            arguments.append(self.sum())
            self.take(",")
        time = arguments[0]
        if name == "format":
            out = ""
            for piece in re.finditer(r"'([^']*)'|(([A-Za-z])\3*)|([^A-Za-z']+)", arguments[1]):
                if piece.group(2):
                    out += time.strftime(JODA[piece.group(2)])
                else:
                    out += piece.group(1) if piece.group(1) is not None else piece.group(4)
            return out
        moved = re.fullmatch(r"(plus|minus)(Minutes|Hours|Days|Weeks)", name)
        if moved:
            sign = 1 if moved.group(1) == "plus" else -1
            return time + sign * timedelta(**{moved.group(2).lower(): int(arguments[1])})
        if name == "midnight":
            return time.replace(hour=0, minute=0, second=0)
        if name in ("year", "month", "day", "hour", "minute"):
            return getattr(time, name)
        raise KeyError(name)


class Times:
    """The intervals of an object."""

    def __init__(self, world, identifier):
        self.kind = str((world.field(identifier, "scheduleType") or ["timeseries"])[0]).lower()
        reference = world.field(identifier, "schedule")
        self.on_demand = self.kind == "ondemand" or not reference
        if self.on_demand:
            return
        schedule = reference[0]["ref"]
        get = lambda key: (world.field(schedule, key) or [None])[0]
        evaluated = lambda key: get(key) and world.text((NOW, NOW), get(key), schedule)
        if "ONDEMAND" in (evaluated("period") or "").upper() + (evaluated("startAt") or "").upper():
            self.on_demand = True
            return
        count, unit = evaluated("period").lower().split()
        self.count, self.unit = int(count), unit.rstrip("s")
        moment = lambda text: text and datetime.fromisoformat(text).replace(tzinfo=UTC)
        self.start = moment(evaluated("startDateTime")) or NOW
        self.end = moment(evaluated("endDateTime"))
        self.occurrences = evaluated("occurrences") and int(evaluated("occurrences"))

    def edge(self, index):
        """Where the interval with this number begins."""
        if self.unit in PERIOD:
            return self.start + index * timedelta(seconds=self.count * PERIOD[self.unit])
        months = index * self.count * (12 if self.unit == "year" else 1) + self.start.month - 1
        year, month = self.start.year + months // 12, months % 12 + 1
        return self.start.replace(year=year, month=month, day=min(self.start.day, monthrange(year, month)[1]))

    def due(self, interval):
        return interval[0] if self.kind == "cron" else interval[1]

    def all(self, beginning=0):
        """All intervals from one on."""
        index = beginning
        while True:
            begin = self.edge(index)
            if (self.end and begin >= self.end) or (self.occurrences and index >= self.occurrences) or begin.year > 2100:
                return
            yield begin, min(self.edge(index + 1), self.end or self.edge(index + 1))
            index += 1

    def near(self, moment):
        """All intervals from shortly before a moment on."""
        length = (self.edge(1) - self.edge(0)).total_seconds()
        return self.all(max(0, int((moment - self.start).total_seconds() // (length * 1.1)) - 2))

    def overlapping(self, interval):
        for one in self.near(interval[0]):
            if one[0] >= interval[1]:
                return
            if one[1] > interval[0]:
                yield one


def intervals(world, identifier):
    """The intervals of an object that are due in the simulated days."""
    times = Times(world, identifier)
    if times.on_demand:
        return []
    found = []
    for interval in times.near(NOW):
        if times.due(interval) >= UNTIL:
            break
        if times.due(interval) >= NOW:
            found.append(interval)
    return found


def span(path):
    """A moment after which two intervals of each object are due, and when the second of each is: now, or when it has all begun."""
    world = World(*load(path))
    times = [Times(world, one) for one in world.objects if is_activity(world, one) or is_node(world, one)]
    times = [one for one in times if not one.on_demand]
    after = lambda one, moment: [one.due(interval) for interval, _ in zip((i for i in one.near(moment) if one.due(i) >= moment), range(2))]
    moment = NOW
    if not all(after(one, NOW) for one in times):
        moment = min(one.edge(0) for one in times) - timedelta(days=1)
    last = max([due for one in times for due in after(one, moment)], default=moment)
    print(*(one.strftime("%Y-%m-%dT%H:%M:%SZ") for one in (moment, last + timedelta(minutes=1))))


def is_activity(world, identifier):
    return str(world.objects[identifier].get("type", [""])[0]).endswith("Activity")


def is_node(world, identifier):
    return str(world.objects[identifier].get("type", [""])[0]).endswith("DataNode")


def references(world, identifier, key):
    return [value["ref"] for value in world.field(identifier, key) or [] if isinstance(value, dict)]


def users(world, node, key):
    return [one for one in world.objects if is_activity(world, one) and node in references(world, one, key)]


def is_waited_for(world, node):
    """Whether readers have to wait for a node: one that nobody writes is there as soon as its preconditions hold."""
    read = bool(users(world, node, "input"))
    return (read or bool(users(world, node, "output"))) and bool(
        world.field(node, "precondition") or (read and (users(world, node, "output") or world.field(node, "dependsOn")))
    )


def dependencies(world, identifier):
    """What an activity or a data node waits for, by the rules of the service."""
    found = references(world, identifier, "dependsOn")
    if is_activity(world, identifier):
        found += [node for node in references(world, identifier, "input") if is_waited_for(world, node)]
    else:
        found += users(world, identifier, "output")
    return sorted(set(found))


def split(text):
    parts, depth, last = [""], 0, ""
    for sign in re.sub(r"\\+,", "\0", text):
        if sign == "{" and (last == "#" or depth):
            depth += 1
        elif sign == "}" and depth:
            depth -= 1
        last = sign
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign.replace("\0", ",")
    return [part.strip() for part in parts]


def plain(value):
    """A value as the service's text."""
    if isinstance(value, bool):
        return str(value).lower()
    return [plain(one) for one in value] if isinstance(value, list) else str(value)


def expected(world, at, identifier, key, values):
    if any(isinstance(value, dict) for value in values):
        return sorted(world.label(value["ref"]) for value in values)
    if key == "step":
        steps = []
        for value in values:
            parts = []
            for part in split(value):
                found = world.text(at, part, identifier)
                parts.extend(found if isinstance(found, list) else [found])
            steps.append(parts)
        return steps
    found = []
    for value in values:
        one = world.text(at, value, identifier)
        found.extend(one if isinstance(one, list) else [one])
    return found


def actual(key, value):
    if isinstance(value, str) and value.startswith("pipeline."):
        value = [value]
    if isinstance(value, list) and value and all(isinstance(one, str) and one.startswith("pipeline.") for one in value):
        return sorted(one.rsplit(".", 1)[1] for one in value)
    if key == "step":
        blocks = value if isinstance(value, list) else [value]
        return [[block["jar"], *plain(block.get("args") or [])] for block in blocks]
    value = plain(value)
    return value if isinstance(value, list) else [value]


def stamp(interval):
    return tuple(moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in interval)


def spans(listed):
    return [(one["start"], one["end"]) for one in listed]


class Problems(list):
    """What is not as it should be."""

    def check(self, what, is_, should):
        if is_ != should:
            self.append(f"{what}: {is_}, expected {should}")


def planned(path, lines_of):
    """Intervals and dependencies in a plan."""
    world, problems = World(*load(path)), Problems()
    runs = {}
    for line in map(json.loads, open(lines_of)):
        if line["type"] == "planned_runs":
            address = line["runs"]["address"].split(".")
            runs[address[-2], address[-1]] = line["runs"]
    objects = compared = 0
    for identifier in world.objects:
        kind = "activity" if is_activity(world, identifier) else "data_node"
        if kind == "data_node" and not (is_node(world, identifier) and is_waited_for(world, identifier)):
            continue
        run = runs.pop((kind, world.label(identifier)), None)
        if run is None:
            problems.append(f"{identifier}: it is not in the plan")
            continue
        objects += 1
        times, wanted = Times(world, identifier), dependencies(world, identifier)
        problems.check(f"{identifier}: on demand", run["on_demand"], times.on_demand)
        problems.check(
            f"{identifier}: dependencies",
            [one["address"].rsplit(".", 1)[1] for one in run["dependencies"]],
            sorted(map(world.label, wanted), key=lambda label: (label not in {world.label(one) for one in wanted if is_activity(world, one)}, label)),
        )
        problems.check(f"{identifier}: preconditions", len(run["preconditions"]), len(references(world, identifier, "precondition")))
        if times.on_demand:
            continue
        coming = (interval for interval in times.near(NOW) if times.due(interval) > NOW)
        two = [interval for interval, _ in zip(coming, range(2))]
        problems.check(f"{identifier}: next intervals", spans(one["interval"] for one in run["next"][:2]), [stamp(one) for one in two])
        first = [interval for interval, _ in zip(times.all(), range(2)) if times.due(interval) <= NOW] if kind == "activity" else []
        problems.check(f"{identifier}: first intervals", spans(one["interval"] for one in run["backfill"][:2]), [stamp(one) for one in first])
        for one, interval in [*zip(run["backfill"], first), *zip(run["next"], two)]:
            compared += 1
            problems.check(f"{identifier}: due", one["due"], stamp([times.due(interval)])[0])
            awaited = {found["address"].rsplit(".", 1)[1]: found for found in one["waits_for"]}
            for producer in wanted:
                others = Times(world, producer)
                needed = [] if others.on_demand else [stamp(other) for other in others.overlapping(interval)]
                found = awaited.get(world.label(producer), {"intervals": [], "count": 0})
                problems.check(f"{identifier} waits for {producer}", (spans(found["intervals"]), found["count"]), (needed[:10], len(needed)))
    for _, label in runs:
        problems.append(f"{label}: it is in the plan, and should not be")
    finish(problems, f"{objects} objects and {compared} intervals planned")


def compare(path, simulated, triggered=False):
    world = World(*load(path))
    lines = [json.loads(line) for line in open(simulated)]
    instances, compared, secret, problems = 0, 0, 0, Problems()
    for identifier, fields in world.objects.items():
        kind = str(fields.get("type", [""])[0])
        if not is_activity(world, identifier) and not is_node(world, identifier):
            continue
        if triggered and not Times(world, identifier).on_demand:
            continue
        own = [line for line in lines if (line["attributes"] or {}).get("aws_id", line["address"].rsplit(".", 1)[1]) == identifier]
        own = [line for line in own if datetime.fromisoformat(line["due"]) < UNTIL]
        found = sorted((line["scheduled_start"], line["scheduled_end"]) for line in own)
        wanted = [stamp((NOW, NOW))] if triggered else [stamp(one) for one in intervals(world, identifier)]
        if is_activity(world, identifier) or own:
            problems.check(f"{identifier}: intervals", found, wanted)
        for line in own[:2]:
            instances += 1
            at = tuple(datetime.fromisoformat(line[key]) for key in ("scheduled_start", "scheduled_end"))
            for key, values in fields.items():
                if is_elsewhere(kind, key):
                    continue
                attribute = NAMES.get(key, snake(key))
                try:
                    should = expected(world, at, identifier, key, values)
                except Secret:
                    secret += 1
                    continue
                if attribute not in line["attributes"]:
                    inherited = world.objects.get("Default", {}).get(key)
                    if inherited != values:
                        problems.append(f"{identifier}.{key}: there is no `{attribute}`")
                    continue
                is_ = actual(key, line["attributes"][attribute])
                words = lambda list_: [one.lower().replace("_", "") for one in list_] if key in IN_ANY_CASE else list_
                if key == "directoryPath":
                    # Here the slash at the end says that it is a directory.
                    is_, should = ([one.rstrip("/") for one in list_] for list_ in (is_, should))
                problems.check(f"{identifier}.{key}", words(is_), words(should))
                compared += 1
    finish(problems, f"{instances} instances, {compared} fields compared" + (f", {secret} secret" if secret else ""))


def is_elsewhere(kind, key):
    return key in ELSEWHERE or key.startswith("my") or ("DataNode" in kind and key in OF_DATABASE)


def table(path):
    """What each object is for two intervals."""
    world = World(*load(path))
    for identifier, fields in world.objects.items():
        if not is_activity(world, identifier) and not is_node(world, identifier):
            continue
        times = Times(world, identifier)
        coming = [(NOW, NOW)] if times.on_demand else (one for one in times.near(NOW) if times.due(one) >= NOW)
        for interval, _ in zip(coming, range(2)):
            when = "on demand" if times.on_demand else " to ".join(stamp(interval))
            print(f"{identifier} {when}: waits for {', '.join(dependencies(world, identifier)) or 'nothing'}")
            for key, values in fields.items():
                if is_elsewhere(str(fields["type"][0]), key):
                    continue
                try:
                    print(f"    {key} = {json.dumps(expected(world, interval, identifier, key, values))}")
                except Secret:
                    print(f"    {key} is secret")


def finish(problems, done):
    print(done)
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


def values():
    known = set()
    for path in glob.glob("*.auto.pipevars"):
        if path != "story.auto.pipevars":
            known |= {line.split("=")[0].strip() for line in open(path)}
    for path in glob.glob("*.variables.pipe.hcl"):
        for name, body in re.findall(r'variable "(\w+)" \{\n(.*?)\n\}', open(path).read(), re.S):
            if name not in known and not re.search(r"^\s*default\s*=", body, re.M):
                kind = re.search(r"type\s*=\s*(.*)", body).group(1).strip()
                print(f"{name} = {json.dumps(story_value(name, kind))}")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "whole":
        sys.exit(0 if load(*arguments) else 1)
    elif command == "on-demand":
        world = World(*load(*arguments))
        sys.exit(0 if any(is_activity(world, one) and Times(world, one).on_demand for one in world.objects) else 1)
    elif command == "span":
        span(*arguments)
    elif command == "values":
        values()
    elif command == "planned":
        planned(*arguments)
    elif command == "table":
        table(*arguments)
    else:
        compare(*arguments, triggered=command == "triggered")
