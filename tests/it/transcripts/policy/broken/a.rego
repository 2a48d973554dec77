package pipeform

deny contains "x" if {
  input.runs >
}
