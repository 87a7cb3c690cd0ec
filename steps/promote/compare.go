package promote

import (
	"context"
	"errors"
	"maps"
	"strings"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/evidence"
	"bunnyhop/internal/schema/review"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
)

// compare reads both data models, tells them apart, and asks the target's data
// what each change would mean to it.
type compare struct{ ends *ends }

// Check is never satisfied: comparing again is the proof.
func (compare) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("compared again"), nil
}

// Do compares.
func (c compare) Do(ctx context.Context, r *steps.Run) (err error) {
	e := c.ends
	target, err := e.target(ctx, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	base, err := model.Open(ctx, r, e.Base, model.Base, e.site.Options().Environ)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	if err := newer(ctx, target); err != nil {
		return err
	}
	if e.plan, err = review.New(target.Snapshot, base.Snapshot, e.Mode); err != nil {
		return err
	}
	if err := e.see(ctx, r, base, target); err != nil {
		return err
	}
	if err := errors.Join(model.Keep(r, beforeFile, target.Snapshot), model.Keep(r, wantedFile, base.Snapshot)); err != nil {
		return err
	}
	models := Models{
		Base: base.Describe(), Target: target.Describe(), Mode: e.Mode, Directus: target.Snapshot.Directus, Vendor: target.Snapshot.Vendor,
		Changes: len(e.plan.Proposed), LeftOut: len(e.plan.LeftOut), Noise: map[string]int{},
	}
	for _, n := range e.plan.Noise {
		models.Noise[string(n.Reason)]++
	}
	r.Summary("differences: %d", models.Changes)
	return Compared.Set(r, models)
}

// see asks the target's data what each change would mean to it, and the data
// of both whether columns got another name. A snapshot has no data.
func (e *ends) see(ctx context.Context, r *steps.Run, base, target *model.Opened) (err error) {
	var seen map[string]evidence.Finding
	switch {
	case target.Database != nil:
		seen, err = model.SeenIn(ctx, target.Project, target.Database, e.plan, r)
	case target.Client != nil:
		seen, err = model.SeenAt(ctx, target.Client, e.plan, r)
	}
	if err != nil {
		return err
	}
	renamed, err := model.Renamed(ctx, base, *target, e.plan, r)
	if err != nil {
		return err
	}
	if seen == nil {
		seen = renamed
	} else {
		maps.Copy(seen, renamed)
	}
	e.plan.Seen(seen)
	return nil
}

// newer refuses a target that some newer Directus has migrated already: its
// own code reads the tables wrongly (SC15).
func newer(ctx context.Context, target *model.Opened) error {
	if target.Database == nil {
		return nil
	}
	shipped, err := directus.Shipped(target.Project.Root)
	if err != nil {
		return err
	}
	custom, err := directus.CustomMigrations(target.Project.Config.MigrationsPath(target.Project.Installed))
	if err != nil {
		return err
	}
	recorded, err := directus.Recorded(ctx, target.Database)
	if err != nil {
		return err
	}
	tables, err := target.Database.Tables(ctx)
	if err != nil {
		return err
	}
	if newer := directus.NewerThanCode(recorded, shipped, custom, tables, target.Project.Installed); newer != nil {
		return fault.Newf("the database of %s is newer than its Directus %s: %s", target.Source.Name(), target.Project.Installed, strings.Join(newer.Evidence(), "; ")).
			WithHint("bring code and database together first: `bunnyhop status` says more").WithCode(fault.Blocked)
	}
	return nil
}
