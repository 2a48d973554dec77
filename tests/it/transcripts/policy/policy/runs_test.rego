package pipeform

import data.nothing

test_never := false
this is no rego
