# A plan that starts many runs wants a second look, even where `max_runs_per_apply` allows them.
package pipeform

limit := 100

deny contains msg if {
	started := input.effects.totals.backfill + object.get(input.effects.totals, "rerun", 0)
	started > limit
	msg := sprintf("The plan starts %d runs, and no more than %d are allowed without a second look.", [started, limit])
}

warn contains msg if {
	input.effects.totals.in_flight > 0
	msg := sprintf("%d runs are in flight and keep their old definition.", [input.effects.totals.in_flight])
}
