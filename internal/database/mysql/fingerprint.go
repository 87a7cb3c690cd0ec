package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/digest"
	"bunnyhop/internal/progress"
)

// Fingerprint reads every row of every table in one snapshot. The numbers of
// AUTO_INCREMENT columns and of sequences are those of the moment, and so are
// the rows of tables without transactions.
func (d *DB) Fingerprint(ctx context.Context, only func(table string) bool, report progress.Reporter) (database.Fingerprint, error) {
	var f database.Fingerprint
	err := d.read(ctx, func(conn *sql.Conn) error {
		s, err := takeSurvey(ctx, conn, d.name, only)
		if err != nil {
			return err
		}
		if names := s.loose(); len(names) > 0 {
			report.Output("read outside of the snapshot, for they have no transactions: " + strings.Join(names, ", "))
		}
		if err := s.readRows(ctx, conn, report); err != nil {
			return err
		}
		f = s.fingerprint()
		return nil
	})
	if err != nil {
		return database.Fingerprint{}, fmt.Errorf("fingerprinting the database: %w", err)
	}
	return f, nil
}

// survey is all that there is in a schema, before and after its rows are
// read.
type survey struct {
	schema    string
	tables    []table
	described map[string]*described
	objects   []object
	sequences []string
	own       *qualifier
	defaults  string // the character set and collation of new tables
	rows      map[string]*digest.Rows
	last      map[string]int64 // the last automatic numbers, as a dump has them
}

func takeSurvey(ctx context.Context, conn *sql.Conn, schema string, only func(table string) bool) (*survey, error) {
	s := &survey{schema: schema, rows: map[string]*digest.Rows{}, last: map[string]int64{}}
	all, err := listTables(ctx, conn, schema)
	if err != nil {
		return nil, err
	}
	for _, t := range withoutSequences(all) {
		if only == nil || only(t.Name) {
			s.tables = append(s.tables, t)
			s.last[t.Name] = t.last()
		}
	}
	if s.described, err = describeTables(ctx, conn, schema, s.tables); err != nil {
		return nil, err
	}
	if s.objects, err = objects(ctx, conn, schema); err != nil {
		return nil, err
	}
	s.own = qualified(schema)
	for _, t := range all {
		s.own.add(t.Name)
	}
	for _, o := range s.objects {
		s.own.add(o.Name)
	}
	if s.defaults, err = defaults(ctx, conn, schema); err != nil {
		return nil, err
	}
	s.sequences, err = sequenceTexts(ctx, conn, schema, all)
	return s, err
}

// loose are the tables for which the snapshot does not hold.
func (s *survey) loose() []string {
	var names []string
	for _, t := range s.tables {
		if !t.transactional() {
			names = append(names, t.Name+" ("+t.Engine+")")
		}
	}
	return names
}

// readRows digests the rows of every table.
func (s *survey) readRows(ctx context.Context, conn *sql.Conn, report progress.Reporter) error {
	c := digest.Counter{Report: report}
	for _, t := range s.tables {
		c.Total += t.Rows
	}
	c.Start()
	for _, t := range s.tables {
		columns := s.described[t.Name].stored()
		labels := make([]string, len(columns))
		for i, column := range columns {
			labels[i] = column.Name
		}
		sum := digest.New(labels)
		s.rows[t.Name] = sum
		err := oneTable(ctx, conn, func() error {
			return readTable(ctx, conn, s.schema, t.Name, columns, func(values []driver.Value) error {
				c.Row(sizeOf(values))
				return sum.Add(values)
			})
		})
		if err != nil {
			return err
		}
	}
	c.End()
	return nil
}

// fingerprint puts together what was read.
func (s *survey) fingerprint() database.Fingerprint {
	f := database.Fingerprint{Tables: map[string]database.TableFingerprint{}}
	for _, t := range s.tables {
		f.Tables[t.Name] = database.TableFingerprint{
			Rows: s.rows[t.Name].Count(), Data: s.rows[t.Name].Sum(),
			Schema: s.described[t.Name].digest(), Sequence: s.last[t.Name],
		}
	}
	f.Other = objectsDigest(s.objects, append([]string{s.defaults}, s.sequences...), s.own)
	return f
}
