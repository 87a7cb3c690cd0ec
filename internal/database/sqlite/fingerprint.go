package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/digest"
	"bunnyhop/internal/progress"
)

const (
	// pieceRows is how many rows are read under one lock where readers keep
	// writers waiting.
	pieceRows = 10000
	// wholeTables is a piece without limit.
	wholeTables = 0
)

// Fingerprint reads every row. All tables are read in one snapshot where that
// keeps no writer waiting for long (see holds); elsewhere they are read in
// pieces, and what others write meanwhile may be in it or not.
func (d *DB) Fingerprint(ctx context.Context, only func(table string) bool, report progress.Reporter) (database.Fingerprint, error) {
	hold, err := d.holds(ctx)
	if err != nil {
		return database.Fingerprint{}, err
	}
	conn, err := d.sql.Conn(ctx)
	if err != nil {
		return database.Fingerprint{}, fmt.Errorf("connecting to the database: %w", describe(err, d.path))
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	piece := pieceRows
	if hold {
		piece = wholeTables
		release, err := snapshot(ctx, conn)
		if err != nil {
			return database.Fingerprint{}, describe(err, d.path)
		}
		defer release()
	}
	f, err := fingerprint(ctx, conn, only, piece, report)
	if err != nil {
		return database.Fingerprint{}, fmt.Errorf("fingerprinting the database: %w", describe(err, d.path))
	}
	return f, nil
}

// snapshot begins a read transaction and pins what it sees.
func snapshot(ctx context.Context, conn *sql.Conn) (release func(), err error) {
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, fmt.Errorf("beginning a snapshot: %w", err)
	}
	release = func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") }
	var n int
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		release()
		return nil, fmt.Errorf("beginning a snapshot: %w", err)
	}
	return release, nil
}

// fingerprint reads tables in pieces of so many rows.
func fingerprint(ctx context.Context, conn *sql.Conn, only func(string) bool, piece int, report progress.Reporter) (database.Fingerprint, error) {
	f := database.Fingerprint{Tables: map[string]database.TableFingerprint{}}
	all, err := tables(ctx, conn)
	if err != nil {
		return f, fmt.Errorf("listing the tables: %w", err)
	}
	if only != nil {
		all = slices.DeleteFunc(all, func(t table) bool { return !only(t.name) })
	}
	c := digest.Counter{Report: report}
	for _, t := range all {
		if t.kind == virtual {
			continue
		}
		var n int64
		if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM "+quote(t.name)).Scan(&n); err != nil {
			return f, fmt.Errorf("counting the rows of %q: %w", t.name, err)
		}
		c.Total += n
	}
	sequences, err := readSequences(ctx, conn)
	if err != nil {
		return f, err
	}
	for _, t := range all {
		state, err := fingerprintTable(ctx, conn, t, piece, &c)
		if err != nil {
			return f, err
		}
		state.Sequence = sequences[t.name]
		f.Tables[t.name] = state
	}
	f.Other, err = others(ctx, conn)
	if err != nil {
		return f, fmt.Errorf("reading views and triggers: %w", err)
	}
	c.End()
	return f, nil
}

func fingerprintTable(ctx context.Context, conn *sql.Conn, t table, piece int, c *digest.Counter) (database.TableFingerprint, error) {
	schema, columns, err := describeTable(ctx, conn, t)
	if err != nil {
		return database.TableFingerprint{}, err
	}
	state := database.TableFingerprint{Schema: schema.Digest()}
	slices.Sort(columns)
	r := reader{columns: columns, sum: digest.New(columns), counter: c}
	if t.kind != virtual {
		query, inPieces := r.query(t.name, schema, piece)
		err = conn.Raw(func(raw any) error { return r.read(ctx, raw.(*sqlite3.SQLiteConn), query, inPieces) })
		if err != nil {
			return database.TableFingerprint{}, fmt.Errorf("reading table %q: %w", t.name, err)
		}
	}
	state.Rows, state.Data = r.sum.Count(), r.sum.Sum()
	return state, nil
}

