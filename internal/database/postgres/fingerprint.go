package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/digest"
	"bunnyhop/internal/progress"
)

// Fingerprint reads every row of every table in one snapshot. The sequences'
// last values are those of the moment.
func (d *DB) Fingerprint(ctx context.Context, only func(table string) bool, report progress.Reporter) (database.Fingerprint, error) {
	var f database.Fingerprint
	err := d.read(ctx, func(conn *pgx.Conn) error {
		s, err := d.survey(ctx, conn, only)
		if err != nil {
			return err
		}
		last, err := readLastValues(ctx, conn, s.sequences)
		if err != nil {
			return err
		}
		if err := d.readRows(ctx, conn, s, report); err != nil {
			return err
		}
		f = s.fingerprint(last)
		return nil
	})
	if err != nil {
		return database.Fingerprint{}, fmt.Errorf("fingerprinting the database: %w", err)
	}
	return f, nil
}

// survey is all that there is in a snapshot, before and after its rows are
// read.
type survey struct {
	tables    []table
	described map[uint32]*described
	sequences []sequence
	objects   []object
	rows      map[uint32]*digest.Rows
}

func (d *DB) survey(ctx context.Context, conn *pgx.Conn, only func(table string) bool) (*survey, error) {
	s := &survey{rows: map[uint32]*digest.Rows{}}
	all, err := d.tables(ctx, conn)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if only == nil || only(t.label) {
			s.tables = append(s.tables, t)
		}
	}
	if s.described, err = describeTables(ctx, conn, s.tables); err != nil {
		return nil, err
	}
	if s.sequences, err = sequences(ctx, conn); err != nil {
		return nil, err
	}
	if s.objects, err = objects(ctx, conn); err != nil {
		return nil, err
	}
	return s, nil
}

// lock keeps the tables from being changed or dropped while the snapshot is
// read: what was read of the catalogue would not fit them any more, and a
// change that waits for a dump to end must not get between.
func (s *survey) lock(ctx context.Context, conn *pgx.Conn) error {
	if len(s.tables) == 0 {
		return nil
	}
	names := make([]string, len(s.tables))
	for i, t := range s.tables {
		names[i] = "ONLY " + t.sql()
	}
	if _, err := conn.Exec(ctx, "LOCK TABLE "+strings.Join(names, ", ")+" IN ACCESS SHARE MODE"); err != nil {
		return fmt.Errorf("locking the tables against changes: %w", err)
	}
	return nil
}

// fingerprint puts together what was read. A table's sequence is that of its
// first column that owns one; further ones, and those that no column owns,
// are in Other with their values.
func (s *survey) fingerprint(last lastValues) database.Fingerprint {
	f := database.Fingerprint{Tables: map[string]database.TableFingerprint{}}
	owned := map[uint32]sequence{}
	others := append([]object(nil), s.objects...)
	extra := func(q sequence) {
		others = append(others, object{Kind: "sequence", Name: q.sql(), Text: fmt.Sprintf("%s last %d", q.Form, last[q.sql()])})
	}
	for _, q := range s.sequences {
		if q.Table == 0 {
			extra(q)
			continue
		}
		first, taken := owned[q.Table]
		switch {
		case !taken:
			owned[q.Table] = q
		case q.Column < first.Column:
			owned[q.Table] = q
			extra(first)
		default:
			extra(q)
		}
	}
	for _, t := range s.tables {
		schema := s.described[t.OID].schema
		state := database.TableFingerprint{Rows: s.rows[t.OID].Count(), Data: s.rows[t.OID].Sum()}
		if q, ok := owned[t.OID]; ok {
			state.Sequence = last[q.sql()]
			schema.Constraints = append(schema.Constraints[:len(schema.Constraints):len(schema.Constraints)], "SEQUENCE "+quote(q.Column)+" "+q.Form)
		}
		state.Schema = schema.Digest()
		f.Tables[t.label] = state
	}
	f.Other = objectsDigest(others)
	return f
}
