// Package rollback is the flow that takes a finished upgrade back: code and
// database together, from the recorded pair (S4).
package rollback

import (
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/service"
	"bunnyhop/steps/site"
)

// Options are the choices made before the flow starts.
type Options struct {
	// Run is the finished upgrade run to take back; empty means the newest.
	Run string
}

// Flow returns the rollback flow. The table is the runbook.
func Flow(o site.Options, choice Options) steps.Flow {
	s := site.New(o)
	const (
		prepare = steps.Prepare
		cutover = steps.Cutover
		finish  = steps.Finish
	)
	return steps.Flow{
		ID:    "rollback",
		Title: "Roll back",
		Steps: []steps.Step{
			{ID: "inspect", Phase: prepare, Title: "Look at what would be lost", Proof: "looking again", Undo: "–", Action: inspect{s, choice}},
			{ID: "confirm", Phase: prepare, Title: "Confirm", Proof: "the answer", Undo: "–", Action: confirm{s}},
			{ID: "stop", Phase: cutover, Title: "Stop the server", Proof: "no process, no session", Undo: "start it", Action: service.Stop{Site: s}},
			{ID: "save", Phase: cutover, Title: "Save the present state", Proof: "manifest and digests", Undo: "kept", Action: backup.Final{Site: s, Suffix: "-before-rollback", Configuration: true}},
			{ID: "switch", Phase: cutover, Title: "Switch the code back", Proof: "paths", Undo: "rename forward", Action: switchBack{s}},
			{ID: "restore", Phase: cutover, Title: "Restore the database", Proof: "fingerprint of every table", Undo: "restore the saved state", Action: backup.Restore{Site: s, From: finalBackup}},
			{ID: "start", Phase: cutover, Title: "Start the server", Proof: "ping and version", Undo: "stop", Action: start{s}},
			{ID: "report", Phase: finish, Title: "Report", Proof: "–", Undo: "–", Action: report{s}},
		},
		Result: facts.Result,
	}
}
