package prune

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	backups "bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// LocalLimits and BucketLimits are what the settings say of retention.
func LocalLimits(s project.Settings) backup.Retention { return limits(s.KeepBackups, s.KeepDays) }

// BucketLimits are those for the bucket.
func BucketLimits(s project.Settings) backup.Retention {
	return limits(s.KeepInBucket, s.KeepBucketDays)
}

func limits(keep, days int) backup.Retention {
	return backup.Retention{Keep: keep, Age: time.Duration(days) * 24 * time.Hour}
}

// Retained is what the retention step removed.
var Retained = steps.NewSlot[Retention]("retention")

// Retention is what the retention step removed, with words for it.
type Retention struct{ facts.Retention }

// String says it in words.
func (r Retention) String() string {
	lines := r.Removed()
	for _, p := range r.Problems {
		lines = append(lines, "not removed: "+p)
	}
	if lines == nil {
		return "no backup was beyond the limits"
	}
	return strings.Join(lines, "\n")
}

// After adds to the end of a flow that makes a backup the step that removes old
// ones, where the settings have limits. Without any nothing is ever removed.
// The person who wrote the limits down agreed to the removals, so nothing is
// asked; what never goes by `bunnyhop backup prune` never goes here either.
func After(o site.Options, f steps.Flow) steps.Flow {
	settings, err := backups.Settings(o)
	if err != nil || (LocalLimits(settings).None() && BucketLimits(settings).None()) {
		return f // what is wrong with the settings, an earlier step says
	}
	f.Steps = append(f.Steps[:len(f.Steps):len(f.Steps)], steps.Step{
		ID: "retention", Phase: steps.Finish, Title: "Remove old backups", Proof: "looking again", Undo: "–", Action: retention{o},
	})
	return f
}

type retention struct{ options site.Options }

// Check is never satisfied: what is beyond the limits is looked at again.
func (retention) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("looked at again"), nil
}

// Do removes. A failure is told and ends nothing: what the run was for is done,
// and no more is removed.
func (s retention) Do(ctx context.Context, r *steps.Run) error {
	earlier, _ := Retained.Get(r) // of a process that was killed
	done := Retention{facts.Retention{Here: earlier.Here, Bucket: earlier.Bucket}}
	for _, place := range []func(context.Context, *steps.Run, project.Settings, *Retention) error{s.here, s.bucket} {
		settings, err := backups.Settings(s.options)
		if err == nil {
			err = place(ctx, r, settings, &done)
		}
		if err != nil {
			problem := err.Error()
			if hint := fault.HintOf(err); hint != "" {
				problem += " (" + hint + ")"
			}
			done.Problems = append(done.Problems, problem)
		}
	}
	summary := fmt.Sprintf("%d removed", len(done.Here)+len(done.Bucket))
	if len(done.Problems) > 0 {
		summary += ", WITH PROBLEMS"
	}
	r.Summary("%s", summary)
	return Retained.Set(r, done)
}

func (s retention) request(r *steps.Run) Request {
	request := Request{Root: r.Root}
	if p, err := project.Detect(r.Root); err == nil {
		request.Installed = p.Installed
	}
	return request
}

func (s retention) here(ctx context.Context, r *steps.Run, settings project.Settings, done *Retention) error {
	request := s.request(r)
	if request.Limits = LocalLimits(settings); request.Limits.None() {
		return nil
	}
	var err error
	if request.Folder, err = backups.Folder(s.options, settings.BackupFolder); err != nil {
		return err
	}
	plan, err := Look(request)
	if err != nil || len(plan.Going()) == 0 {
		return err
	}
	return plan.Remove(ctx, r, func(m *backup.Manifest) { done.Here = append(done.Here, m.ID) })
}

func (s retention) bucket(ctx context.Context, r *steps.Run, settings project.Settings, done *Retention) error {
	request := s.request(r)
	if request.Limits = BucketLimits(settings); request.Limits.None() {
		return nil
	}
	b, err := backups.OpenBucket(s.options, settings)
	if err != nil || b == nil {
		return err
	}
	b.Hide(r)
	plan, err := LookBucket(ctx, request, b)
	if err != nil {
		return err
	}
	// Also what earlier uploads left that were killed.
	_, err = plan.Remove(ctx, r, func(m *backup.Manifest) { done.Bucket = append(done.Bucket, m.ID) })
	return err
}
