package upgrade

import (
	"context"
	"sync"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/node"
	"bunnyhop/internal/project"
	"bunnyhop/internal/release"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// lookAhead says in the background what each version would mean for the
// project, while people read the list. What it finds is recorded as it comes,
// at most once a second. It ends with stop.
func (c choose) lookAhead(ctx context.Context, r *steps.Run, rows []facts.Release) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() {
		if err := c.lookAt(ctx, r, rows); err != nil && ctx.Err() == nil {
			r.Output("what each version would mean could not be told: " + err.Error())
		}
	})
	return func() { cancel(); ended.Wait() }
}

func (c choose) lookAt(ctx context.Context, r *steps.Run, rows []facts.Release) error {
	var versions []string
	for _, row := range rows {
		versions = append(versions, row.Version)
	}
	if len(versions) == 0 {
		return nil
	}
	in, done, err := input(ctx, r, c.site, versions[0])
	if err != nil {
		return err
	}
	defer done()
	told := time.Now()
	return lookAtEach(ctx, in, versions, func(o advisory.Outlook) error {
		if len(o.Versions) < len(versions) && time.Since(told) < time.Second || ctx.Err() != nil {
			return ctx.Err()
		}
		told = time.Now()
		return facts.Expected.Set(r, o)
	})
}

// lookAtEach asks the rules of each version. The input is of one of them.
func lookAtEach(ctx context.Context, in advisory.Input, versions []string, done func(advisory.Outlook) error) error {
	var custom []directus.Migration
	for _, m := range in.Pending {
		if m.Custom {
			custom = append(custom, m)
		}
	}
	return advisory.Outlooks(ctx, in, versions, func(one *advisory.Input) (err error) {
		one.NodeMajors = node.Majors(one.To)
		one.Pending, err = advisory.PendingFor(one.To, custom, one.Recorded)
		return err
	}, badRelease, done)
}

// badRelease is the finding of a check that comes from the release itself.
func badRelease(version string) []advisory.Expected {
	why := release.KnownBad(version)
	if why == "" {
		return nil
	}
	return []advisory.Expected{{ID: knownBadID, Version: version, Severity: advisory.Blocker, Title: knownBadTitle(version, why)}}
}

// Outlook says what each version would mean for a project, for a look at it
// without a run. nodeFound is the version of the Node that it uses.
func Outlook(ctx context.Context, p *project.Project, db database.Database, nodeFound string, versions []string) (advisory.Outlook, error) {
	var out advisory.Outlook
	if len(versions) == 0 {
		return out, nil
	}
	in, err := Gather(ctx, p, db, versions[0])
	if err != nil {
		return out, err
	}
	in.NodeFound = nodeFound
	err = lookAtEach(ctx, in, versions, func(o advisory.Outlook) error { out = o; return nil })
	return out, err
}
