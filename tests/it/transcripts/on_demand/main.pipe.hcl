pipeline "adhoc" {
  activity "shell_command" "make" {
    command         = "echo $1 > made"
    script_argument = [run.object]
  }

  activity "shell_command" "use" {
    depends_on = [activity.make]
    command    = "cat made"
  }
}
