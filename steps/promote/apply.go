package promote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	schemaapply "bunnyhop/internal/schema/apply"
	difference "bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/model"
	"bunnyhop/steps/service"
)

// apply has the target's own Directus make the accepted changes.
type apply struct{ ends *ends }

// Applied is the fact of the apply step.
var Applied = steps.NewSlot[Application]("applied")

// Application is what was applied.
type Application struct {
	Accepted int `json:"accepted"`
	// By says who did it: "the running server" or "the command line of Directus".
	By string `json:"by,omitempty"`
	// Left was accepted and is not there; Unexpected was not accepted and is.
	Left       []string `json:"left,omitempty"`
	Unexpected []string `json:"unexpected,omitempty"`
	// Notes are for people to read.
	Notes []string `json:"notes,omitempty"`
}

// wrong is what makes it no success.
func (a Application) wrong() []string {
	var wrong []string
	for _, key := range a.Left {
		wrong = append(wrong, key+" was accepted and is not there")
	}
	for _, key := range a.Unexpected {
		wrong = append(wrong, key+" has changed and was not accepted")
	}
	return wrong
}

// settleFor is how long a data model has to stay as it is until nobody is
// taken to be at work on it any more.
const settleFor = 5 * time.Second

// Check looks whether what was accepted is there. A server goes on with what
// it was told when this program dies, so it is given some time.
func (a apply) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	if !accepts(r) {
		_, ok := Applied.Get(r)
		return steps.Proof{OK: ok, Reason: "nothing was accepted"}, nil
	}
	plan, stages, err := a.ends.stages(r)
	if err != nil {
		return steps.Unproved("what was accepted is not known: %v", err), nil
	}
	outcome, err := a.settled(ctx, r, plan.Current, stages.All)
	if err != nil {
		return steps.Proof{}, err
	}
	if !outcome.Converged() {
		return steps.Unproved("the data model is not what was decided"), nil
	}
	if err := copied(r, stages); err != nil {
		return steps.Unproved("%v", err), nil
	}
	if _, ok := Applied.Get(r); !ok {
		if err := a.record(r, Application{Accepted: len(stages.All), By: "an earlier start of this run"}, outcome); err != nil {
			return steps.Proof{}, err
		}
	}
	return steps.Proved("the data model is as it was decided"), nil
}

// settled reads the target's data model until it is what was accepted, or does
// not change any more.
func (a apply) settled(ctx context.Context, r *steps.Run, before *snapshot.Snapshot, accepted []difference.Change) (*schemaapply.Outcome, error) {
	var last *snapshot.Snapshot
	since := time.Now()
	for {
		now, err := a.ends.now(ctx, r)
		if err != nil {
			return nil, err
		}
		outcome, err := schemaapply.Reached(before, accepted, now)
		if err != nil || outcome.Converged() {
			return outcome, err
		}
		if last != nil {
			moved, err := difference.Compare(last, now)
			if err != nil {
				return nil, err
			}
			if len(moved.Changes) > 0 {
				since = time.Now()
			}
		}
		if time.Since(since) > settleFor {
			return outcome, nil
		}
		last = now
		r.Progress("waiting whether Directus is still at work", progress.Seconds, int64(time.Since(since).Seconds()), int64(settleFor.Seconds()))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(settleFor / 10):
		}
	}
}

func (a apply) record(r *steps.Run, done Application, outcome *schemaapply.Outcome) error {
	for _, c := range outcome.Left {
		done.Left = append(done.Left, c.Key())
	}
	for _, c := range outcome.Unexpected {
		done.Unexpected = append(done.Unexpected, c.Key())
	}
	done.Notes = outcome.Notes
	if err := model.Keep(r, afterFile, outcome.After); err != nil {
		return err
	}
	return Applied.Set(r, done)
}

// Do applies.
func (a apply) Do(ctx context.Context, r *steps.Run) error {
	plan, stages, err := a.ends.stages(r)
	if err != nil {
		return err
	}
	if len(stages.All) == 0 {
		r.Summary("nothing was accepted")
		return Applied.Set(r, Application{})
	}
	done := Application{Accepted: len(stages.All)}
	through, err := a.through(ctx, r, &done)
	if err != nil {
		return err
	}
	outcome, err := a.make(ctx, r, through, plan.Current, stages)
	if err != nil {
		return err
	}
	for _, note := range outcome.Notes {
		r.Output(note)
	}
	r.Summary("%d changes, through %s", done.Accepted, done.By)
	return a.record(r, done, outcome)
}

