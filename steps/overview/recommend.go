package overview

import (
	"context"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/project"
	"bunnyhop/internal/release"
	"bunnyhop/steps/site"
	"bunnyhop/steps/upgrade"
)

// recommend marks the version that an upgrade would suggest, by the same rule
// as the upgrade's own question. A database that cannot be read leaves the
// list without a mark.
func recommend(ctx context.Context, place *site.Site, p *project.Project, rows []VersionRow, usable []release.Release) {
	db, err := place.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return
	}
	defer db.Close() //nolint:errcheck // read only
	in, err := upgrade.Gather(ctx, p, db, "")
	if err != nil {
		return
	}
	candidates := make([]advisory.Release, len(usable))
	for i, one := range usable {
		candidates[i] = advisory.Release{Version: one.Version, Deprecated: one.Deprecated != ""}
	}
	version, why, err := advisory.Recommend(ctx, candidates, in)
	if err != nil {
		return
	}
	for i := range rows {
		if rows[i].Version == version {
			rows[i].Recommended = true
			if rows[i].Note == "" {
				rows[i].Note = why
			}
		}
	}
}
