package team.habits

warn contains {"msg": msg} if {
	data.lib.big(input.effects.totals.backfill)
	msg := "The plan back-fills."
}
