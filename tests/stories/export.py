"""Whether two definitions of AWS Data Pipeline are the same up to order, defaults and formatting, without pipeform.

    export.py compare BEFORE AFTER     what differs; exit code 0 or 1

Both are brought into one form: what objects inherit is theirs, defaults of the service are written out, words and periods are in lower
case, expressions have no blanks. What is then spelled differently has to come to the same values, at two moments.
"""

import importlib.util
import os
import re
import sys
from datetime import datetime, timezone

place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "import.py")
spec = importlib.util.spec_from_file_location("definitions", place)
definitions = importlib.util.module_from_spec(spec)
spec.loader.exec_module(definitions)

MOMENTS = [
    (datetime(2026, 12, 2, 3, tzinfo=timezone.utc), datetime(2026, 12, 3, 3, tzinfo=timezone.utc)),
    (datetime(2027, 2, 28, 23, 45, tzinfo=timezone.utc), datetime(2027, 3, 1, tzinfo=timezone.utc)),
]
RUNNABLE = ("Activity", "DataNode", "Ec2Resource", "EmrCluster")
CHECKS = ("Exists", "NotEmpty", "Precondition")
RESOURCES = ("Ec2Resource", "EmrCluster")
# Fields of `Default` that some kinds of objects have only.
MEANT = {
    "scheduleType": RUNNABLE,
    "retryDelay": RUNNABLE + CHECKS,
    "maximumRetries": RUNNABLE + CHECKS,
    "failureAndRerunMode": RUNNABLE + CHECKS,
    "role": RESOURCES + CHECKS + ("SnsAlarm",),
    "resourceRole": RESOURCES,
}
# What the service takes a field for that is not there, by the kinds of objects.
DEFAULTS = [
    (RUNNABLE, "scheduleType", "timeseries"),
    (RUNNABLE + CHECKS, "retryDelay", "10 minute"),
    (RUNNABLE, "maximumRetries", "2"),
    (RUNNABLE, "failureAndRerunMode", "none"),
    (RESOURCES, "role", "datapipelinedefaultrole"),
    (RESOURCES, "resourceRole", "datapipelinedefaultresourcerole"),
    (("Schedule",), "startAt", "first_activation_date_time"),
]
# Words and periods, which the service takes in any case.
ANY_CASE = {
    "scheduleType", "retryDelay", "failureAndRerunMode", "role", "resourceRole", "startAt", "insertMode", "stage", "period", "attemptTimeout",
    "lateAfterTimeout", "terminateAfter", "preconditionTimeout", "compression", "s3EncryptionType", "actionOnTaskFailure",
    "actionOnResourceFailure", "hadoopSchedulerType", "initTimeout", "reportProgressTimeout",
}
PERIODS = {
    "retryDelay", "period", "attemptTimeout", "lateAfterTimeout", "terminateAfter", "preconditionTimeout", "initTimeout", "reportProgressTimeout",
}
# Objects that are nothing by themselves, whose ids say nothing.
NAMELESS = {"Property"}


def whole(path):
    objects, parameters, values = definitions.load(path)
    # Old tables say of their database what is in an object of its own today.
    for identifier, fields in list(objects.items()):
        if fields.get("type", [""])[0] in ("MySqlDataNode", "SqlDataNode") and "connectionString" in fields and "database" not in fields:
            moved = {key: fields.pop(key) for key in definitions.OF_DATABASE if key in fields}
            other = identifier + "Database"
            objects[other] = {"name": [other], "type": ["JdbcDatabase"], **moved}
            fields["database"] = [{"ref": other}]
    return definitions.World(objects, parameters, values)


def tight(text):
    """A text whose expressions have no blanks outside of quotes, and one kind of quotes."""

    def inside(match):
        tokens = re.findall(r"'[^']*'|\"[^\"]*\"|\d+\.\d+|\d+|[*@]?\w+|[-+*/^(),.]", match.group(0)[2:-1])
        tokens = ["'" + token[1:-1] + "'" if token[0] in "'\"" and "'" not in token[1:-1] else token for token in tokens]
        return "#{" + "".join(tokens) + "}"

    return re.sub(r"#\{(?:'[^']*'|\"[^\"]*\"|[^}])*\}", inside, text)


