package upgrade

import (
	"context"
	"fmt"
	"strconv"

	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/code"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/service"
	"bunnyhop/steps/site"
)

// report says what was done and how to go back, and leaves the server as it
// was found.
type report struct{ site *site.Site }

// Check is never satisfied: a report is made again.
func (report) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("reported again"), nil
}

// Do reports.
func (p report) Do(ctx context.Context, r *steps.Run) error {
	target, err := facts.Chosen.Need(r)
	if err != nil {
		return err
	}
	start, err := facts.Started.Need(r)
	if err != nil {
		return err
	}
	made, err := facts.BackedUp.Need(r)
	if err != nil {
		return err
	}
	stage, err := facts.Staged.Need(r)
	if err != nil {
		return err
	}
	out := facts.Report{Backup: made.Dir, Downtime: start.DowntimeSeconds}
	out.Lines = append(out.Lines, fmt.Sprintf("Directus %s is now %s.", target.From, target.To))
	running, err := service.LeaveAsFound(ctx, r, p.site)
	if err != nil {
		return err
	}
	if running {
		out.Lines = append(out.Lines, fmt.Sprintf("It was down for %.1f seconds.", start.DowntimeSeconds))
	} else {
		out.Lines = append(out.Lines,
			fmt.Sprintf("It took %.1f seconds from stopping to the first answer.", start.DowntimeSeconds), service.LeftStopped)
		out.Next = append(out.Next, startCommand(r.Root, stage))
	}
	out.Lines = append(out.Lines, fmt.Sprintf("The backup (%s) is in %s.", backup.Size(made.Bytes), made.Dir))
	if stage.NodeLink != "" {
		bin := stage.LiveNodeBin(r.Root)
		out.Lines = append(out.Lines, fmt.Sprintf("It runs on Node %s, kept with the project; wherever else you start it, put %s first in PATH.", stage.NodeVers, bin))
		if note := p.site.Service().Found.NodeNote(bin); note != "" {
			out.Lines = append(out.Lines, "Note: "+note+".")
		}
	}
	out.Lines = append(out.Lines, extensionLines(r)...)
	out.Lines = append(out.Lines, modelLines(r)...)
	out.Lines = append(out.Lines, p.olderCode(ctx, r)...)
	out.Lines = append(out.Lines, "Reload the Studio without the browser's cache.")
	out.Next = append(out.Next, "go back: bunnyhop rollback --project "+strconv.Quote(r.Root))
	return facts.Summarised.Set(r, out)
}

// olderCode removes what earlier upgrades kept of their old code, and says so:
// only the newest upgrade can be taken back. What cannot be removed costs
// space, no more.
func (p report) olderCode(ctx context.Context, r *steps.Run) []string {
	removed, err := code.RemoveOlder(ctx, r, p.site)
	if err != nil {
		r.Output("removing the code of earlier runs: " + err.Error())
	}
	var bytes int64
	for _, older := range removed {
		bytes += older.Bytes
		r.Output("removed the code that run " + older.Run + " had kept, " + backup.Size(older.Bytes))
	}
	if bytes == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The old code that earlier runs had kept was removed (%s); what this one needs for going back is kept.", backup.Size(bytes))}
}

func startCommand(root string, stage facts.Stage) string {
	command := fmt.Sprintf("start it: cd %q && ", root)
	if stage.NodeLink != "" {
		command += fmt.Sprintf("PATH=%q:$PATH ", stage.LiveNodeBin(root))
	}
	return command + "npx directus start"
}
