package model

import (
	"context"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/internal/schema/evidence"
	"bunnyhop/internal/schema/review"
)

// SeenIn asks a database of a project what each proposed change would mean to
// its data, and the project's extensions whether they can show it.
func SeenIn(ctx context.Context, p *project.Project, db database.Database, plan *review.Plan, report progress.Reporter) (map[string]evidence.Finding, error) {
	installed, err := directus.ListExtensions(p.Config.ExtensionsPath(), p.Root)
	if err != nil {
		return nil, err
	}
	has, err := evidence.InExtensions(installed)
	if err != nil {
		return nil, err
	}
	return seen(ctx, evidence.Database(db), has, plan, report)
}

// SeenAt asks a running server the same.
func SeenAt(ctx context.Context, client *directus.Client, plan *review.Plan, report progress.Reporter) (map[string]evidence.Finding, error) {
	var has func(kind, id string) bool
	loaded, err := client.Extensions(ctx)
	if err != nil { // before 10.7 nobody is told
		report.Output("the server's extensions are not known: " + err.Error())
	} else {
		has = evidence.Named(loaded)
	}
	return seen(ctx, evidence.Server(client), has, plan, report)
}

func seen(ctx context.Context, source evidence.Source, has func(kind, id string) bool, plan *review.Plan, report progress.Reporter) (map[string]evidence.Finding, error) {
	all, err := evidence.Gather(ctx, source, plan.Current, plan.Proposed, report)
	if err != nil {
		return nil, err
	}
	for key, lacking := range evidence.Lacking(plan.Proposed, evidence.Studio{Directus: plan.Current.Directus, Has: has}) {
		one := all[key]
		one.Evidence = append(one.Evidence, lacking...)
		if one.Risk == "" || one.Risk == change.Safe {
			one.Risk = change.Caution
		}
		all[key] = one
	}
	return all, nil
}
