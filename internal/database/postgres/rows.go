package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/database/digest"
	"bunnyhop/internal/progress"
)

// worthTwo is the size of a database, in bytes, from which on a second
// connection reads along. Tests make it less.
var worthTwo int64 = 32 << 20

// rowReader digests the rows of all tables, by one connection or several.
type rowReader struct {
	survey  *survey
	counter digest.Counter
	mu      sync.Mutex
	left    []table // the largest last
}

func (s *survey) reader(report progress.Reporter) *rowReader {
	r := &rowReader{survey: s, counter: digest.Counter{Report: report}, left: slices.Clone(s.tables)}
	slices.SortStableFunc(r.left, func(a, b table) int { return cmp.Compare(a.Bytes, b.Bytes) })
	for _, t := range s.tables {
		r.counter.Total += t.Estimate
	}
	r.counter.Start()
	return r
}

// readRows digests the rows of every table by one connection.
func (s *survey) readRows(ctx context.Context, conn *pgx.Conn, report progress.Reporter) error {
	r := s.reader(report)
	err := r.read(ctx, conn)
	r.counter.End()
	return err
}

// readRows digests the rows of every table. Of a large database, a second
// connection, which sees the same state, takes every other table: the server
// writes one connection's rows with one processor. Where it has no connection
// to spare, the first one reads them all.
func (d *DB) readRows(ctx context.Context, conn *pgx.Conn, s *survey, report progress.Reporter) error {
	var size int64
	for _, t := range s.tables {
		size += t.Bytes
	}
	if size < worthTwo {
		return s.readRows(ctx, conn, report)
	}
	var snapshot string
	if err := conn.QueryRow(ctx, "SELECT pg_export_snapshot()").Scan(&snapshot); err != nil {
		return fmt.Errorf("sharing the snapshot with a second connection: %w", err)
	}
	r := s.reader(report)
	group, ctx := errgroup.WithContext(ctx)
	waiting, giveUp := context.WithCancel(ctx)
	group.Go(func() error {
		defer giveUp()
		return r.read(ctx, conn)
	})
	group.Go(func() error {
		begun := false
		err := d.readIn(waiting, snapshot, func(conn *pgx.Conn) error {
			begun = true
			return r.read(ctx, conn)
		})
		if !begun {
			return nil
		}
		return err
	})
	err := group.Wait()
	r.counter.End()
	return err
}

// next is a table to read. The rows of a partitioned one are in its
// partitions.
func (r *rowReader) next() (t table, sum *digest.Rows, expressions []string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.left) > 0 {
		t, r.left = r.left[len(r.left)-1], r.left[:len(r.left)-1]
		columns := r.survey.described[t.OID].columns
		labels, expressions := make([]string, len(columns)), make([]string, len(columns))
		for i, column := range columns {
			labels[i], expressions[i] = column.name, column.expression
		}
		sum := digest.New(labels)
		r.survey.rows[t.OID] = sum
		if !t.Partitioned {
			return t, sum, expressions, true
		}
	}
	return table{}, nil, nil, false
}

func (r *rowReader) read(ctx context.Context, conn *pgx.Conn) error {
	for {
		t, sum, expressions, ok := r.next()
		if !ok {
			return nil
		}
		splitter := &rowSplitter{sum: sum, each: r.counter.Row}
		_, err := conn.PgConn().CopyTo(ctx, splitter, "COPY (SELECT "+strings.Join(expressions, ", ")+" FROM ONLY "+t.sql()+
			") TO STDOUT (FORMAT binary)")
		if err == nil {
			err = splitter.close()
		}
		if err != nil {
			return fmt.Errorf("reading table %q: %w", t.label, err)
		}
	}
}
