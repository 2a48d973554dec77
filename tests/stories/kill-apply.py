"""Kills pipeform at its writes, one after the other: strace sends SIGKILL as a system call begins that would change a file, so that it
is not done. What the state says afterwards is compared with what it said before, and with what it says when nothing is killed.

Usage: kill-apply.py PIPEFORM DIRECTORY EVERY

EVERY: 1 kills at every write, 3 at each third, from a random one on.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

binary, directory, every = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
seed = int(os.environ.get("PIPEFORM_SEED", random.SystemRandom().randrange(1 << 30)))
print(f"seed {seed} (PIPEFORM_SEED repeats it)")
dice = random.Random(seed)
WRITES = "write,pwrite64,ftruncate,fdatasync,fsync,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,link,linkat"
FIRST = """
schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

pipeline "logs" {
  schedule = schedule.daily

  data_node "file" "day" {
    path = "out/${run.date}"
  }

  activity "shell_command" "write" {
    command = "echo one"
    output  = data_node.day
  }

  activity "shell_command" "read" {
    command = "echo two"
    input   = data_node.day
  }
}

pipeline "old" {
  activity "shell_command" "tidy" {
    command = "true"
  }
}

output "greeting" {
  value = "first"
}
"""
# One object goes, one comes, two change, one is moved, and the output changes.
SECOND = (
    FIRST.replace("echo one", "echo three").replace('"first"', '"second"').replace('"1 day"', '"12 hours"')
    .replace("run.date", "run.scheduled_start").replace('"old"', '"new"').replace('"tidy"', '"sweep"').replace('"read"', '"count"')
    + '\nmoved {\n  from = pipeline.logs.activity.read\n  to   = pipeline.logs.activity.count\n}\n'
)


def pipeform(where, *arguments, ok=(0,), kill=None):
    environment = dict(os.environ, PIPEFORM_NOW="2026-11-24T12:00:00Z")
    command = [binary, *arguments]
    if kill:
        inject = f"inject={WRITES}:signal=KILL:when={kill}"
        command = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={WRITES}", "-e", inject, *command]
    done = subprocess.run(command, cwd=where, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    killed = kill and done.returncode in (-9, 137)
    if not killed and done.returncode not in ok:
        sys.exit(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return None if killed else done


def said(where):
    """What the state says, without when and by whom."""
    whole = json.loads(pipeform(where, "state", "pull").stdout)
    whole.pop("lineage", None)
    for apply in whole.get("applies", []):
        for name in ("at", "who", "plan_hash"):
            apply.pop(name, None)
    return whole


def copy(of, to):
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(of, to, symlinks=True)
    return to


def story(name, base, *arguments, after=None, finish=("apply", "--auto-approve")):
    """Kills a command at its writes. `after`: looks at what else it makes."""
    work = directory / "work"
    before = said(base)
    whole = copy(base, directory / "whole")
    pipeform(whole, *arguments)
    end = said(whole)
    if finish:
        pipeform(whole, *finish)
    finished = said(whole)
    seen = {"before": 0, "after": 0}
    number = dice.randint(1, every)
    while True:
        copy(base, work)
        if pipeform(work, *arguments, kill=number):
            break
        found = said(work)
        if found not in (before, end):
            sys.exit(f"{name}: killed at write {number}, the state is neither what it was nor what it is to be:\n{json.dumps(found, indent=1)}")
        seen["after" if found == end and end != before else "before"] += 1
        if after:
            after(work)
        if finish:
            pipeform(work, *finish)
        else:
            pipeform(work, *arguments, ok=(0, 1))
        again = said(work)
        # An apply that did nothing more is not counted, nor is one that was told twice.
        for one in (again, finished):
            one.pop("applies", None)
            one.pop("serial", None)
            for thing in one.get("objects", []):
                thing.pop("since", None)
        if again != finished:
            sys.exit(f"{name}: killed at write {number}, and completed, the state is not what it is to be")
        number += every
    kills = sum(seen.values())
    if kills == 0:
        sys.exit(f"{name}: nothing was killed")
    print(f"{name}: {kills} kills, {seen['before']} times nothing was done, {seen['after']} times all, never a part")


def plan_is_whole(where):
    """A plan is there whole, or not at all, and nothing else is left."""
    names = {path.name for path in where.iterdir()} - {".pipeform", "main.pipe.hcl"}
    if "saved" in names:
        pipeform(where, "show", "saved")
    left = [name for name in names if name != "saved" and not name.startswith(".")]
    if left:
        sys.exit(f"left behind: {left}")


def main():
    if not shutil.which("strace"):
        sys.exit("strace is missing: tests/install installs it")
    empty = directory / "empty"
    empty.mkdir()
    (empty / "main.pipe.hcl").write_text(FIRST)
    story("first apply", empty, "apply", "--auto-approve")
    applied = copy(empty, directory / "applied")
    pipeform(applied, "apply", "--auto-approve")
    story("move in the state", applied, "state", "mv", "pipeline.old", "pipeline.older", finish=None)
    (applied / "main.pipe.hcl").write_text(SECOND)
    story("second apply", applied, "apply", "--auto-approve", "--allow-runs=100")
    story("saving a plan", applied, "plan", "--out", "saved", after=plan_is_whole, finish=("apply", "--auto-approve", "--allow-runs=100"))
    planned = copy(applied, directory / "planned")
    pipeform(planned, "plan", "--out", "saved")
    story("apply of a saved plan", planned, "apply", "--allow-runs=100", "saved", finish=("apply", "--auto-approve", "--allow-runs=100"))
    story("destroy", applied, "destroy", "--auto-approve", finish=("destroy", "--auto-approve"))


main()
