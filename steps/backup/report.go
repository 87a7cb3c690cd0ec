package backup

import (
	"context"
	"fmt"
	"strconv"

	"github.com/dustin/go-humanize/english"

	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// report says what is in the backup and what is not.
type report struct{}

// Check is never satisfied: a report is made again.
func (report) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("reported again"), nil
}

// Do reports.
func (report) Do(_ context.Context, r *steps.Run) error {
	made, err := facts.BackedUp.Need(r)
	if err != nil {
		return err
	}
	proof, err := facts.ProvedBy.Need(r)
	if err != nil {
		return err
	}
	out := facts.Report{Backup: made.Dir}
	out.Lines = append(out.Lines, fmt.Sprintf("The backup (%s) is in %s.", Size(made.Bytes), made.Dir))
	for _, part := range made.Parts {
		if part.Included {
			out.Lines = append(out.Lines, fmt.Sprintf("%s: yes, %s, %s", part.Name, english.Plural(part.Files, "file", ""), Size(part.Bytes)))
		} else {
			out.Lines = append(out.Lines, fmt.Sprintf("%s: NO, %s", part.Name, part.Reason))
		}
	}
	for _, warning := range made.Warnings {
		out.Lines = append(out.Lines, "Attention: "+warning)
	}
	out.Lines = append(out.Lines, fmt.Sprintf("Its database was restored once and compared: %d tables, %d rows equal.", proof.Tables, proof.Rows))
	out.Next = append(out.Next, "put it back: bunnyhop restore "+made.ID+" --project "+strconv.Quote(r.Root))
	return facts.Summarised.Set(r, out)
}
