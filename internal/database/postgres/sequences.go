package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// sequence is a sequence of any schema but the system's.
type sequence struct {
	Schema string
	Name   string
	Table  uint32 // whose column owns it; 0 is nobody's
	Column string
	Form   string // its parameters
	// Increment is how far it goes with each number.
	Increment int64
}

// lastValues are the last numbers that sequences gave out, by their sql names.
type lastValues map[string]int64

func (s sequence) sql() string { return quote(s.Schema) + "." + quote(s.Name) }

// sequences lists the sequences.
func sequences(ctx context.Context, conn *pgx.Conn) ([]sequence, error) {
	all, err := collect[sequence](ctx, conn, `SELECT n.nspname, c.relname, coalesce(d.refobjid, 0), coalesce(a.attname, ''),
			format('%s start %s increment %s min %s max %s cache %s cycle %s', format_type(s.seqtypid, NULL),
				s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle), s.seqincrement
		FROM pg_sequence AS s JOIN pg_class AS c ON c.oid = s.seqrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
		LEFT JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
			AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
		LEFT JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
		WHERE c.relpersistence <> 't' AND `+ownSchema+` AND `+notExtension("pg_class", "c.oid")+`
		ORDER BY n.nspname, c.relname`)
	if err != nil {
		return nil, fmt.Errorf("listing the sequences: %w", err)
	}
	return all, nil
}

// readLastValues reads the last values of the moment: sequences know no
// transactions.
func readLastValues(ctx context.Context, conn *pgx.Conn, all []sequence) (lastValues, error) {
	last := lastValues{}
	for piece := range slices.Chunk(all, 200) {
		queries := make([]string, len(piece))
		for i, s := range piece {
			queries[i] = fmt.Sprintf("SELECT %d, last_value, is_called FROM %s", i, s.sql())
		}
		values, err := collect[struct {
			Index  int32
			Value  int64
			Called bool
		}](ctx, conn, strings.Join(queries, " UNION ALL "))
		if err != nil {
			return nil, fmt.Errorf("reading the last values of the sequences: %w", err)
		}
		for _, v := range values {
			last[piece[v.Index].sql()] = lastOf(v.Value, v.Called, piece[v.Index].Increment)
		}
	}
	return last, nil
}

// lastOf is the number before the next one. A sequence whose value was not
// given out yet gives out that value next.
func lastOf(value int64, called bool, increment int64) int64 {
	if called {
		return value
	}
	return value - increment
}
