package p

deny contains "x" if {
	some a in numbers.range(1, 1000000)
	some b in numbers.range(1, 1000000)
	a * b == 0
}
