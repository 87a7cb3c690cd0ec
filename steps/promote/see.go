package promote

import (
	"context"

	"bunnyhop/internal/change"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/schema/evidence"
	"bunnyhop/internal/schema/review"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
)

// see asks the target's data what each change would mean to it. A snapshot has
// no data.
func (e *ends) see(ctx context.Context, r *steps.Run, target *model.Opened) error {
	var source evidence.Source
	studio := evidence.Studio{Directus: target.Snapshot.Directus}
	switch {
	case target.Database != nil:
		source = evidence.Database(target.Database)
		installed, err := directus.ListExtensions(target.Project.Config.ExtensionsPath(), target.Project.Root)
		if err != nil {
			return err
		}
		if studio.Has, err = evidence.InExtensions(installed); err != nil {
			return err
		}
	case target.Client != nil:
		source = evidence.Server(target.Client)
		loaded, err := target.Client.Extensions(ctx)
		if err != nil { // before 10.7 nobody is told
			r.Output("the server's extensions are not known: " + err.Error())
		} else {
			studio.Has = evidence.Named(loaded)
		}
	default:
		return nil
	}
	found, err := evidence.Gather(ctx, source, target.Snapshot, e.plan.Proposed, r)
	if err != nil {
		return err
	}
	seen := make(map[string]review.Evidence, len(found))
	for key, one := range found {
		seen[key] = review.Evidence{Evidence: one.Evidence, Risk: one.Risk, Blocked: one.Blocked}
	}
	for key, lacking := range evidence.Lacking(e.plan.Proposed, studio) {
		one := seen[key]
		one.Evidence = append(one.Evidence, lacking...)
		if one.Risk == "" || one.Risk == change.Safe {
			one.Risk = change.Caution
		}
		seen[key] = one
	}
	e.plan.Seen(seen)
	return nil
}
