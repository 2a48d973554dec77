# Pipelines are not destroyed by a pull request.
package pipeform

deny contains msg if {
	some change in input.resource_changes
	change.type == "pipeline"
	"delete" in change.change.actions
	msg := sprintf("The plan destroys `%s`.", [change.address])
}
