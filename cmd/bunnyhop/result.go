package main

import (
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// printResult tells how a run ended and what to do next. It is printed by the
// plain front end, and to the normal terminal after the screen has closed.
func (a *app) printResult(r steps.Result) {
	for _, line := range a.resultLines(r) {
		a.println(a.clean(line))
	}
}

func (a *app) resultLines(r steps.Result) []string {
	project := a.projectFlag()
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch r.Status {
	case steps.Done:
		lines = append(lines, a.doneLines(r)...)
	case steps.Abandoned:
		add("Run %s was given up; it had changed nothing.", r.Run)
	case steps.Interrupted:
		add("Interrupted.")
	case steps.RolledBack:
		switch {
		case r.Code == fault.Done:
			add("Rolled back.")
		case r.Step == "":
			add("Rolled back: %s", r.Error)
		default:
			add("Failed at %s, and everything was put back: %s", r.Step, r.Error)
		}
	case steps.Failed, steps.Blocked, steps.Unanswered, steps.NeedsPerson, steps.Running:
		if r.Step == "" {
			add("Failed: %s", r.Error)
		} else {
			add("Failed at %s: %s", r.Step, r.Error)
		}
	}
	if r.UndoError != "" {
		add("Putting back failed too: %s", r.UndoError)
	}
	if r.State != "" {
		add("State: %s.", strings.TrimRight(r.State, "."))
	}
	// It speaks of the commands below.
	if hint := a.withProject(r.Hint); hint != "" {
		add("Next: %s", hint)
	}
	if len(r.Manual) > 0 {
		add("By hand, in this order:")
		for _, command := range r.Manual {
			add("  %s", command)
		}
	}
	if r.Status != steps.Done && r.Run != "" {
		add("What was done: bunnyhop runs %s%s", r.Run, project)
	}
	return lines
}

// doneLines begins with "Directus 11.17.4 is running · downtime 14.2 s · backup … ·
// go back with: bunnyhop rollback".
func (a *app) doneLines(r steps.Result) []string {
	project := a.projectFlag()
	to, _ := r.Data["to"].(string)
	backup, _ := r.Data["backup"].(string)
	var parts []string
	switch r.Flow {
	case flowUpgrade:
		parts = append(parts, fmt.Sprintf("Directus %s %s", to, serverState(r)))
	case flowDryRun:
		parts = append(parts, fmt.Sprintf("Directus %s was rehearsed; nothing of the project was changed", to))
	case flowRollback:
		parts = append(parts, strings.TrimSpace("Rolled back; Directus "+to+" is back"))
	case flowBackup:
		parts = append(parts, "Backed up and proved")
	case flowRestore:
		parts = append(parts, "Restored")
	default:
		parts = append(parts, "Done")
	}
	if downtime, ok := number(r.Data["downtime_seconds"]); ok {
		parts = append(parts, fmt.Sprintf("downtime %.1f s", downtime))
	}
	if backup != "" {
		parts = append(parts, "backup "+backup)
	}
	if bucket, _ := r.Data["bucket"].(string); bucket != "" {
		parts = append(parts, "copy in "+bucket)
	}
	switch r.Flow {
	case flowUpgrade:
		parts = append(parts, "go back with: bunnyhop rollback"+project)
	case flowDryRun:
		parts = append(parts, fmt.Sprintf("do it with: bunnyhop upgrade --to %s%s", to, project))
	case flowBackup:
		parts = append(parts, "put it back with: bunnyhop restore "+shellQuote(lastElement(backup))+project)
	}
	lines := []string{strings.Join(parts, " · ")}
	if r.Flow == flowUpgrade || r.Flow == flowBackup || r.Flow == flowRestore || r.Flow == flowRollback {
		// What the flow itself says is still to be done by the person.
		for _, next := range texts(r.Data["next"]) {
			if !strings.Contains(next, "bunnyhop rollback") {
				lines = append(lines, "Next: "+a.withProject(next))
			}
		}
	}
	return lines
}

// serverState says how the upgrade left the server: one that was not running
// was only started to be proved.
func serverState(r steps.Result) string {
	all, err := steps.Runs(r.Project)
	if err != nil {
		return "is installed" // the journal, which knows more, cannot be read
	}
	for _, s := range all {
		if s.ID != r.Run {
			continue
		}
		if start, ok := facts.Started.Find(s.Lines()); ok && start.Left == "" {
			return "is running"
		}
	}
	return "is installed and proved; the server is stopped, as it was before"
}

func lastElement(path string) string {
	parts := strings.Split(strings.TrimRight(path, "/"), "/")
	return parts[len(parts)-1]
}

func number(v any) (float64, bool) {
	f, ok := v.(float64)
	return f, ok
}

// texts reads a list of strings that may have been through JSON.
func texts(v any) []string {
	switch list := v.(type) {
	case []string:
		return slices.Clone(list)
	case []any:
		var out []string
		for _, item := range list {
			if s, ok := item.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
