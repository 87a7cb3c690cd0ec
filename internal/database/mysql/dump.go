package mysql

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/DataDog/zstd"
	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/ticker"
	"bunnyhop/internal/durable"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// level is how hard zstd tries. Measured on 1 GB of articles, with the library
// of zstd itself: 2 takes a tenth longer for a file 12 % smaller, 3 a quarter
// for one 20 % smaller. The same in Go (klauspost/compress, which reads the
// dump) takes 1.4 times as long as 1 and is then what the dump tool waits for.
const level = 1

// Dump writes a script that makes the database anew, compressed with zstd: the
// server's own tool writes the tables with their rows, in a snapshot that is
// fingerprinted at the same time; this package writes what the tool would not
// write exactly, and views, triggers, routines and events, without their
// definers, so that it can be restored by another user and under another name.
func (d *DB) Dump(ctx context.Context, path string, report progress.Reporter) (database.DumpInfo, error) {
	var info database.DumpInfo
	t, err := findTools(ctx, d.config, d.version)
	if err != nil {
		return info, err
	}
	info.Tool, info.ToolVersion = filepath.Base(t.dump), t.version.text
	if path, err = filepath.Abs(path); err != nil {
		return info, fmt.Errorf("resolving the name of the dump: %w", err)
	}
	temp := path + ".tmp"
	file, err := durable.Create(temp)
	if err != nil {
		return info, err
	}
	defer os.Remove(temp) //nolint:errcheck // after the rename there is nothing left
	sum := sha256.New()
	info.Fingerprint, err = d.dumpTo(ctx, t, io.MultiWriter(file, sum), report)
	if err = errors.Join(err, file.Close()); err == nil {
		info.Bytes, err = durable.Publish(temp, path)
	}
	if err != nil {
		return info, fmt.Errorf("dumping the database to %s: %w", path, full(err))
	}
	info.FromSource, info.SHA256 = info.Fingerprint != nil, hex.EncodeToString(sum.Sum(nil))
	return info, nil
}

// full tells a person that there is no room for the dump.
func full(err error) error {
	var already *fault.Error
	if errors.As(err, &already) || !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return err
	}
	return fault.Wrap(err, "the disk is full", "make room, then try again")
}

// dumping is a dump in the making.
type dumping struct {
	db     *DB
	tools  tools
	report progress.Reporter
	survey *survey
	// mine are the tables that this package writes itself.
	mine   []table
	output *toolOutput
	// exact says that the tool's snapshot is the one that is fingerprinted.
	exact bool
}

func (d *DB) dumpTo(ctx context.Context, t tools, file io.Writer, report progress.Reporter) (*database.Fingerprint, error) {
	encoder := zstd.NewWriterLevel(file, level)
	sum := crc32.New(castagnoli)
	script := bufio.NewWriterSize(io.MultiWriter(encoder, sum), 256<<10)
	job := &dumping{db: d, tools: t, report: report}
	err := job.write(ctx, script)
	if err == nil {
		err = script.Flush()
	}
	if err == nil {
		_, err = fmt.Fprintln(encoder, endLine(sum.Sum32()))
	}
	if err = errors.Join(err, encoder.Close()); err != nil {
		return nil, err
	}
	if !job.exact {
		return nil, nil
	}
	state := job.survey.fingerprint()
	return &state, nil
}

