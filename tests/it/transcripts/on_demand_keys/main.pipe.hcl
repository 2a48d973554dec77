pipeline "adhoc" {
  activity "shell_command" "make" {
    command         = "echo $1"
    script_argument = [run.scheduled_start]
  }
}
