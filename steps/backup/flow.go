// Package backup is the flow that backs a project up, and the backup steps
// that other flows share.
package backup

import (
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Options are the choices made before the flow starts.
type Options struct {
	// Without names parts that are left out: files, extensions, config.
	Without []string
}

// Flow returns the backup flow.
func Flow(o site.Options, choice Options) steps.Flow {
	s := site.New(o)
	return steps.Flow{
		ID:    "backup",
		Title: "Back up",
		Steps: WithoutUnused(o, []steps.Step{
			{ID: "inspect", Phase: steps.Prepare, Title: "Look at the project", Proof: "looking again", Undo: "–", Action: site.Inspect{Site: s}},
			{ID: "backup", Phase: steps.Prepare, Title: "Back up", Proof: "manifest and digests", Undo: "kept", Action: Full{Site: s, Without: choice.Without}},
			{ID: "prove", Phase: steps.Prepare, Title: "Prove the backup", Proof: "recorded comparison and digests", Undo: "scratch is dropped", Action: Prove{Site: s}},
			{ID: "upload", Phase: steps.Prepare, Title: "Copy to the bucket", Proof: "names and sizes in the bucket", Undo: "kept", Action: Upload{Site: s}},
			{ID: "report", Phase: steps.Finish, Title: "Report", Proof: "–", Undo: "–", Action: report{}},
		}),
		Result: Result(facts.Result),
	}
}

// Result adds where the copy is to what a flow says at its end.
func Result(result func(*steps.Run) map[string]any) func(*steps.Run) map[string]any {
	return func(r *steps.Run) map[string]any {
		data := result(r)
		if copied, ok := Uploaded.Get(r); ok && copied.Skipped == "" {
			data["bucket"] = copied.Bucket
		}
		return data
	}
}
