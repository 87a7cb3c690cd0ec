package overview

import (
	"context"
	"slices"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/project"
	"bunnyhop/internal/release"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
	"bunnyhop/steps/upgrade"
)

// look adds to the list what only the project's database tells. One that
// cannot be read leaves the list without it.
func (l *VersionList) look(ctx context.Context, place *site.Site, p *project.Project, newer []release.Release, nodeNow string, expect bool) {
	db, err := place.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return
	}
	defer db.Close() //nolint:errcheck // read only
	if half, err := halfDone(ctx, place, p, db); err == nil {
		l.HalfDone = half
	}
	l.recommend(ctx, p, db, newer)
	if expect {
		l.expect(ctx, p, db, newer, nodeNow)
	}
}

// recommend marks the version that an upgrade would suggest, by the same rule
// as the upgrade's own question.
func (l *VersionList) recommend(ctx context.Context, p *project.Project, db database.Database, newer []release.Release) {
	in, err := upgrade.Gather(ctx, p, db, "")
	if err != nil {
		return
	}
	var rows []facts.Release
	for _, one := range newer {
		row := facts.Release{Version: one.Version, Date: one.Date, KnownBad: one.KnownBad, Deprecated: one.Deprecated}
		row.Young = one.Young(time.Now(), upgrade.MinimumAge(p.Settings))
		if at := l.index(one.Version); at >= 0 && l.Rows[at].Installable == No {
			row.Missing = l.Rows[at].Note
		}
		rows = append(rows, row)
	}
	version, why, err := advisory.Recommend(ctx, upgrade.Candidates(rows), in)
	if err != nil {
		return
	}
	l.Reason = why
	if at := l.index(version); at >= 0 {
		l.Rows[at].Recommended = true
		if l.Rows[at].Note == "" {
			l.Rows[at].Note = why
		}
	}
}

// expect counts what a check of each version would find.
func (l *VersionList) expect(ctx context.Context, p *project.Project, db database.Database, newer []release.Release, nodeNow string) {
	var versions []string
	for _, one := range newer {
		versions = append(versions, one.Version)
	}
	outlook, err := upgrade.Outlook(ctx, p, db, nodeNow, versions)
	if err != nil {
		return
	}
	for i := range l.Rows {
		if found, looked := outlook.Of(l.Rows[i].Version); looked {
			tally := advisory.TallyOf(found)
			l.Rows[i].Findings = &tally
		}
	}
}

func (l *VersionList) index(version string) int {
	return slices.IndexFunc(l.Rows, func(r VersionRow) bool { return r.Version == version })
}
