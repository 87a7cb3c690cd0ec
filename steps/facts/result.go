package facts

import "bunnyhop/steps"

// Result gathers what a flow has to say at its end, for the last JSON line.
func Result(r *steps.Run) map[string]any {
	data := map[string]any{}
	if target, ok := Chosen.Get(r); ok {
		data["from"], data["to"] = target.From, target.To
	}
	if backup, ok := FinalBack.Get(r); ok {
		data["final_backup"] = backup.Dir
	}
	if backup, ok := BackedUp.Get(r); ok {
		data["backup"] = backup.Dir
	}
	if start, ok := Started.Get(r); ok {
		data["downtime_seconds"] = start.DowntimeSeconds
	}
	if report, ok := Summarised.Get(r); ok {
		data["report"] = report.Lines
		data["next"] = report.Next
	}
	return data
}