// reader reads the rows of one table through the driver itself, which saves
// database/sql's copy of each value.
type reader struct {
	columns []string
	sum     *digest.Rows
	counter *digest.Counter
}

// query selects the columns, sorted by name. In pieces, the row id comes
// first, and one after which to start is asked for; a table without row ids
// cannot be read in pieces.
func (r *reader) query(name string, schema database.TableSchema, piece int) (query string, inPieces bool) {
	// The unary plus changes no value, but hides the declared type from the
	// driver, which would turn dates and booleans into something else.
	selected := make([]string, len(r.columns))
	for i, column := range r.columns {
		selected[i] = "+" + quote(column)
	}
	id := rowID(schema)
	if piece == wholeTables || id == "" {
		return "SELECT " + strings.Join(selected, ", ") + " FROM " + quote(name), false
	}
	return fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s > ? ORDER BY %s LIMIT %d",
		id, strings.Join(selected, ", "), quote(name), id, id, piece), true
}

// rowID is a name of the row id that no column hides, or "".
func rowID(schema database.TableSchema) string {
	if slices.Contains(schema.Constraints, "WITHOUT ROWID") {
		return ""
	}
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if !slices.ContainsFunc(schema.Columns, func(c database.Column) bool { return strings.EqualFold(c.Name, name) }) {
			return name
		}
	}
	return ""
}

func (r *reader) read(ctx context.Context, conn *sqlite3.SQLiteConn, query string, inPieces bool) error {
	if !inPieces {
		_, _, err := r.piece(ctx, conn, query, nil, 0)
		return err
	}
	last := []driver.NamedValue{{Ordinal: 1, Value: int64(math.MinInt64)}}
	for {
		id, n, err := r.piece(ctx, conn, query, last, 1)
		if err != nil || n == 0 {
			return err
		}
		last[0].Value = id
	}
}

// piece runs one query and adds its rows, without the first skip values. It
// returns the first value of the last row and the number of rows.
func (r *reader) piece(ctx context.Context, conn *sqlite3.SQLiteConn, query string, args []driver.NamedValue, skip int) (last driver.Value, n int, err error) {
	rows, err := conn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close() //nolint:errcheck // only read from
	values := make([]driver.Value, len(r.columns)+skip)
	for {
		switch err := rows.Next(values); {
		case errors.Is(err, io.EOF):
			return last, n, nil
		case err != nil:
			return nil, n, err
		}
		if err := r.sum.Add(values[skip:]); err != nil {
			return nil, n, err
		}
		last = values[0]
		n++
		r.counter.Row(0)
	}
}

// readSequences reads the last automatic number of each table that has one.
func readSequences(ctx context.Context, q querier) (map[string]int64, error) {
	sequences := map[string]int64{}
	exists := false
	err := each(ctx, q, "SELECT 1 FROM sqlite_schema WHERE name = ?", "sqlite_sequence", func(*sql.Rows) error {
		exists = true
		return nil
	})
	if err != nil || !exists {
		return sequences, err
	}
	err = each(ctx, q, "SELECT name, seq FROM sqlite_sequence WHERE name IS NOT ?", "", func(rows *sql.Rows) error {
		var name string
		var last sql.NullInt64
		if err := rows.Scan(&name, &last); err != nil {
			return err
		}
		sequences[name] = last.Int64
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the automatic numbers: %w", err)
	}
	return sequences, nil
}

// others is a digest of views and triggers.
func others(ctx context.Context, q querier) (string, error) {
	hash := sha256.New()
	err := each(ctx, q, `SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type NOT IN ('table', 'index', ?) ORDER BY type, name`,
		"", func(rows *sql.Rows) error {
			var kind, name, table, text string
			if err := rows.Scan(&kind, &name, &table, &text); err != nil {
				return err
			}
			return json.NewEncoder(hash).Encode([]string{kind, name, table, join(tokenize(text))})
		})
	return hex.EncodeToString(hash.Sum(nil)), err
}
