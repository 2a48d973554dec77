package pipeform

deny contains "x" if {
	to_number(input.made.who) > 1
}