// maker is who makes the changes.
type maker struct {
	make schemaapply.Maker
	// server is the one that makes them; nil: the command line does.
	server *directus.Client
}

// through chooses who makes the changes: the server that runs, so that it
// knows of them at once, or else the command line of the installed code.
func (a apply) through(ctx context.Context, r *steps.Run, done *Application) (maker, error) {
	if a.ends.Target.Kind == model.Server {
		target, err := a.ends.target(ctx, r)
		if err != nil {
			return maker{}, err
		}
		return a.byServer(r, done, target.Client), nil
	}
	p, err := a.ends.site.Open(ctx, r)
	if err != nil {
		return maker{}, err
	}
	running, err := a.ends.site.Running(ctx)
	if err != nil {
		return maker{}, err
	}
	if len(running) == 0 {
		done.By = "the command line of Directus"
		return maker{make: func(ctx context.Context, current *snapshot.Snapshot, accepted []difference.Change) (*schemaapply.Outcome, error) {
			return a.byCommandLine(ctx, r, current, accepted)
		}}, nil
	}
	if p.Config.Get("SECRET") == "" {
		return maker{}, fault.New("the running server cannot be asked, since SECRET is not set in the configuration",
			"set SECRET, or stop the server for the time of the promotion")
	}
	version, err := service.Version(ctx, r, a.ends.site)
	if err != nil {
		return maker{}, err
	}
	if version != p.Installed {
		return maker{}, fault.Newf("the running server is Directus %s, and %s is installed", version, p.Installed).
			WithHint("restart the server, then promote again")
	}
	client, err := service.Client(ctx, r, a.ends.site)
	if err != nil {
		return maker{}, err
	}
	return a.byServer(r, done, client), nil
}

func (a apply) byServer(r *steps.Run, done *Application, client *directus.Client) maker {
	done.By = "the running server"
	return maker{server: client, make: func(ctx context.Context, current *snapshot.Snapshot, accepted []difference.Change) (*schemaapply.Outcome, error) {
		return schemaapply.Apply(ctx, client, current, accepted, r)
	}}
}

// Undo puts the data model back, unless data went with it: that only the
// backup has.
func (a apply) Undo(ctx context.Context, r *steps.Run) error {
	plan, _, err := a.ends.reviewed(r)
	if err != nil {
		return err
	}
	now, err := a.ends.now(ctx, r)
	if err != nil {
		return err
	}
	back, err := difference.Compare(now, plan.Current)
	if err != nil {
		return err
	}
	if len(back.Changes) == 0 {
		return nil
	}
	if lost := lostBy(plan.Current, taken(back.Changes)); len(lost) > 0 {
		return fault.Newf("a part was applied, and values of %s went with it", lost[0].Collection).
			WithHint("the backup of before has them; see the commands").WithCode(fault.NeedsPerson)
	}
	if err := Copied.Set(r, nil); err != nil {
		return err
	}
	var unused Application
	through, err := a.through(ctx, r, &unused)
	if err != nil {
		return err
	}
	outcome, err := through.make(ctx, now, back.Changes)
	if err != nil {
		return err
	}
	if !outcome.Converged() {
		return errors.New("the data model could not be put back as it was")
	}
	return nil
}

// taken are the creations among the changes that would lead back, seen from
// the other side: what was deleted on the way.
func taken(back []difference.Change) []difference.Change {
	var all []difference.Change
	for _, c := range back {
		switch c.Action {
		case difference.Create:
			c.Action, c.Before, c.After = difference.Delete, c.After, nil
			all = append(all, c)
		case difference.Replace, difference.Update:
			c.Before, c.After = c.After, c.Before
			all = append(all, c)
		case difference.Delete:
		}
	}
	return all
}

// Manual implements steps.Manual.
func (a apply) Manual(r *steps.Run) []string {
	lines := []string{fmt.Sprintf("bunnyhop promote --undo %s %s", r.ID, a.ends.Target.Place)}
	if made, ok := facts.BackedUp.Get(r); ok {
		lines = append(lines, "bunnyhop restore "+made.ID+" --project "+a.ends.Target.Place)
	}
	return lines
}
