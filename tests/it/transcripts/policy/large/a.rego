package p

deny contains "x" if count(numbers.range(1, 1000000000000000)) < 0
