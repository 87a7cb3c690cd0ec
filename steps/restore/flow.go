// Package restore is the flow that puts a backup back.
package restore

import (
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/service"
	"bunnyhop/steps/site"
)

// Options are the choices made before the flow starts.
type Options struct {
	// Backup is the ID or folder of the backup.
	Backup string
	// Parts names what is put back; empty means the database only.
	Parts []string
}

// Flow returns the restore flow. The table is the runbook.
func Flow(o site.Options, choice Options) steps.Flow {
	s := site.New(o)
	const (
		prepare = steps.Prepare
		cutover = steps.Cutover
		finish  = steps.Finish
	)
	return steps.Flow{
		ID:    "restore",
		Title: "Restore",
		Steps: []steps.Step{
			{ID: "inspect", Phase: prepare, Title: "Look at project and backup", Proof: "looking again", Undo: "–", Action: inspect{s, choice}},
			{ID: "confirm", Phase: prepare, Title: "Confirm", Proof: "the answer", Undo: "–", Action: confirm{s}},
			{ID: "stop", Phase: cutover, Title: "Stop the server", Proof: "no process, no session", Undo: "start it", Action: service.Stop{Site: s}},
			{ID: "save", Phase: cutover, Title: "Save the present state", Proof: "manifest and digests", Undo: "kept", Action: save{backup.Final{Site: s, Suffix: "-before-restore", Configuration: true}}},
			{ID: "files", Phase: cutover, Title: "Put the files back", Proof: "paths", Undo: "rename back", Action: files{s}},
			{ID: "restore", Phase: cutover, Title: "Restore the database", Proof: "fingerprint of every table", Undo: "restore the saved state", Action: backup.Restore{Site: s, From: databaseSource}},
			{ID: "start", Phase: cutover, Title: "Start the server", Proof: "ping and version", Undo: "stop", Action: start{s}},
			{ID: "report", Phase: finish, Title: "Report", Proof: "–", Undo: "–", Action: report{s}},
		},
		Result: facts.Result,
	}
}
