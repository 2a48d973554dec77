"""What tftest finds in a plan, an apply and the outputs: plan-tools.py PIPEFORM DIRECTORY. Prints what it found, a line each."""

import sys

import tftest


def main():
    pipeform, directory = sys.argv[1:]
    test = tftest.TerraformTest(directory, binary=pipeform)
    test.setup()
    plan = test.plan(output=True)
    print("variable", plan.variables["command"])
    print("planned", plan.outputs["where"])
    changes = {address: change["change"]["actions"] for address, change in plan.resource_changes.items()}
    print("changes", sorted(changes.items()))
    load = plan.modules["pipeline.orders"].resources["activity.load"]["values"]
    print("command", load["command"])
    rules = {
        "an activity tries more than once": load["max_retries"] > 1,
        "an activity tries more than five times": load["max_retries"] > 5,
    }
    for rule, holds in rules.items():
        print("passed" if holds else "failed", rule)
    test.apply()
    print("output", test.output()["where"])
    empty = test.plan(output=True)
    print("after", sorted({tuple(change["change"]["actions"]) for change in empty.resource_changes.values()}))
    test.destroy()


main()
