package model

import (
	"context"
	"fmt"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/progress"
	schemaapply "bunnyhop/internal/schema/apply"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/evidence"
	"bunnyhop/internal/schema/review"
)

// Renamed looks at the data behind the columns of a plan that may have got
// another name, on both sides as far as it can be read. base may be nil.
func Renamed(ctx context.Context, base *Opened, target Opened, plan *review.Plan, report progress.Reporter) (map[string]evidence.Finding, error) {
	if len(plan.Renames) == 0 {
		return nil, nil
	}
	ends := evidence.Ends{Current: plan.Current, Wanted: plan.Wanted, Target: target.Database, Unread: "the rows of the base cannot be read"}
	if base != nil {
		ends.Base, ends.Unread = base.Database, base.Source.unread("base")
	}
	if target.Database == nil {
		ends.Unread = target.Source.unread("target")
	}
	seen, err := evidence.Renames(ctx, ends, plan.Renames, report)
	if err != nil || target.Database != nil {
		return seen, err
	}
	for key, finding := range seen {
		finding.Blocked = "values are copied in the target's database, and " + target.Source.unread("target")
		seen[key] = finding
	}
	return seen, nil
}

// unread says why the rows of a source are not read.
func (s Source) unread(role string) string {
	switch s.Kind {
	case Server:
		return "the " + role + " is only known by its address"
	case Snapshot:
		return "the " + role + " is a file without data"
	case Project:
	}
	return "the rows of the " + role + " cannot be read"
}

// Copied is a column whose values were copied into another and compared.
type Copied struct {
	Collection string `json:"collection"`
	From       string `json:"from"`
	To         string `json:"to"`
	Values     int64  `json:"values"`
}

// Copy copies values in a database, column by column.
func Copy(ctx context.Context, db database.Database, all []compare.Rename, report progress.Reporter) ([]Copied, error) {
	var copied []Copied
	for _, one := range all {
		report.Output(fmt.Sprintf("copying values of %s.%s into %s", one.Collection, one.From, one.To))
		n, err := schemaapply.CopyValues(ctx, db, one)
		if err != nil {
			return nil, err
		}
		copied = append(copied, Copied{one.Collection, one.From, one.To, n})
	}
	return copied, nil
}

// CopiedText says what was copied.
func CopiedText(all []Copied) string {
	parts := make([]string, len(all))
	for i, c := range all {
		parts[i] = fmt.Sprintf("%d values of %s.%s are in %s", c.Values, c.Collection, c.From, c.To)
	}
	return strings.Join(parts, ", ")
}
