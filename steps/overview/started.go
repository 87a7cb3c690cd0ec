package overview

import (
	"bunnyhop/internal/schema/review"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
)

// Started is what a run was started with. It is journaled before the first
// step, so that a resumed run is the same run.
type Started struct {
	To    string `json:"to,omitempty"`    // upgrade: the version asked for
	Young bool   `json:"young,omitempty"` // upgrade: a release may be young
	// Schema is where the data model is that an upgrade brings in.
	Schema  *model.Source `json:"schema,omitempty"`
	Without []string      `json:"without,omitempty"`   // backup: parts left out
	Backup  string        `json:"backup,omitempty"`    // restore: ID or folder
	Parts   []string      `json:"parts,omitempty"`     // restore: parts put back
	Run     string        `json:"taken_run,omitempty"` // rollback: the upgrade taken back
	// Promotion is what is brought where.
	Promotion *Promotion `json:"promotion,omitempty"`
	Settings  string     `json:"settings,omitempty"` // the file that --config named
}

// StartedWith is where a run keeps it.
var StartedWith = steps.NewSlot[Started]("started_with")

// Promotion is what a promotion was started with.
type Promotion struct {
	Base   model.Source `json:"base"`
	Target model.Source `json:"target"`
	Mode   review.Mode  `json:"mode"`
}
