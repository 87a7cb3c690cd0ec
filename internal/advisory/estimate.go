package advisory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bunnyhop/internal/directus"
)

// Estimate says how long a pending migration will take, by the rows of the
// tables that it touches.
type Estimate struct {
	// Rows is how many rows the tables have, about.
	Rows int64 `json:"rows"`
	// Seconds is an upper guess of a small server. It is 0 with Unknown.
	Seconds float64 `json:"seconds"`
	// Unknown says why it cannot be estimated; for a project's own migration.
	Unknown string `json:"unknown,omitempty"`
}

// aMigration is what a migration takes that touches next to nothing: Directus
// reads its file, makes or changes a table, and records it.
const aMigration = 50 * time.Millisecond

// keyChecks says how often a migration has SQLite go through all tables: with
// each change of a column that SQLite does not know, knex writes the table anew
// and has all foreign keys of the database checked. Measured with a million
// rows of activity and 300 000 revisions, from 10.13.4 to 12.4.0: 0.4 to 0.7 s
// each, and 2.7 s for the step to policies. Of migrations before those nobody
// measured; they are taken to do it once.
var keyChecks = map[string]int{
	"20240806A": 4, "20240817A": 2, "20251014A": 1, "20260217A": 1, "20260512B": 1, "20260818A": 1,
}

const (
	firstMeasured   = "20240806A"
	keysCheckedRows = 1_000_000 // a second
)

// largeTables are those whose foreign keys take the time.
var largeTables = []string{"directus_activity", "directus_revisions", "directus_files", "directus_users"}

func (in Input) keyChecks(m directus.Migration) int {
	switch {
	case in.Vendor == postgresVendor || in.Vendor == mysqlVendor || len(m.Tables) == 0:
		return 0
	case m.ID < firstMeasured:
		return 1
	}
	return keyChecks[m.ID]
}

// Estimates estimates in.Pending, in its order.
func Estimates(ctx context.Context, in Input) ([]Estimate, error) {
	in = in.cached()
	sizes := map[string][2]int64{}
	size := func(table string) ([2]int64, error) {
		if known, ok := sizes[table]; ok {
			return known, nil
		}
		rows, bytes, err := tableSize(ctx, in, table)
		if err != nil {
			return [2]int64{}, fmt.Errorf("reading the size of %s: %w", table, err)
		}
		sizes[table] = [2]int64{rows, bytes}
		return sizes[table], nil
	}
	all := make([]Estimate, len(in.Pending))
	for i, m := range in.Pending {
		if m.Custom {
			all[i].Unknown = "the project's own: what it does is not known"
			continue
		}
		costs, err := in.costsOf(ctx, m)
		if err != nil {
			return nil, err
		}
		takes := aMigration
		for _, c := range costs {
			s, err := size(c.table)
			if err != nil {
				return nil, err
			}
			all[i].Rows += s[0]
			takes += c.cost.takes(s[0], s[1])
		}
		if n := in.keyChecks(m); n > 0 {
			for _, table := range largeTables {
				s, err := size(table)
				if err != nil {
					return nil, err
				}
				takes += time.Duration(float64(n) * float64(s[0]) / keysCheckedRows * float64(time.Second))
			}
		}
		all[i].Seconds = takes.Seconds()
	}
	return all, nil
}

// tableCost is what a migration does to a table.
type tableCost struct {
	table string
	cost  cost
}

// costsOf lists what a migration does to tables that may be large. What is not
// known to go through all rows is taken to read them once.
func (in Input) costsOf(ctx context.Context, m directus.Migration) ([]tableCost, error) {
	var costs []tableCost
	for _, h := range heavyMigrations {
		if h.migration == m.ID {
			costs = append(costs, tableCost{h.table, h.on(in.Vendor)})
		}
	}
	for _, table := range m.Tables {
		if !slices.ContainsFunc(costs, func(c tableCost) bool { return c.table == table }) {
			costs = append(costs, tableCost{table, scans})
		}
	}
	if m.ID != "20231009A" { // which changes columns of the project's own tables
		return costs, nil
	}
	with, _, err := withColumn(ctx, in)
	for _, name := range with {
		table, _, _ := strings.Cut(name, ".")
		costs = append(costs, tableCost{table, rewrites})
	}
	return costs, err
}
