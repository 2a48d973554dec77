"""Random changes of a configuration, each planned, applied and run: which instances the plan says become due, and which there are then.

The instances of each activity are compared by their intervals: how many, the first and the last, and that no other activity gets any.

Usage: prediction.py PIPEFORM DIRECTORY CHANGES
"""

import datetime
import json
import os
import random
import subprocess
import sys

binary, directory, changes = sys.argv[1], sys.argv[2], int(sys.argv[3])
seed = int(os.environ.get("PIPEFORM_SEED", random.SystemRandom().randrange(1 << 30)))
print(f"seed {seed} (PIPEFORM_SEED repeats it)")
dice = random.Random(seed)
os.makedirs(directory)
now = datetime.datetime(2026, 3, 20, 12, 0, tzinfo=datetime.timezone.utc)


def pipeform(*arguments, expected=(0,)):
    environment = dict(os.environ, PIPEFORM_NOW=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    result = subprocess.run(
        [binary, *arguments], cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if result.returncode not in expected:
        sys.exit(f"{result.args}: {result.returncode}\n{result.stdout}{result.stderr}\n{open(directory + '/main.pipe.hcl').read()}")
    return result.stdout


def schedule():
    zone = dice.choice(["UTC", "Europe/Berlin", "America/New_York"])
    if dice.random() < 0.3:
        when = f'cron = "{dice.choice(["0 */6 * * *", "30 2 * * *", "15 9 * * 1-5"])}"'
    else:
        when = f'every = "{dice.choice(["1 day", "6 hours", "90 minutes", "1 week", "2 days"])}"'
    start = f"2026-03-{dice.randint(1, 28):02}T00:00:00"
    return f'{when}\n  start    = "{start}"\n  timezone = "{zone}"'


def activity():
    return {
        "active": dice.choice([None, None, None, True, False]),
        "catch_up": dice.choice([None, None, "all", "latest", "none"]),
        "description": str(dice.randrange(3)),
    }


world = {"schedule": schedule(), "a": activity(), "b": activity(), "c": activity()}


def write():
    lines = [f'schedule "s" {{\n  {world["schedule"]}\n}}\n\npipeline "p" {{\n  schedule = schedule.s\n']
    for name in "abc":
        if world[name] is None:
            continue
        lines.append(f'  activity "no_op" "{name}" {{\n')
        for attribute, value in world[name].items():
            if value is not None:
                lines.append(f"    {attribute} = {json.dumps(value)}\n")
        lines.append("  }\n")
    with open(f"{directory}/main.pipe.hcl", "w") as file:
        file.write("".join(lines) + "}\n")


def edit():
    for _ in range(dice.choice([1, 1, 2])):
        what = dice.choice(["schedule", "a", "b", "c"])
        if what == "schedule":
            world["schedule"] = schedule()
        else:
            world[what] = None if world[what] and dice.random() < 0.3 else activity()


def instances():
    found = {}
    for line in pipeform("history", "--json", "--limit", "1000000").splitlines():
        run = json.loads(line)
        found.setdefault(run["address"], {})[run["scheduled_start"]] = run["status"]
    return found


def moment(text):
    return datetime.datetime.fromisoformat(text)


wrong = backfilled = due = dropped = 0
for number in range(changes):
    now += datetime.timedelta(minutes=dice.choice([0, 7, 95, 1500, 5000]))
    edit()
    write()
    before = instances()
    effects = [json.loads(line) for line in pipeform("plan", "--json").splitlines() if '"type":"effects"' in line]
    said = {one["address"]: one for pipeline in effects[0]["effects"]["pipelines"] for one in pipeline["activities"]}
    pipeform("apply", "--auto-approve", "--allow-runs=100000")
    pipeform("plan", "--detailed-exitcode")
    pipeform("run", "--parallelism", "8")
    after = instances()
    for name in "abc":
        address = f"pipeline.p.activity.{name}"
        one = said.get(address, {})
        old, new = before.get(address, {}), after.get(address, {})
        made = sorted((key for key in new if old.get(key) != new[key] and new[key] == "FINISHED"), key=moment)
        expected = one.get("backfill", 0) + one.get("due", 0)
        backfilled += one.get("backfill", 0)
        due += one.get("due", 0)
        dropped += one.get("dropped", 0) + one.get("passed_over", 0)
        ends = [one[end]["start"] for end in ("oldest", "newest") if one.get(end)]
        in_range = not ends or one.get("due", 0) or (made and moment(made[0]) == moment(ends[0]) and moment(made[-1]) == moment(ends[-1]))
        if len(made) != expected or not in_range:
            wrong += 1
            print(f"change {number}: {address}: the plan said {one}; finished are {len(made)}: {made[:3]} … {made[-3:]}")
print(f"{changes} changes: {backfilled} runs back-filled, {due} due anyway, {dropped} dropped, {wrong} predicted wrongly")
if not (backfilled and due and dropped):
    sys.exit("changes that do nothing show nothing")
