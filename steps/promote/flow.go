// Package promote is the flow that brings the data model of one project into
// another, change by change, as a person decides.
package promote

import (
	"bunnyhop/internal/schema/review"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/model"
	"bunnyhop/steps/site"
)

// Options are the choices made before the flow starts.
type Options struct {
	Base   model.Source // has the model that is wanted
	Target model.Source // a project or a server
	Mode   review.Mode
}

// Flow returns the promotion. The table is the runbook. The root of the
// options is the target's folder; of a server, where its runs are kept.
func Flow(o site.Options, choice Options) steps.Flow {
	s := site.New(o)
	e := &ends{site: s, Options: choice}
	flow := steps.Flow{ID: "promote", Title: "Promote a data model", Result: backup.Result(result)}
	add := func(id string, phase steps.Phase, title, proof, undo string, action steps.Action) {
		flow.Steps = append(flow.Steps, steps.Step{ID: id, Phase: phase, Title: title, Proof: proof, Undo: undo, Action: action})
	}
	local := choice.Target.Kind == model.Project
	if local {
		add("inspect", steps.Prepare, "Look at the project", "looking again", "–", site.Inspect{Site: s})
	}
	add("compare", steps.Prepare, "Compare the data models", "comparing again", "–", compare{e})
	add("review", steps.Prepare, "Review", "every change is decided", "–", decide{e})
	if local {
		unused := []string{"files", "extensions"} // no change of a data model touches them
		add("backup", steps.Prepare, "Back up", "manifest and digests", "kept", needed{backup.Full{Site: s, Without: unused}})
		add("prove", steps.Prepare, "Prove the backup", "recorded comparison and digests", "scratch is dropped", needed{backup.Prove{Site: s}})
	} else {
		add("export", steps.Prepare, "Export what would be lost", "rows counted again", "kept", export{e})
	}
	add("apply", steps.Cutover, "Apply what was accepted", "the data model read again", "what was there before is put back", apply{e})
	add("verify", steps.Finish, "Verify", "–", "–", verify{e})
	add("report", steps.Finish, "Report", "–", "–", report{e})
	return flow
}

// Comparison returns the looking half of the promotion, for a command that
// shows what is different, and what it will have found at its end.
func Comparison(o site.Options, choice Options) (steps.Flow, func() *review.Plan) {
	e := &ends{site: site.New(o), Options: choice}
	flow := steps.Flow{
		ID: "diff", Title: "Compare two data models",
		Steps: []steps.Step{{ID: "compare", Phase: steps.Prepare, Title: "Compare the data models", Action: compare{e}}},
	}
	return flow, func() *review.Plan { return e.plan }
}

func result(r *steps.Run) map[string]any {
	data := facts.Result(r)
	if compared, ok := Compared.Get(r); ok {
		data["base"], data["target"] = compared.Base, compared.Target
	}
	if applied, ok := Applied.Get(r); ok {
		data["accepted"], data["left"], data["unexpected"] = applied.Accepted, applied.Left, applied.Unexpected
		data["before"] = r.Path(beforeFile)
	}
	return data
}
