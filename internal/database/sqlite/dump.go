package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mattn/go-sqlite3"

	"bunnyhop/internal/database"
	"bunnyhop/internal/durable"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

const (
	// batchBytes is copied between two looks at the context.
	batchBytes = 4 << 20
	// holdBytes is the size up to which a snapshot may be held although it
	// keeps writers waiting: well under the one second that Directus's driver
	// waits for a lock (node-sqlite3 sets a busy timeout of 1000 ms), on a
	// slow machine too.
	holdBytes = 16 << 20
	// stuckAfter is how long the copy waits for a writer to make way.
	stuckAfter = 30 * time.Second
)

// holds says whether one read transaction may last for the whole work. In WAL
// mode readers keep nobody waiting. In the other modes they block commits, so
// they may only last when the database is small or nobody else has it open.
func (d *DB) holds(ctx context.Context) (bool, error) {
	var mode string
	if err := d.sql.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return false, fmt.Errorf("reading the journal mode: %w", describe(err, d.path))
	}
	if mode == "wal" {
		return true, nil
	}
	size, err := d.Size(ctx)
	if err != nil || size <= holdBytes {
		return err == nil, err
	}
	others, err := d.Sessions(ctx)
	return err == nil && len(others) == 0, nil //nolint:nilerr // not known means not alone
}

// Dump copies the database with SQLite's online backup API.
func (d *DB) Dump(ctx context.Context, path string, report progress.Reporter) (database.DumpInfo, error) {
	version, _, _ := sqlite3.Version()
	info := database.DumpInfo{Tool: "SQLite online backup", ToolVersion: version}
	hold, err := d.holds(ctx)
	if err != nil {
		return info, err
	}
	temp := path + ".tmp"
	if err := create(temp); err != nil {
		return info, err
	}
	defer removeDatabase(temp) //nolint:errcheck // after the rename there is nothing left
	state, err := d.copyTo(ctx, temp, hold, report)
	if err != nil {
		return info, fmt.Errorf("dumping the database to %s: %w", path, describe(err, d.path))
	}
	info.FromSource = state != nil
	if state == nil {
		if state, err = fingerprintFile(ctx, temp, report); err != nil {
			return info, fmt.Errorf("reading the dump: %w", err)
		}
	}
	info.Fingerprint = state
	if info.Bytes, err = durable.Publish(temp, path); err != nil {
		return info, fmt.Errorf("dumping the database to %s: %w", path, err)
	}
	return info, nil
}

// copyTo copies page by page. When the snapshot is held, it is also
// fingerprinted, and the result is what the copy has to be equal to.
func (d *DB) copyTo(ctx context.Context, temp string, hold bool, report progress.Reporter) (*database.Fingerprint, error) {
	conn, err := d.sql.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	if hold {
		release, err := snapshot(ctx, conn)
		if err != nil {
			return nil, err
		}
		defer release()
	}
	size, err := d.pragma(ctx, "page_size")
	if err != nil {
		return nil, err
	}
	// The copy is thrown away if anything goes wrong, so it needs no journal;
	// it is flushed as a whole at the end.
	dest, err := (&sqlite3.SQLiteDriver{}).Open(dsn(temp, "mode=rw", "_journal_mode=OFF", "_synchronous=OFF"))
	if err != nil {
		return nil, err
	}
	err = conn.Raw(func(raw any) error {
		return copyPages(ctx, dest.(*sqlite3.SQLiteConn), raw.(*sqlite3.SQLiteConn), size, report)
	})
	if err := errors.Join(err, dest.Close()); err != nil || !hold {
		return nil, err
	}
	state, err := fingerprint(ctx, conn, nil, wholeTables, report)
	return &state, err
}

func copyPages(ctx context.Context, dest, source *sqlite3.SQLiteConn, pageSize int64, report progress.Reporter) error {
	backup, err := dest.Backup("main", source, "main")
	if err != nil {
		return err
	}
	err = stepThrough(ctx, backup, pageSize, report)
	return errors.Join(err, backup.Finish())
}

// stepThrough copies batch after batch. Without a held snapshot, a writer
// between two batches makes SQLite start over; after some starts the batches
// grow, until one takes the whole database and cannot be interrupted.
func stepThrough(ctx context.Context, backup *sqlite3.SQLiteBackup, pageSize int64, report progress.Reporter) error {
	batch := int(batchBytes / pageSize)
	last, restarts := -1, 0
	moved := time.Now()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		finished, err := backup.Step(batch)
		if err != nil {
			return err
		}
		total, left := int64(backup.PageCount()), int64(backup.Remaining())
		report.Progress("database", progress.Bytes, (total-left)*pageSize, total*pageSize)
		switch {
		case finished:
			return nil
		case last >= 0 && int(left) == last: // busy: the driver does not tell it from a step
			if time.Since(moved) > stuckAfter {
				return fault.New("the database stays locked by another program",
					"stop what writes to it all the time, or stop Directus, and try again")
			}
			time.Sleep(10 * time.Millisecond)
			continue
		case last >= 0 && int(left) > last:
			if restarts++; restarts%3 == 0 {
				batch = min(batch*4, 1<<30)
			}
		}
		last, moved = int(left), time.Now()
	}
}

// fingerprintFile fingerprints a database file that nobody has open.
func fingerprintFile(ctx context.Context, path string, report progress.Reporter) (*database.Fingerprint, error) {
	pool, err := sql.Open("sqlite3", immutable(path))
	if err != nil {
		return nil, err
	}
	defer pool.Close() //nolint:errcheck // nothing is lost
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	state, err := fingerprint(ctx, conn, nil, wholeTables, report)
	return &state, describe(err, path)
}
