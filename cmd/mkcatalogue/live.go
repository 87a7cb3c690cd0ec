package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/process"
	"bunnyhop/internal/systemschema"
)

//go:embed migrate.mjs
var script []byte

// state is how the tables are after a migration.
type state struct {
	migration string // "" before the first
	version   string // that ran it
	tables    systemschema.Tables
}

// life is what became of one database, from its making to the newest release.
type life []state

// last is the last migration that a version ran.
func (l life) last(version string) string {
	last := ""
	for _, s := range l {
		if s.version == version {
			last = s.migration
		}
	}
	return last
}

// liveAll goes every way, and says so: it takes a minute or so each time.
func (p place) liveAll(ctx context.Context, ways [][]release) ([]life, error) {
	var all []life
	for _, way := range ways {
		began := time.Now()
		l, err := p.live(ctx, way)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", label(way), err)
		}
		fmt.Printf("%-8s %s: %d states in %.0f s\n", p.vendor, label(way), len(l), time.Since(began).Seconds())
		all = append(all, l)
	}
	return all, nil
}

// live makes a database with the first release and finishes its migrations
// with the others.
func (p place) live(ctx context.Context, way []release) (life, error) {
	if err := p.clear(ctx); err != nil {
		return nil, err
	}
	var l life
	for _, r := range way {
		if err := p.migrate(ctx, r, &l); err != nil {
			return nil, fmt.Errorf("migrating with %s: %w", r.version, err)
		}
	}
	return l, p.clear(ctx)
}

// migrate runs what a release has and the database has not had, and looks at
// the tables after each. One Node process does it all, as loading Directus
// takes longer than most migrations.
func (p place) migrate(ctx context.Context, r release, l *life) error {
	path := filepath.Join(p.dir, "migrate.mjs")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		return fmt.Errorf("writing the script: %w", err)
	}
	states, tell, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	defer states.Close() //nolint:errcheck // only read from
	input, answer := io.Pipe()
	defer answer.Close() //nolint:errcheck // never fails
	child, err := process.Start(ctx, process.Spec{
		Path: r.node, Args: []string{path, r.tree}, Dir: p.dir, Env: p.environment(),
		ExtraFiles: []*os.File{tell}, Stdin: input, Grace: 5 * time.Second,
	})
	_ = tell.Close() // the child has its own
	if err != nil {
		return err
	}
	lookErr := p.look(ctx, r.version, states, answer, l)
	_ = answer.CloseWithError(io.EOF)
	err = child.Wait()
	var exit *process.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w\n%s", err, strings.Join(exit.Last, "\n"))
	}
	return errors.Join(lookErr, err)
}

// look reads the tables after each state that the script tells of.
func (p place) look(ctx context.Context, version string, states io.Reader, answer io.Writer, l *life) (err error) {
	var db database.Database
	defer func() {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	lines := bufio.NewScanner(states)
	for lines.Scan() {
		if db == nil { // SQLite's file is there now
			if db, err = p.open(ctx, connect.ReadOnly); err != nil {
				return err
			}
		}
		s := state{migration: lines.Text(), version: version}
		if s.migration == "seed" {
			s.migration = ""
		}
		if s.migration != "" || len(*l) == 0 {
			if s.tables, err = systemschema.Read(ctx, db); err != nil {
				return fmt.Errorf("after %s: %w", lines.Text(), err)
			}
			*l = append(*l, s)
		}
		if _, err := io.WriteString(answer, "\n"); err != nil {
			return fmt.Errorf("letting %s go on: %w", version, err)
		}
	}
	return lines.Err()
}
