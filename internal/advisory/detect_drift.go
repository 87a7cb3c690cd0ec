package advisory

import (
	"context"
	"slices"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/systemschema"
)

// rulesDrift are about system tables that are not as the recorded migrations
// left them.
var rulesDrift = []Rule{
	halfDone,
	{
		ID: "schema-drift", Severity: Blocker, Area: AreaDatabase, Vendors: onCatalogued,
		Title:      "tables of Directus are not as its recorded migrations left them, where Directus or a migration to come needs them",
		Affects:    "Projects whose tables were changed by hand or restored in part, and those with an update that stopped half-way.",
		Unaffected: "the tables of Directus have all that it and the migrations to come need",
		Remedy: "put back what is missing and take away what is in the way, or restore a backup from before the change; " +
			"to have the rehearsal try the migrations as it is, use --override schema-drift",
		Source: driftSource,
		Look:   "look whether anybody has changed tables of Directus by hand",
		Detect: detectDrift,
	},
	{
		ID: "schema-differs", Severity: Warning, Area: AreaDatabase, Vendors: onCatalogued,
		Title:      "tables of Directus are not as its recorded migrations left them",
		Affects:    "Projects whose tables were changed by hand or restored in part.",
		Unaffected: "the tables of Directus are as its migrations left them",
		Remedy:     "find out who changed them and why; no migration of this upgrade touches what is listed, a later one may",
		Source:     driftSource,
		Detect:     detectDifferences,
	},
	{
		ID: "schema-additions", Severity: Note, Area: AreaDatabase, Vendors: onCatalogued,
		Title:      "tables of Directus have columns, keys or indexes that are not its own",
		Affects:    "Projects with fields of their own on users, files or other system tables.",
		Unaffected: "the tables of Directus have nothing but its own columns, keys and indexes",
		Remedy:     "nothing to do: Directus keeps them, and no migration of this upgrade makes anything of the same name",
		Source:     driftSource,
		Detect:     detectAdditions,
	},
}

const driftSource = "the migrations of Directus 9.0.1 to 12.4.0, run one by one (cmd/mkcatalogue); " +
	"directus/directus issues 4470, 10899, 10669, 22120, 23006, 19399, 23228"

// onCatalogued are the kinds of databases that the catalogue of system tables
// knows.
var onCatalogued = []string{string(database.SQLite), postgresVendor, mysqlVendor}

// detectDrift reports what Directus itself cannot do without, a whole table, and
// what a pending migration would meet in another form than it was made for.
func detectDrift(ctx context.Context, in Input) ([]string, bool, error) {
	report, err := in.drift(ctx)
	if err != nil {
		return nil, false, err
	}
	if report.Unknown != "" {
		return []string{report.Unknown}, false, errUntold
	}
	evidence := lines(report, urgent)
	if len(evidence) == 0 {
		return nil, false, nil
	}
	return withOthers(evidence, report), true, nil
}

func detectDifferences(ctx context.Context, in Input) ([]string, bool, error) {
	report, err := in.drift(ctx)
	evidence := lines(report, func(d systemschema.Difference) bool { return !urgent(d) && d.Kind != systemschema.Extra })
	if err != nil || len(evidence) == 0 {
		return nil, false, err
	}
	return withOthers(evidence, report), true, nil
}

func detectAdditions(ctx context.Context, in Input) ([]string, bool, error) {
	report, err := in.drift(ctx)
	evidence := lines(report, func(d systemschema.Difference) bool { return !urgent(d) && d.Kind == systemschema.Extra })
	return bounded(evidence), len(evidence) > 0, err
}

// urgent differences stop Directus or a migration to come: a table that is not
// there, and what a pending migration changes or makes.
func urgent(d systemschema.Difference) bool {
	return d.Next != "" || d.Kind == systemschema.Missing && d.Object == systemschema.Table
}

// lines are the differences that are taken, without those of half-done
// migrations, which half-done-migration tells.
func lines(report systemschema.Report, take func(systemschema.Difference) bool) []string {
	var lines []string
	for _, d := range report.Differences {
		if take(d) && !report.Explained(d) {
			lines = append(lines, d.String())
		}
	}
	return lines
}

// withOthers adds whose work a difference may be.
func withOthers(evidence []string, report systemschema.Report) []string {
	evidence = bounded(evidence)
	if len(report.Others) > 0 {
		evidence = append(evidence, "recorded, but not migrations of Directus, so that they may have made the difference: "+
			strings.Join(bounded(report.Others), ", "))
	}
	return evidence
}

// drift compares the system tables with the catalogue. Without a description
// of them, which only a check for a target has, there is nothing to compare.
func (in Input) drift(ctx context.Context) (systemschema.Report, error) {
	if in.System == nil {
		return systemschema.Report{}, nil
	}
	if in.read != nil && in.read.drift != nil {
		return *in.read.drift, nil
	}
	report, err := in.compare(ctx)
	if err == nil && in.read != nil {
		in.read.drift = &report
	}
	return report, err
}

func (in Input) compare(ctx context.Context) (systemschema.Report, error) {
	if in.Vendor == mysqlVendor {
		server, err := serverProduct(ctx, in)
		if err != nil {
			return systemschema.Report{}, err
		}
		if server.name != "MariaDB" {
			return systemschema.Report{Unknown: "the catalogue of Directus' tables was made with MariaDB, and the server is " + server.String()}, nil
		}
	}
	var pending []string
	for _, m := range in.Pending {
		if !m.Custom {
			pending = append(pending, m.ID)
		}
	}
	slices.Sort(pending)
	return systemschema.Embedded().Compare(database.Vendor(in.Vendor), in.System, in.Recorded, pending), nil
}
