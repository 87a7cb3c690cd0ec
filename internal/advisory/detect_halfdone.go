package advisory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bunnyhop/internal/systemschema"
)

// Backup is a backup of the project that holds its database.
type Backup struct {
	ID       string
	Created  time.Time
	Directus string
	// Migrations are those that its database had recorded, Tables the names of
	// its tables.
	Migrations, Tables []string
}

// halfDone is the rule for migrations whose record and whose work do not agree.
// It is never overridden: a second run fails on what the first one made, or, of
// the step to policies, is recorded without its work. A repair that was done
// makes it go away by itself.
var halfDone = Rule{
	ID: "half-done-migration", Severity: Blocker, Area: AreaDatabase, Vendors: onCatalogued, NeverOverridable: true,
	Title:      "a migration of Directus stopped half-way: the database is neither of the version before it nor of the one after it",
	Affects:    "Projects whose update was killed or failed while it migrated, or whose database was restored in part.",
	Unaffected: "what the recorded migrations make is there, and nothing of those to come",
	Remedy: "do not run or start any version of Directus on this database; restore the newest backup from before the migration: " +
		"`bunnyhop restore ID`, with the ID above if there is one. Where statements of a known repair are listed above, they are the " +
		"other way: have them executed while no server runs, after a backup of the database as it is; then check again",
	Source: "@directus/api, dist/database/migrations/run.js and 20240806A-permissions-policies.js; " +
		"directus/directus issues 27192, 24431, 23707, 23914, 25215, 22584",
	Detect: detectHalfDone,
}

// HalfDoneMigration is a migration whose record and whose work do not agree.
type HalfDoneMigration struct {
	// Migration is its file's name ("20240806A-permissions-policies").
	Migration string `json:"migration"`
	// What says in a sentence how it stands.
	What string `json:"what"`
	// Recorded says what directus_migrations says of it; Whole is set when all
	// of its tables, columns and keys are there.
	Recorded bool `json:"recorded"`
	Whole    bool `json:"whole"`
	// Done and Left are what of its work is there and what is not.
	Done []string `json:"done,omitempty"`
	Left []string `json:"left,omitempty"`
	// WayOut says what leads out, for people; Backup is the id of the newest
	// backup from before it, and Repair the statements of a known repair.
	WayOut string   `json:"way_out"`
	Backup string   `json:"backup,omitempty"`
	Repair []string `json:"repair,omitempty"`
}

// HalfDone says which migrations are half-way, and what leads out of that; it
// is empty for a whole database. It is for looking at a project for which no
// target is chosen: in needs Vendor, DB, Recorded and System, and Backups for
// the way out.
func HalfDone(ctx context.Context, in Input) ([]HalfDoneMigration, error) {
	if in.DB == nil || !slices.Contains(onCatalogued, in.Vendor) {
		return nil, nil
	}
	return in.cached().halfDone(ctx)
}

func (in Input) halfDone(ctx context.Context) ([]HalfDoneMigration, error) {
	all, err := in.halfway(ctx)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	var repair []string
	if len(all) == 1 {
		if repair, err = in.repair(ctx, all[0]); err != nil {
			return nil, err
		}
	}
	back := in.wayBack(all)
	states := make([]HalfDoneMigration, len(all))
	for i, h := range all {
		states[i] = HalfDoneMigration{
			Migration: systemschema.File(h.Migration), What: halfDoneLine(h), Recorded: h.Recorded, Whole: h.Whole,
			Done: h.Done, Left: h.Left, WayOut: back.line(), Repair: repair,
		}
		if back.backup != nil {
			states[i].Backup = back.backup.ID
		}
	}
	return states, nil
}

func detectHalfDone(ctx context.Context, in Input) ([]string, bool, error) {
	all, err := in.halfDone(ctx)
	if err != nil || len(all) == 0 {
		return nil, false, err
	}
	var evidence []string
	for _, h := range all {
		evidence = append(evidence, h.What)
		for _, line := range bounded(h.Done) {
			evidence = append(evidence, "done: "+line)
		}
		for _, line := range bounded(h.Left) {
			evidence = append(evidence, "not done: "+line)
		}
	}
	evidence = append(evidence, "way back: "+all[0].WayOut)
	for _, statement := range all[0].Repair {
		evidence = append(evidence, "known repair: "+statement)
	}
	return evidence, true, nil
}

