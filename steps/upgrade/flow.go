// Package upgrade is the flow that brings a project to another Directus
// version.
package upgrade

import (
	"slices"

	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/code"
	"bunnyhop/steps/model"
	"bunnyhop/steps/service"
	"bunnyhop/steps/site"
)

// Options are the choices made before the flow starts.
type Options struct {
	// To is the target version; empty asks for it.
	To string
	// AllowYoung takes a release without a question that is younger than the
	// minimum age.
	AllowYoung bool
	// LookOnly is set for a check without an upgrade.
	LookOnly bool
	// Schema is where a data model is that is to be brought in with the upgrade;
	// nil brings none in.
	Schema *model.Source
}

// Flow returns the upgrade flow. The table is the runbook: it is done from
// top to bottom, and a failure in the cutover undoes it from there upwards.
func Flow(o site.Options, choice Options) steps.Flow {
	s := site.New(o)
	m := &models{site: s, from: choice.Schema}
	const (
		prepare = steps.Prepare
		cutover = steps.Cutover
		finish  = steps.Finish
	)
	return steps.Flow{
		ID:    "upgrade",
		Title: "Upgrade",
		Steps: withoutModel(choice, backup.WithoutUnused(o, []steps.Step{
			{ID: "inspect", Phase: prepare, Title: "Look at the project", Proof: "looking again", Undo: "–", Action: site.Inspect{Site: s}},
			{ID: "wanted", Phase: prepare, Title: "Read the wanted data model", Proof: "it was kept", Undo: "–", Action: readWanted{m}},
			{ID: "choose", Phase: prepare, Title: "Choose the version", Proof: "the package can be had", Undo: "–", Action: choose{s, choice}},
			{ID: "check", Phase: prepare, Title: "Check what will break", Proof: "looking again", Undo: "–", Action: check{site: s}},
			{ID: "backup", Phase: prepare, Title: "Back up", Proof: "manifest and digests", Undo: "kept", Action: backup.Full{Site: s}},
			{ID: "prove", Phase: prepare, Title: "Prove the backup", Proof: "recorded comparison and digests", Undo: "scratch is dropped", Action: backup.Prove{Site: s}},
			{ID: "upload", Phase: prepare, Title: "Copy to the bucket", Proof: "names and sizes in the bucket", Undo: "kept", Action: backup.Upload{Site: s, Optional: true}},
			{ID: "stage", Phase: prepare, Title: "Install beside", Proof: "the CLI prints the version, native modules load", Undo: "folder is removed", Action: code.Stage{Site: s}},
			{ID: "rehearse", Phase: prepare, Title: "Rehearse on the copy", Proof: "the report fits backup and stage", Undo: "scratch is dropped", Action: rehearse{s, m}},
			{ID: "review", Phase: prepare, Title: "Review the changes", Proof: "every change is decided", Undo: "–", Action: review{s, m}},
			{ID: "try", Phase: prepare, Title: "Try the decisions on the copy", Proof: "the copy's data model read again", Undo: "scratch is dropped", Action: try{s, m}},
			{ID: "stop", Phase: cutover, Title: "Stop the server", Proof: "no process, no session", Undo: "start it", Action: service.Stop{Site: s}},
			{ID: "final-backup", Phase: cutover, Title: "Final backup", Proof: "manifest and digests", Undo: "kept", Action: backup.Final{Site: s}},
			{ID: "switch", Phase: cutover, Title: "Switch the code", Proof: "paths", Undo: "rename back", Action: code.Switch{Site: s}},
			{ID: "migrate", Phase: cutover, Title: "Migrate, one attempt", Proof: "recorded ids, schema as rehearsed", Undo: "restore the final backup", Action: migrate{s, m}},
			{ID: "apply", Phase: cutover, Title: "Apply the decisions", Proof: "reading again", Undo: "restore the final backup", Action: apply{s, m}},
			{ID: "start", Phase: cutover, Title: "Start the server", Proof: "ping and version", Undo: "stop", Action: service.Start{Site: s}},
			{ID: "verify", Phase: cutover, Title: "Verify", Proof: "looking again", Undo: "roll back", Action: verify{s, m}},
			{ID: "report", Phase: finish, Title: "Report", Proof: "–", Undo: "–", Action: report{s}},
		})),
		Result: backup.Result(result),
	}
}

// withoutModel leaves the steps out that are only there for a data model that
// is brought in.
func withoutModel(choice Options, all []steps.Step) []steps.Step {
	if choice.Schema != nil {
		return all
	}
	return slices.DeleteFunc(all, func(s steps.Step) bool { return s.ID == "wanted" || s.ID == "try" })
}

// Check returns the part of the flow that only looks: what a version means for
// the project, with nothing asked but the version.
func Check(o site.Options, choice Options) steps.Flow {
	s := site.New(o)
	choice.AllowYoung, choice.LookOnly = true, true // nothing is taken
	return steps.Flow{
		ID:    "check",
		Title: "Check",
		Steps: []steps.Step{
			{ID: "inspect", Phase: steps.Prepare, Title: "Look at the project", Proof: "looking again", Undo: "–", Action: site.Inspect{Site: s}},
			{ID: "choose", Phase: steps.Prepare, Title: "Choose the version", Proof: "the package can be had", Undo: "–", Action: choose{s, choice}},
			{ID: "check", Phase: steps.Prepare, Title: "Check what will break", Proof: "looking again", Undo: "–", Action: check{site: s, alone: true}},
		},
	}
}
