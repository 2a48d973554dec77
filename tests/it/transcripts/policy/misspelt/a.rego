package pipeform

deny contains "x" if {
  some change in input.resource_chnges
  change.type == "pipeline"
}

warn contains "y" if input.effects.totals.backfil > 100