func halfDoneLine(h systemschema.Halfway) string {
	name := "migration " + systemschema.File(h.Migration)
	switch {
	case h.Recorded && h.Migration == systemschema.PoliciesMigration:
		return name + " is recorded, but was not done to its end: it was interrupted, and its second run ended at once and was recorded"
	case h.Recorded:
		return name + " is recorded, but nothing that it makes is there"
	case h.Whole:
		return name + " was begun and is not recorded: its tables, columns and keys are all there, and Directus would run it again"
	}
	return name + " was begun and is not recorded: Directus would run it again from its start"
}

// halfway are the half-done migrations. Rows are looked at of the step to
// policies only, which nobody can log in without.
func (in Input) halfway(ctx context.Context) ([]systemschema.Halfway, error) {
	report, err := in.drift(ctx)
	if err != nil || in.System == nil {
		return nil, err
	}
	all := report.Halfway
	if len(all) > 0 || !slices.Contains(in.Recorded, systemschema.PoliciesMigration) || in.System["directus_policies"] == nil {
		return all, nil
	}
	lost := systemschema.Halfway{
		Migration: systemschema.PoliciesMigration, Recorded: true,
		Done: []string{"table directus_policies is there"}, Tables: []string{"directus_policies"},
	}
	if in.System["directus_access"] == nil { // on a server that the catalogue does not know
		lost.Left = []string{"table directus_access is missing"}
		return []systemschema.Halfway{lost}, nil
	}
	policies, err := in.count(ctx, "directus_policies", "")
	if err != nil {
		return nil, err
	}
	access, err := in.count(ctx, "directus_access", "")
	if err != nil || access > 0 || policies == 0 {
		return nil, err
	}
	lost.Whole, lost.Tables = true, []string{"directus_access", "directus_policies"}
	lost.Left = []string{fmt.Sprintf("directus_access is empty, though there are %d policies", policies)}
	return []systemschema.Halfway{lost}, nil
}

// wayBack is the newest backup from before the migrations, if there is one.
type wayBack struct{ backup *Backup }

func (in Input) wayBack(all []systemschema.Halfway) wayBack {
	var newest *Backup
	for i, b := range in.Backups {
		if fromBefore(b, all) && (newest == nil || b.Created.After(newest.Created)) {
			newest = &in.Backups[i]
		}
	}
	return wayBack{newest}
}

func (w wayBack) line() string {
	if w.backup == nil {
		return "no backup from before it is in this project's folder of backups; look for another one, also on other machines"
	}
	return fmt.Sprintf("bunnyhop restore %s (of %s, Directus %s)", w.backup.ID, w.backup.Created.Local().Format("2006-01-02 15:04"), w.backup.Directus)
}

// fromBefore reports whether a backup has nothing of the migrations: neither
// their records nor their tables.
func fromBefore(b Backup, all []systemschema.Halfway) bool {
	for _, h := range all {
		if slices.Contains(b.Migrations, h.Migration) || slices.ContainsFunc(h.Tables, func(table string) bool { return slices.Contains(b.Tables, table) }) {
			return false
		}
	}
	return len(b.Migrations) > 0
}

// explainedNewer reports whether all that makes the database look newer than the
// code is what a half-done migration left. Installing the newer code, the advice
// for such a database, would run that migration again.
func (in Input) explainedNewer(all []systemschema.Halfway) bool {
	if in.Newer == nil {
		return false
	}
	for _, m := range in.Newer.Migrations {
		if !slices.ContainsFunc(all, func(h systemschema.Halfway) bool { return h.Migration == m.ID }) {
			return false
		}
	}
	for _, table := range in.Newer.Tables {
		if !slices.ContainsFunc(all, func(h systemschema.Halfway) bool { return slices.Contains(h.Tables, table) }) {
			return false
		}
	}
	return true
}
