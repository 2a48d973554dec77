"""Random races of two checkouts of one state: A plans, B applies, A applies its plan. What the state holds is compared with what each
of them changed, as `show --json` tells it, without anything of pipeform's own comparison.

Usage: two-checkouts.py PIPEFORM DIRECTORY RACES
"""

import json
import os
import random
import subprocess
import sys

binary, directory, races = sys.argv[1], sys.argv[2], int(sys.argv[3])
seed = int(os.environ.get("PIPEFORM_SEED", random.SystemRandom().randrange(1 << 30)))
print(f"seed {seed} (PIPEFORM_SEED repeats it)")
dice = random.Random(seed)
NAMES = ["a", "b", "c", "d", "e", "f"]
NODES = ["m", "n"]


def pipeform(checkout, *arguments):
    environment = dict(os.environ, PIPEFORM_DATA_DIR=f"{directory}/state")
    return subprocess.run(
        [binary, *arguments], cwd=f"{directory}/{checkout}", env=environment,
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )


def must(result):
    if result.returncode != 0:
        sys.exit(f"{result.args}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def text(pipelines):
    lines = ['schedule "daily" {\n  every = "1 day"\n  start = "2026-11-20"\n}\n']
    lines += [f'data_node "file" "{node}" {{\n  path = "/tmp/{node}/${{run.date}}"\n}}\n' for node in NODES]
    for pipeline, activities in sorted(pipelines.items()):
        lines.append(f'pipeline "{pipeline}" {{\n  schedule = schedule.daily\n')
        for name, (command, after, reads, writes) in sorted(activities.items()):
            needs = ", ".join(f"pipeline.{other}.activity.{one}" for other, one in after)
            lines.append(f'  activity "shell_command" "{name}" {{\n    command    = "echo {command}"\n')
            if after:
                lines.append(f"    depends_on = [{needs}]\n")
            for attribute, nodes in (("input", reads), ("output", writes)):
                if nodes:
                    lines.append(f"    {attribute} = [{', '.join(f'data_node.{node}' for node in nodes)}]\n")
            lines.append("  }\n")
        lines.append("}\n")
    return "".join(lines)


def named(pipelines, node, side):
    """The names of those that read (2) or write (3) a data node."""
    return [name for activities in pipelines.values() for name, one in activities.items() if node in one[side]]


def edited(pipelines):
    """One or two random edits that leave a right configuration: what is waited for, by itself or for its data, has an earlier name."""
    pipelines = {name: dict(activities) for name, activities in pipelines.items()}
    for _ in range(dice.randint(1, 2)):
        pipeline = dice.choice(sorted(pipelines))
        activities = pipelines[pipeline]
        name = dice.choice(NAMES)
        if name in activities and dice.random() < 0.25:
            del activities[name]
            for others in pipelines.values():
                for one, (command, after, reads, writes) in list(others.items()):
                    others[one] = (command, [it for it in after if it != (pipeline, name)], reads, writes)
        else:
            activities.pop(name, None)
            earlier = [(other, one) for other, found in pipelines.items() for one in found if one < name]
            after = dice.sample(earlier, min(len(earlier), dice.randint(0, 2)))
            reads = [it for it in NODES if dice.random() < 0.3 and all(one < name for one in named(pipelines, it, 3))]
            writes = [it for it in NODES if dice.random() < 0.3 and all(one > name for one in named(pipelines, it, 2))]
            writes = [it for it in writes if it not in reads]
            activities[name] = (str(dice.randrange(1000)), sorted(after), reads, writes)
    return pipelines


def objects(document):
    found = {}

    def collect(module):
        for resource in module.get("resources", []):
            found[resource["address"]] = (resource["type"], json.dumps(resource["values"], sort_keys=True))
        for child in module.get("child_modules", []):
            collect(child)

    collect(document.get("values", document.get("planned_values", {})).get("root_module", {}))
    return found


def differences(one, other):
    return {address for address in one.keys() | other.keys() if one.get(address) != other.get(address)}


def nodes(attribute, values):
    """The data nodes that an attribute of an object names."""
    return set(json.loads(values).get(attribute) or [])


def touching(address, found):
    """What an object names, what names it, and who reads what it writes."""
    content = found.get(address, ("", "{}"))[1]
    names = {other for other in found if f'"{other}"' in content}
    readers = {other for other, (_, values) in found.items() if nodes("input", values) & nodes("output", content)}
    return names | readers | {other for other, (_, text) in found.items() if f'"{address}"' in text}


applied = refused = unseen = 0
base = {
    "p": {"a": ("1", [], [], ["m"]), "c": ("2", [("p", "a")], [], [])},
    "q": {"b": ("3", [("p", "a")], [], []), "e": ("4", [], [], [])},
    "r": {"d": ("5", [], ["m"], ["n"])},
    "s": {"f": ("6", [], ["n"], [])},
}
for checkout in ("a", "b"):
    os.makedirs(f"{directory}/{checkout}")
for race in range(races):
    for checkout in ("a", "b"):
        with open(f"{directory}/{checkout}/main.pipe.hcl", "w") as file:
            file.write(text(base))
    must(pipeform("a", "apply", "--auto-approve"))
    before = objects(json.loads(must(pipeform("a", "show", "--json"))))
    for checkout in ("a", "b"):
        with open(f"{directory}/{checkout}/main.pipe.hcl", "w") as file:
            file.write(text(edited(base)))
    must(pipeform("a", "plan", "--out=plan"))
    wanted = objects(json.loads(must(pipeform("a", "show", "--json", "plan"))))
    must(pipeform("b", "apply", "--auto-approve"))
    between = objects(json.loads(must(pipeform("b", "show", "--json"))))
    result = pipeform("a", "apply", "plan")
    after = objects(json.loads(must(pipeform("a", "show", "--json"))))
    mine, theirs = differences(before, wanted), differences(before, between)
    seen = mine | {other for address in mine for state in (before, wanted, between) for other in touching(address, state)}
    if result.returncode == 0:
        applied += 1
        expected = {**between, **{address: wanted[address] for address in mine if address in wanted}}
        expected = {address: it for address, it in expected.items() if address not in mine or address in wanted}
        if mine and seen & theirs or after != expected:
            unseen += 1
            print(f"race {race}: applied over {sorted(seen & theirs)}; {differences(after, expected)} is not as it should be")
    else:
        refused += 1
        if after != between:
            unseen += 1
            print(f"race {race}: refused, and {differences(after, between)} was changed")
        if "Plan applied already" in result.stderr:
            if any(between.get(address) != wanted.get(address) for address in mine):
                sys.exit(f"race {race}: called applied already, and it is not:\n{result.stderr}")
        elif not any(address in result.stderr for address in theirs):
            sys.exit(f"race {race}: refused, and nothing is named of {sorted(theirs)}:\n{result.stderr}")
print(f"{races} races: {applied} applied, {refused} refused, {unseen} applied over what they did not see")
if applied == 0 or refused == 0:
    sys.exit("a race that always ends the same shows nothing")
