package overview

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/node"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/release"
	"bunnyhop/steps/site"
	"bunnyhop/steps/upgrade"
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
	// Engine and NPM are the ranges of Node and npm that the package declares.
	Engine string `json:"engine,omitempty"`
	NPM    string `json:"npm,omitempty"`
	// Young is set when it came out less than the minimum age ago, KnownBad says
	// why it is not to be taken.
	Young    bool   `json:"young,omitempty"`
	KnownBad string `json:"known_bad,omitempty"`
	// Findings counts what a check of it would find in this project; null where
	// nobody has looked.
	Findings *advisory.Tally `json:"findings"`
}

// VersionList is a list of versions and what holds for all of them.
type VersionList struct {
	Rows []VersionRow `json:"versions"`
	// Stale is when the list was fetched, if the registry does not answer now.
	Stale *time.Time `json:"stale"`
	// Installed is the project's version, empty without a project.
	Installed      string `json:"installed"`
	MinimumAgeDays int    `json:"minimum_age_days"`
	// Reason says why the recommended version is, or why there is none; empty
	// where the project cannot be looked at.
	Reason string `json:"reason,omitempty"`
	// HalfDone are the migrations of the project that stopped half-way.
	HalfDone []advisory.HalfDoneMigration `json:"half_done,omitempty"`
}

// looked is how many of the newest versions are tried in the registry.
const looked = 6

// Versions lists the versions that the project's registry has, newest first:
// those above the installed one and it, or with all every release. Without a
// project the list is that of the registry alone. With expect it says of each
// version what a check of it would find, which takes a second or two.
func Versions(ctx context.Context, o site.Options, all, expect bool) (VersionList, error) {
	list := VersionList{Rows: []VersionRow{}}
	place := site.New(o)
	client, err := place.Registry()
	if err != nil {
		return list, err
	}
	releases, stale, err := release.List(ctx, client)
	if err != nil {
		return list, err
	}
	list.Stale = stale
	p, found, _ := place.Look(ctx) // a project is not needed for a list
	minimum, nodeNow := release.MinimumAge, ""
	if p != nil {
		list.Installed, minimum = p.Installed, upgrade.MinimumAge(p.Settings)
	}
	list.MinimumAgeDays = int(minimum / (24 * time.Hour))
	if found != nil {
		nodeNow = found.NodeVersion
	}
	from, _ := semver.NewVersion(list.Installed)
	var newer []release.Release
	now := time.Now()
	for _, one := range releases {
		v, err := semver.NewVersion(one.Version)
		if err != nil || one.Prerelease && !all || from != nil && v.LessThan(from) && !all {
			continue
		}
		if (from == nil || v.GreaterThan(from)) && !one.Prerelease {
			newer = append(newer, one)
		}
		list.Rows = append(list.Rows, row(one, list.Installed, nodeNow, now, minimum))
	}
	if stale == nil {
		if err := tryNewest(ctx, list.Rows, newer, func(version string) error {
			return release.Installable(ctx, client, version, progress.Discard)
		}); err != nil {
			return list, err
		}
	}
	if p != nil && p.Config != nil && list.Installed != "" {
		list.look(ctx, place, p, newer, nodeNow, expect)
	}
	return list, ctx.Err()
}

func row(one release.Release, installed, nodeNow string, now time.Time, minimum time.Duration) VersionRow {
	r := VersionRow{
		Version: one.Version, Date: one.Date, Node: node.Majors(one.Version), Engine: one.Node, NPM: one.NPM,
		Installable: Unknown, Current: one.Version == installed, Young: one.Young(now, minimum), KnownBad: one.KnownBad,
	}
	if r.Node == nil {
		r.Node = []int{}
	}
	if major, err := strconv.Atoi(strings.SplitN(nodeNow, ".", 2)[0]); err == nil && len(r.Node) > 0 {
		r.NeedsNode = !slices.Contains(r.Node, major)
	}
	var notes []string
	if one.KnownBad != "" {
		notes = append(notes, "known to be bad: "+one.KnownBad)
	}
	if one.Deprecated != "" {
		notes = append(notes, "deprecated: "+one.Deprecated)
	}
	if r.Young {
		notes = append(notes, upgrade.CameOut(one.Date, now))
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
