package rollback

import (
	"context"
	"fmt"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

const leave = "leave"

// confirm asks. Where people have written since the upgrade, the project's
// name has to be typed (S8).
type confirm struct{ site *site.Site }

// Check is never satisfied: the gate remembers the answer to the same
// question by itself.
func (confirm) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("asked again unless nothing has changed"), nil
}

// Do asks.
func (c confirm) Do(ctx context.Context, r *steps.Run) error {
	from, err := TakenBack.Need(r)
	if err != nil {
		return err
	}
	seen, err := facts.Inspected.Need(r)
	if err != nil {
		return err
	}
	answer, err := r.Ask(ctx, question(from, seen.Name))
	if err != nil {
		return err
	}
	if answer.Choice == leave {
		return fault.Wrap(context.Canceled, "left as it is", "")
	}
	r.Summary("confirmed")
	return nil
}

func question(from Origin, name string) steps.Gate {
	text := fmt.Sprintf("Code and database go back together from %s to %s, to the moment before the upgrade's migrations. "+
		"The present state is saved first.", from.To, from.From)
	if len(from.Lost) == 0 {
		return steps.Gate{
			ID: "rollback", Kind: steps.GateChoose, Title: "Roll back?", Flag: "--yes",
			Text: text + "\nNothing was written to the project's own tables since.",
			Choices: []steps.Choice{
				{ID: "rollback", Title: "Roll back", Default: true},
				{ID: leave, Title: "Leave it as it is"},
			},
		}
	}
	return steps.Gate{
		ID: "rollback", Kind: steps.GateConfirm, Title: "What was written since the upgrade goes away", Flag: "--confirm " + name,
		Text: text + "\nWritten since:\n  " + strings.Join(from.Lost, "\n  "), Confirm: name, Destructive: true,
	}
}
