package overview

import "bunnyhop/steps"

// Started is what a run was started with. It is journaled before the first
// step, so that a resumed run is the same run.
type Started struct {
	To       string   `json:"to,omitempty"`        // upgrade: the version asked for
	Without  []string `json:"without,omitempty"`   // backup: parts left out
	Backup   string   `json:"backup,omitempty"`    // restore: ID or folder
	Parts    []string `json:"parts,omitempty"`     // restore: parts put back
	Run      string   `json:"taken_run,omitempty"` // rollback: the upgrade taken back
	Settings string   `json:"settings,omitempty"`  // the file that --config named
}

// StartedWith is where a run keeps it.
var StartedWith = steps.NewSlot[Started]("started_with")
