package upgrade

import (
	"context"
	"errors"
	"slices"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/node"
	"bunnyhop/internal/project"
	"bunnyhop/internal/registry"
	"bunnyhop/internal/release"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// lookedAt is how many of the newest releases are tried for whether they can
// be installed before the list is shown. Others are tried when chosen.
const lookedAt = 6

// offer is what can be chosen.
type offer struct {
	client     *registry.Client
	all, newer []release.Release
	minimum    time.Duration // the age below which a release is young
	list       facts.Releases
	complete   bool // the list has what is found out by looking
}

// offer reads the list of releases.
func (c choose) offer(ctx context.Context, r *steps.Run, client *registry.Client, seen facts.Inspection) (*offer, error) {
	releases, stale, err := release.List(ctx, client)
	if err != nil {
		return nil, err
	}
	if stale != nil {
		r.Output("the registry does not answer; the list of versions is of " + stale.Format("2006-01-02 15:04"))
	}
	p, err := c.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	o := &offer{client: client, all: releases, newer: newerThan(releases, seen.Installed), minimum: MinimumAge(p.Settings)}
	o.list = facts.Releases{Installed: seen.Installed, Stale: stale, MinimumAgeDays: int(o.minimum / day)}
	return o, nil
}

func (o *offer) listed(version string) (release.Release, bool) {
	i := slices.IndexFunc(o.all, func(one release.Release) bool { return one.Version == version })
	if i < 0 {
		return release.Release{}, false
	}
	return o.all[i], true
}

// complete tries whether the newest releases can be installed, finds the
// recommended one, and records the list.
func (c choose) complete(ctx context.Context, r *steps.Run, o *offer, seen facts.Inspection) error {
	now := time.Now()
	for i, one := range o.newer {
		row, err := rowOf(one, seen.Recorded, now, o.minimum)
		if err != nil {
			return err
		}
		if i < lookedAt {
			if err := release.Installable(ctx, o.client, one.Version, r); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				var down *registry.DownError
				if !errors.As(err, &down) { // then it cannot be told, and installing it would say so
					row.Missing = err.Error()
				}
			}
		}
		o.list.Rows = append(o.list.Rows, row)
	}
	in, done, err := input(ctx, r, c.site, "")
	if err != nil {
		return err
	}
	defer done()
	if o.list.Recommended, o.list.Reason, err = advisory.Recommend(ctx, Candidates(o.list.Rows), in); err != nil {
		return err
	}
	o.complete = true
	return facts.Offered.Set(r, o.list)
}

func rowOf(one release.Release, recorded []string, now time.Time, minimum time.Duration) (facts.Release, error) {
	pending, err := advisory.PendingFor(one.Version, nil, recorded)
	if err != nil {
		return facts.Release{}, err
	}
	row := facts.Release{
		Version: one.Version, Date: one.Date, Node: node.Majors(one.Version), Engine: one.Node, NPM: one.NPM,
		Migrations: len(pending), Young: one.Young(now, minimum), KnownBad: one.KnownBad, Deprecated: one.Deprecated,
	}
	if row.Node == nil {
		row.Node = []int{}
	}
	return row, nil
}

// Candidates are the releases as the recommendation looks at them.
func Candidates(rows []facts.Release) []advisory.Release {
	out := make([]advisory.Release, len(rows))
	for i, row := range rows {
		out[i] = advisory.Release{Version: row.Version, Deprecated: row.Deprecated != "", NotInstallable: row.Missing != "", Avoid: row.KnownBad}
		if row.Young && row.KnownBad == "" {
			out[i].Avoid = CameOut(row.Date, time.Now())
		}
	}
	return out
}

const day = 24 * time.Hour

// MinimumAge is how old a release has to be to be taken without a question.
func MinimumAge(s project.Settings) time.Duration {
	if s.MinimumReleaseAge == nil {
		return release.MinimumAge
	}
	return time.Duration(*s.MinimumReleaseAge) * day
}
