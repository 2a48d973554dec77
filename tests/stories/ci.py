"""Turns a job of a workflow file into a shell script that does its steps in order, as the service would.

    ci.py PIPEFORM github|gitlab|atlantis FILE JOB

What a step needs besides a shell are functions of the story: `checkout PATH REF`, `upload NAME PATH`. Values of `${{ a.b }}` are taken from the
environment, from `E_a_b`. What is written in a file that a service would not take, or that strangers could write into, is refused.
"""

import json
import os
import re
import shlex
import subprocess
import sys

EXPRESSION = re.compile(r"\$\{\{ *([^}]*?) *\}\}")


def read(pipeform, path):
    """The file as the program itself reads YAML."""
    expression = f"yamldecode(file({json.dumps(os.path.basename(path))}))\n"
    done = subprocess.run(
        [pipeform, "console", "--json"], input=expression, cwd=os.path.dirname(path), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def value(text):
    """A value with what its expressions stand for."""

    def found(match):
        name = "E_" + re.sub(r"\W", "_", match[1])
        if name not in os.environ:
            raise SystemExit(f"{name} is not set, for {match[0]}")
        return os.environ[name]

    return EXPRESSION.sub(found, str(text))


def step(condition, name, words, environment, directory):
    words = " ".join(shlex.quote(word) for word in words)
    exports = "".join(f"export {key}={shlex.quote(value(text))}; " for key, text in environment.items())
    print(f"job_step {condition} {shlex.quote(name)} {shlex.quote(f'cd {shlex.quote(directory)} && {exports}{words}')}")


def github(document, name):
    job = document["jobs"][name]
    # Contexts that a service knows at the level of the workflow.
    for text in document.get("env", {}).values():
        for expression in EXPRESSION.findall(str(text)):
            assert expression.split(".")[0] in ("github", "secrets", "vars"), expression
    shared = document.get("env", {}) | job.get("env", {})
    for number, it in enumerate(job["steps"], 1):
        condition = {"": "success", "always()": "always"}[it.get("if", "")]
        title = it.get("name", it.get("uses", f"step {number}"))
        uses, options = it.get("uses", "").split("@")[0], it.get("with", {})
        if uses == "actions/checkout":
            step(condition, title, ["checkout", options["path"], value(options.get("ref", "")) or "HEAD"], {}, ".")
        elif uses == "actions/upload-artifact":
            step(condition, title, ["upload", options["name"], value(options["path"])], {}, ".")
        else:
            assert not uses, uses
            assert "${{" not in it["run"], f"{title}: a value would be a part of the script"
            environment = shared | it.get("env", {})
            step(condition, title, ["bash", "-e", "-c", it["run"]], environment, it.get("working-directory", "."))


def gitlab(document, name):
    shared = document.get("variables", {})
    lines = document[name]["script"]
    # The service does all lines in one shell, which ends where one fails.
    step("success", name, ["bash", "-eo", "pipefail", "-c", "\n".join(lines)], shared, ".")


def atlantis(document, name):
    environment = {}
    for it in document["workflows"]["pipeform"][name]["steps"]:
        if "env" in it:
            environment[it["env"]["name"]] = it["env"]["value"]
            continue
        command = it["run"]["command"] if isinstance(it["run"], dict) else it["run"]
        step("success", command, ["sh", "-c", command], environment, os.environ["E_dir"])


def main():
    pipeform, service, path, name = sys.argv[1:]
    print("failed=0")
    {"github": github, "gitlab": gitlab, "atlantis": atlantis}[service](read(pipeform, path), name)
    print("exit $failed")


main()
