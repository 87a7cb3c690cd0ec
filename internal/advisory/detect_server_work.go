package advisory

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// heavy is a migration that reads or rewrites a whole table that grows with
// the use of a project (read in @directus/api 12.4.0, dist/database/migrations).
type heavy struct {
	migration, table, what string
	// postgres, mysql and sqlite say what that costs there.
	postgres, mysql, sqlite cost
}

// on is the cost on a kind of database.
func (h heavy) on(vendor string) cost {
	switch vendor {
	case mysqlVendor:
		return h.mysql
	case postgresVendor:
		return h.postgres
	}
	return h.sqlite
}

// cost is what one statement does to all rows of a table.
type cost int

const (
	nothing  cost = iota // the catalogue only
	scans                // reads every row
	indexes              // reads every row and sorts
	rewrites             // writes every row anew
)

var heavyMigrations = []heavy{
	{"20220429C", "directus_activity", "changes a column", nothing, rewrites, rewrites},
	{"20230823A", "directus_revisions", "adds a column with a foreign key", scans, rewrites, rewrites},
	{"20240305A", "directus_activity", "changes the type of a column", nothing, rewrites, rewrites},
	{"20240924A", "directus_activity", "looks for comments, and drops a column", scans, rewrites, rewrites},
	{"20240924B", "directus_revisions", "collects the changes of versions", scans, nothing, scans},
	{"20251028A", "directus_activity", "makes an index", indexes, indexes, indexes},
	{"20251028A", "directus_revisions", "makes an index", indexes, nothing, indexes},
	{"20260113A", "directus_revisions", "makes an index", indexes, nothing, indexes},
}

// work is a heavy migration on a table of this project.
type work struct {
	heavy
	rows, bytes int64
	takes       time.Duration
	reads       bool
}

func (w work) String() string {
	return fmt.Sprintf("%s %s: %s, about %d rows and %d MB, takes about %s", w.migration, w.what, w.table, w.rows, w.bytes>>20, roughly(w.takes))
}

func roughly(d time.Duration) string {
	if d < time.Second {
		return "a second"
	}
	return d.Round(time.Second).String()
}

// speeds are rows and bytes a second that a small server manages. They are a
// few times slower than what was measured with PostgreSQL 15 on two busy cores:
// a million revisions of 650 bytes were read in 0.5 s, indexed in 1.9 s and
// rewritten in 13 s.
var speeds = map[cost][2]float64{
	scans:    {400_000, 200 << 20},
	indexes:  {200_000, 150 << 20},
	rewrites: {50_000, 40 << 20},
}

func (c cost) takes(rows, bytes int64) time.Duration {
	speed, ok := speeds[c]
	if !ok {
		return 0
	}
	return time.Duration((float64(rows)/speed[0] + float64(bytes)/speed[1]) * float64(time.Second))
}

// pendingWork lists the heavy work that is still to come.
func pendingWork(ctx context.Context, in Input) ([]work, error) {
	sizes := map[string][2]int64{}
	var works []work
	for _, h := range heavyMigrations {
		c := h.on(in.Vendor)
		if c == nothing || !in.pending(h.migration) {
			continue
		}
		size, known := sizes[h.table]
		if !known {
			var err error
			if size[0], size[1], err = tableSize(ctx, in, h.table); err != nil {
				return nil, fmt.Errorf("reading the size of %s: %w", h.table, err)
			}
			sizes[h.table] = size
		}
		works = append(works, work{heavy: h, rows: size[0], bytes: size[1], takes: c.takes(size[0], size[1]), reads: c == scans})
	}
	return works, nil
}

// countedUpTo is how many rows are counted where the server has no estimate.
const countedUpTo = 1_000_000

// tableSize is the number of rows and bytes of a table, estimated by the
// server where it can: counting millions of rows takes its time. What the
// server keeps beside the rows of PostgreSQL (TOAST) is neither indexed nor
// rewritten and does not count. A table that is not there is empty.
func tableSize(ctx context.Context, in Input, table string) (rows, bytes int64, err error) {
	exists, err := in.hasTable(ctx, table)
	if err != nil || !exists {
		return 0, 0, err
	}
	query := `SELECT TABLE_ROWS AS estimate, DATA_LENGTH AS bytes FROM information_schema.TABLES
		WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ` + quoted(table)
	switch in.Vendor {
	case mysqlVendor:
	case postgresVendor:
		query = "SELECT reltuples::int8 AS estimate, pg_relation_size(oid) AS bytes FROM pg_class WHERE oid = to_regclass(" + quoted(in.DB.Quote(table)) + ")"
	default: // SQLite has no estimate
		query = ""
	}
	if query != "" {
		row, err := one(ctx, in.DB, query)
		if err != nil {
			return 0, 0, err
		}
		rows, _ = strconv.ParseInt(row["estimate"], 10, 64)
		bytes, _ = strconv.ParseInt(row["bytes"], 10, 64)
		if rows > 0 {
			return rows, bytes, nil
		}
	}
	counted, err := one(ctx, in.DB, fmt.Sprintf("SELECT COUNT(*) AS n FROM (SELECT 1 FROM %s LIMIT %d) AS t", in.DB.Quote(table), countedUpTo)) //nolint:gosec // quoted
	if err != nil {
		return 0, 0, err
	}
	rows, _ = strconv.ParseInt(counted["n"], 10, 64)
	return rows, bytes, nil
}
