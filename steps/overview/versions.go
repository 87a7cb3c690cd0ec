package overview

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/node"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/release"
	"bunnyhop/steps/site"
)

// The values of VersionRow.Installable.
const (
	Unknown = "unknown"
	Yes     = "yes"
	No      = "no"
)

// VersionRow is one Directus version as a project sees it.
type VersionRow struct {
	Version string    `json:"version"`
	Date    time.Time `json:"date,omitzero"`
	// Node lists the majors on which the version was tested, preferred first.
	Node []int `json:"node_majors"`
	// NeedsNode says that the Node which runs the project now is none of them.
	NeedsNode bool `json:"needs_node"`
	// Installable says whether all of Directus' own packages resolve in the
	// registry: "yes", "no", or "unknown" where nobody has looked.
	Installable string `json:"installable"`
	Note        string `json:"note,omitempty"`
	Recommended bool   `json:"recommended"`
	Current     bool   `json:"current"`
}

// looked is how many of the newest versions are tried in the registry.
const looked = 6

// Versions lists the versions that the project's registry has, newest first:
// those above the installed one and it, or with all every release. Stale is
// when the list was fetched, if the registry does not answer now. Without a
// project the list is that of the registry alone.
func Versions(ctx context.Context, o site.Options, all bool) (rows []VersionRow, stale *time.Time, err error) {
	place := site.New(o)
	client, err := place.Registry()
	if err != nil {
		return nil, nil, err
	}
	releases, stale, err := release.List(ctx, client)
	if err != nil {
		return nil, nil, err
	}
	p, found, _ := place.Look(ctx) // a project is not needed for a list
	installed, nodeNow := "", ""
	if p != nil {
		installed = p.Installed
	}
	if found != nil {
		nodeNow = found.NodeVersion
	}
	from, _ := semver.NewVersion(installed)
	var newer []release.Release
	for _, one := range releases {
		v, err := semver.NewVersion(one.Version)
		if err != nil || one.Prerelease && !all || from != nil && v.LessThan(from) && !all {
			continue
		}
		if (from == nil || v.GreaterThan(from)) && !one.Prerelease {
			newer = append(newer, one)
		}
		rows = append(rows, row(one, installed, nodeNow))
	}
	if stale == nil {
		if err := tryNewest(ctx, rows, newer, func(version string) error {
			return release.Installable(ctx, client, version, progress.Discard)
		}); err != nil {
			return nil, nil, err
		}
	}
	usable := slices.DeleteFunc(newer, func(one release.Release) bool {
		return slices.ContainsFunc(rows, func(r VersionRow) bool { return r.Version == one.Version && r.Installable == No })
	})
	if p != nil && p.Config != nil && installed != "" {
		recommend(ctx, place, p, rows, usable)
	}
	return rows, stale, nil
}

func row(one release.Release, installed, nodeNow string) VersionRow {
	r := VersionRow{
		Version: one.Version, Date: one.Date, Node: node.Majors(one.Version),
		Installable: Unknown, Current: one.Version == installed,
	}
	if r.Node == nil {
		r.Node = []int{}
	}
	if major, err := strconv.Atoi(strings.SplitN(nodeNow, ".", 2)[0]); err == nil && len(r.Node) > 0 {
		r.NeedsNode = !slices.Contains(r.Node, major)
	}
	var notes []string
	if one.Deprecated != "" {
		notes = append(notes, "deprecated: "+one.Deprecated)
	}
	if len(r.Node) == 0 {
		notes = append(notes, "not tested: no Node is known to work")
	}
	r.Note = strings.Join(notes, "; ")
	return r
}

// tryNewest looks whether the newest versions can be installed; asking for
// all of them would take a minute.
func tryNewest(ctx context.Context, rows []VersionRow, newer []release.Release, try func(string) error) error {
	for i, one := range newer {
		if i == looked {
			return nil
		}
		at := slices.IndexFunc(rows, func(r VersionRow) bool { return r.Version == one.Version })
		err := try(one.Version)
		var missing *release.MissingError
		switch {
		case err == nil:
			rows[at].Installable = Yes
		case errors.As(err, &missing):
			rows[at].Installable = No
			rows[at].Note = strings.TrimPrefix(rows[at].Note+"; "+missing.Error(), "; ")
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			return nil //nolint:nilerr // the registry went away: the rest stays unknown
		}
	}
	return nil
}