class Form:
    """A definition in the form in which it is compared."""

    def __init__(self, path):
        self.world = whole(path)
        self.objects = {}
        for identifier, fields in self.world.objects.items():
            kind = str(fields.get("type", [""])[0])
            if kind in ("", "Default") or kind in NAMELESS or self.on_demand(identifier):
                continue
            self.objects[identifier] = self.object(identifier, kind)

    def on_demand(self, identifier):
        get = lambda key: str((self.world.field(identifier, key) or [""])[0]).upper()
        return get("period") == "ONDEMAND_PERIOD" or get("startAt") == "ONDEMAND_ACTIVATION_TIME"

    def object(self, identifier, kind):
        own = self.world.objects[identifier]
        keys = {key for holder in self.world.lineage(identifier) for key in self.world.objects[holder]} - {"type", "parent", "name"}
        # What the service sets itself is no part of a definition.
        keys = {key for key in keys if not key.startswith("@")}
        # What an object inherits and its type does not have means nothing.
        keys -= {key for key, kinds in MEANT.items() if key not in own and not kind.endswith(kinds)}
        form = {"type": [kind], "name": own["name"]}
        for key in keys:
            values = self.world.field(identifier, key)
            values = [value for value in values if not (isinstance(value, dict) and self.on_demand(value["ref"]))]
            if values:
                # An old name of the same.
                form[{"logUri": "pipelineLogUri"}.get(key, key)] = self.field(key, values)
        if "schedule" not in form and form.get("scheduleType", [""]) == ["ondemand"]:
            form.pop("scheduleType")
        for kinds, key, value in DEFAULTS:
            if kind.endswith(kinds) and key not in form and not (key == "startAt" and "startDateTime" in form):
                if key != "scheduleType" or "schedule" in form:
                    form[key] = [value]
        return form

    def field(self, key, values):
        if all(isinstance(value, dict) for value in values):
            targets = [value["ref"] for value in values]
            return sorted(self.content(target) for target in targets)
        form = []
        for value in values:
            text = tight(str(value))
            if key in ("step", "bootstrapAction"):
                text = definitions.split(text)
            elif key == "directoryPath":
                text = text.rstrip("/")
            elif key in ("startDateTime", "endDateTime") and "#{" not in text:
                text = datetime.fromisoformat(text).replace(tzinfo=None).isoformat(timespec="seconds")
            elif key in PERIODS and "#{" not in text:
                # `1 Days` is `1 day`, and a number alone counts hours.
                count, *unit = text.lower().split()
                text = f"{count} {(unit or ['hours'])[0].rstrip('s')}"
            elif key in ANY_CASE:
                text = text.lower()
            form.append(text)
        return form

    def content(self, target):
        """An object as a reference to it: by its id, or by what it holds if its id says nothing."""
        fields = self.world.objects.get(target, {})
        if str(fields.get("type", [""])[0]) not in NAMELESS:
            return target
        return str(sorted((key, tight(str(values[0]))) for key, values in fields.items() if key != "name"))


def evaluated(world, identifier, values):
    found = []
    for at in MOMENTS:
        for value in values:
            one = world.text(at, value, identifier)
            found.extend(one if isinstance(one, list) else [one])
    return found