func (j *dumping) write(ctx context.Context, script *bufio.Writer) error {
	conn, err := j.db.sql.Conn(ctx)
	if err != nil {
		return describe(err, j.db.config)
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	err = j.with(ctx, conn, script)
	_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // a broken connection is closed
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return describe(err, j.db.config)
}

// with writes the dump while conn reads the same state.
func (j *dumping) with(ctx context.Context, conn *sql.Conn, script *bufio.Writer) error {
	all, err := listTables(ctx, conn, j.db.name)
	if err != nil {
		return err
	}
	hold, err := j.hold(ctx, withoutSequences(all))
	if err != nil {
		return err
	}
	defer hold.release()
	if _, err := conn.ExecContext(ctx, snapshot); err != nil {
		return err
	}
	// What the tool must not write has to be known before it begins.
	if err := j.look(ctx, conn); err != nil {
		return err
	}
	if !hold.held && len(j.mine) > 0 {
		return j.needsLock(hold.reason)
	}
	views, err := collect(ctx, conn, one, "SELECT table_name FROM information_schema.tables WHERE"+inSchema+"AND table_type = 'VIEW'", j.db.name, j.db.name)
	if err != nil {
		return err
	}
	for _, t := range j.mine {
		views = append(views, t.Name)
	}
	j.output = newToolOutput(script, j.survey.tables)
	stop := ticker.Start(tick, func() { j.output.progress(j.report) })
	defer stop()
	group, together := errgroup.WithContext(ctx)
	var over atomic.Bool
	group.Go(func() error {
		defer over.Store(true)
		defer stop()
		defer j.output.begin() // of a schema without tables
		return j.tools.run(together, j.db.name, call{path: j.tools.dump, args: j.tools.dumpOptions(j.db.name, views), out: j.output})
	})
	group.Go(func() error {
		j.exact = hold.until(together, j.output.begun) && hold.held
		if !j.exact {
			if len(j.mine) > 0 {
				return j.needsLock(errors.New("the dump tool did not begin in time"))
			}
			j.report.Output("the dump is consistent, but its state could not be read at the same moment: " + hold.why())
		}
		return j.survey.readRows(together, conn, quiet{j.report, &over})
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if !j.output.complete() {
		return fault.New(filepath.Base(j.tools.dump)+" ended without saying that the dump is complete", "try again; if it stays so, it does not fit the server")
	}
	for name, last := range j.output.last {
		j.survey.last[name] = last
	}
	w := &writer{out: script, conn: conn, schema: j.db.name}
	return w.rest(ctx, j.survey, j.mine)
}

// look takes the survey and refuses what cannot be dumped whole.
func (j *dumping) look(ctx context.Context, conn *sql.Conn) (err error) {
	if err := visible(ctx, conn, j.db.name); err != nil {
		return err
	}
	if j.survey, err = takeSurvey(ctx, conn, j.db.name, nil); err != nil {
		return err
	}
	if names := j.survey.loose(); len(names) > 0 {
		j.report.Output("dumped outside of the snapshot, for they have no transactions: " + strings.Join(names, ", "))
	}
	var versioned []string
	for _, t := range j.survey.tables {
		d := j.survey.described[t.Name]
		switch {
		case t.versioned():
			versioned = append(versioned, t.Name)
		case d.qualified, slices.ContainsFunc(d.columns, column.lossy):
			j.mine = append(j.mine, t)
		}
	}
	if len(versioned) > 0 {
		return fault.New("the old versions of rows in system-versioned tables cannot be dumped: "+strings.Join(versioned, ", "),
			"ALTER TABLE … DROP SYSTEM VERSIONING, which loses those old versions; bunnyhop does not work with such tables").WithCode(fault.Blocked)
	}
	for _, o := range j.survey.objects {
		if o.Kind == "view" && len(o.Columns) == 0 {
			return fault.Newf("the view %q cannot be used, because something that it reads is gone; a restore could not make it", o.Name).
				WithHint("drop it (DROP VIEW %s), or make again what it reads", quote(o.Name)).WithCode(fault.Blocked)
		}
	}
	j.tellDefiners()
	return nil
}

// tellDefiners tells what a restore changes: who the definer is.
func (j *dumping) tellDefiners() {
	definers := map[string][]string{}
	for _, o := range j.survey.objects {
		if o.Definer != "" && !strings.HasPrefix(strings.ReplaceAll(o.Definer, "`", ""), j.db.config.User+"@") {
			definers[o.Definer] = append(definers[o.Definer], o.Kind+" "+o.Name)
		}
	}
	for who, what := range definers {
		j.report.Output("made by " + who + ", but after a restore by whoever restores: " + strings.Join(what, ", "))
	}
}

// quiet keeps the rows of the fingerprint back until the tool, which tells its
// own progress, is done.
type quiet struct {
	progress.Reporter
	over *atomic.Bool
}

// Progress implements progress.Reporter.
func (q quiet) Progress(label string, unit progress.Unit, done, total int64) {
	if q.over.Load() {
		q.Reporter.Progress(label, unit, done, total)
	}
}
