package promote

import (
	"context"
	"fmt"

	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/model"
)

// report says what was done, and how to go back.
type report struct{ ends *ends }

// Check is never satisfied: a report is made again.
func (report) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("reported again"), nil
}

// Do reports.
func (p report) Do(_ context.Context, r *steps.Run) error {
	models, err := Compared.Need(r)
	if err != nil {
		return err
	}
	applied, err := Applied.Need(r)
	if err != nil {
		return err
	}
	var out facts.Report
	say := func(format string, args ...any) { out.Lines = append(out.Lines, fmt.Sprintf(format, args...)) }
	switch {
	case models.Changes == 0 && models.LeftOut == 0:
		say("%s has the data model of %s already.", p.ends.Target.Name(), p.ends.Base.Name())
	case applied.Accepted == 0:
		say("Nothing was accepted, and nothing was changed.")
	default:
		say("%d of %d differences were accepted and applied to %s; what is left is what was rejected.", applied.Accepted, models.Changes, p.ends.Target.Name())
	}
	if copied, ok := Copied.Get(r); ok && len(copied) > 0 {
		say("Copied and compared: %s.", model.CopiedText(copied))
	}
	if models.LeftOut > 0 {
		say("%d differences are outside of the mode %q.", models.LeftOut, models.Mode)
	}
	if applied.Accepted == 0 {
		return facts.Summarised.Set(r, out)
	}
	if backup, ok := facts.BackedUp.Get(r); ok {
		out.Backup = backup.Dir
		say("The backup of before is in %s.", backup.Dir)
		out.Next = append(out.Next, "bunnyhop restore "+backup.ID+"   puts the data of before back")
	}
	if lost, ok := Exported.Get(r); ok && len(lost) > 0 {
		say("What the deletions lost is in %s, one item a line.", r.Path("lost"))
	}
	say("The data model of before is in %s.", r.Path(beforeFile))
	undo := fmt.Sprintf("bunnyhop promote --undo %s %s", r.ID, p.ends.Target.Place)
	undone := "puts the data model of before back, without the values of what was deleted"
	if copied, _ := Copied.Get(r); len(copied) > 0 {
		undone += "; it offers to copy those back that were copied"
	}
	out.Next = append(out.Next, undo+"   "+undone)
	return facts.Summarised.Set(r, out)
}