def parameters(before, after, problems):
    """Parameters are the same as well, and those are declared that were only read."""
    read = set(re.findall(r"\*?my[A-Z_]\w*", str(before.objects)))
    count = 0
    for identifier in sorted(set(before.parameters) | set(after.parameters)):
        was, is_ = before.parameters.get(identifier, {}), after.parameters.get(identifier)
        if is_ is None:
            problems.append(f"parameter {identifier} is lost")
            continue
        if identifier not in before.parameters and identifier not in read and identifier not in before.values and identifier not in made(before):
            problems.append(f"parameter {identifier} is new")
        for key in sorted((set(was) | set(is_)) - {"id"}):
            default = {"type": ["String"], "optional": ["false"], "isArray": ["false"]}.get(key)
            one, other = was.get(key, default), is_.get(key, default)
            if key in ("type", "optional", "isArray") and one and other:
                one, other = ([str(text).lower() for text in list_] for list_ in (one, other))
            if key == "default" and (identifier.startswith("*") or identifier in before.secrets):
                continue
            if identifier not in before.parameters and key in ("type", "isArray"):
                continue
            if numbers(one) != numbers(other):
                problems.append(f"parameter {identifier}.{key}: {other}, was {one}")
            count += 1
    for identifier in sorted(set(before.values) | set(after.values)):
        if identifier.startswith("*") or identifier in before.secrets:
            continue
        given = lambda world: world.values.get(identifier, world.parameters.get(identifier, {}).get("default"))
        if numbers(given(before)) != numbers(given(after)):
            problems.append(f"value of {identifier}: {given(after)}, was {given(before)}")
        count += 1
    return count


def numbers(values):
    """Values of a parameter; `1.0` is `1`."""
    plain = re.compile(r"-?\d+(\.\d+)?")
    return [float(text) if plain.fullmatch(text) else text for text in map(str, values or [])]


def made(world):
    """Hidden parameters for what was in clear."""
    names = set()
    for identifier, fields in world.objects.items():
        if any("#{" not in str(value) for value in fields.get("*password", [])):
            words = (world.label(identifier) + "_password").split("_")
            names.add("*my" + "".join(word.capitalize() for word in words))
    return names


def read_secrets(before, after):
    """What is hidden in one field and in clear in another is read as the same parameter in both."""
    for identifier, fields in before.items():
        for key, values in fields.items():
            read = after.get(identifier, {}).get(key)
            for secret in map(str, values if key.startswith("*") and read else []):
                if "#{" in secret or len(secret) < 8:
                    continue
                for others in before.values():
                    for name, texts in others.items():
                        if not name.startswith("*"):
                            others[name] = [text.replace(secret, str(read[0])) if isinstance(text, str) else text for text in texts]


def compare(before, after):
    one, other = Form(before), Form(after)
    read_secrets(one.objects, other.objects)
    problems, same, by_value, hidden, counted = [], 0, 0, 0, 0
    for identifier in sorted(set(one.objects) | set(other.objects)):
        was, is_ = one.objects.get(identifier), other.objects.get(identifier)
        if was is None or is_ is None:
            problems.append(f"object {identifier}: {'is new' if was is None else 'is lost'}")
            continue
        for key in sorted(set(was) | set(is_)):
            left, right = was.get(key), is_.get(key)
            if left == right and "#{" in str(left):
                values = agree(one, other, identifier, key)
                counted += bool(values)
                if values is False:
                    problems.append(f"{identifier}.{key} is spelled the same, and comes to something else")
            if left == right:
                same += 1
            elif key.startswith("*") and "#{" not in str(left):
                hidden += 1
            elif right is None and key not in one.world.objects[identifier] and handed_on(other, key, left):
                same += 1
            elif left and right and agree(one, other, identifier, key):
                by_value += 1
            else:
                problems.append(f"{identifier}.{key}: {right}, was {left}")
    known = parameters(one.world, other.world, problems)
    text = f"{len(one.objects)} objects, {same} fields the same"
    text += f", {by_value} spelled otherwise" if by_value else ""
    text += f", {counted + by_value} evaluated twice" if counted + by_value else ""
    text += f", {hidden} secrets left out" if hidden else ""
    print(text + f", {known} of parameters the same")
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


def handed_on(form, key, values):
    """What `Default` said is said by the objects whose type has the field."""
    return any(key in fields and fields[key] == values for fields in form.objects.values())


def agree(one, other, identifier, key):
    """Whether a field comes to the same values; None if it is a secret, or if nobody can say."""
    try:
        was, is_ = (evaluated(form.world, identifier, form.world.field(identifier, key) or []) for form in (one, other))
    except (definitions.Secret, KeyError, AssertionError, TypeError):
        return None
    if key == "directoryPath":
        was, is_ = ([text.rstrip("/") for text in list_] for list_ in (was, is_))
    return was == is_


if __name__ == "__main__":
    compare(sys.argv[2], sys.argv[3])
