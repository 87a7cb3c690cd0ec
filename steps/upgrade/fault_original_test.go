package upgrade_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/process"
	"bunnyhop/internal/sample"
	"bunnyhop/steps/testbed"
)

// original is a project as it was before a fault, to compare with afterwards.
type original struct {
	t      *testing.T
	p      *testbed.Project
	tables database.Fingerprint
	files  map[string]string
	server process.Info // zero when none runs
}

// remember takes a project down as it is now. server is what Serve returned.
func remember(t *testing.T, p *testbed.Project, server process.Info) *original {
	t.Helper()
	return &original{t: t, p: p, tables: p.Fingerprint(), files: listing(t, p.Root), server: server}
}

// holds asserts that the project is as it was: every table, every file, the
// same server process, and its answer.
func (o *original) holds(when string) {
	o.t.Helper()
	if lost := o.tables.Diff(o.p.Fingerprint(), nil); len(lost) > 0 {
		o.t.Errorf("%s: tables changed: %v", when, lost)
	}
	if changed := compare(o.files, listing(o.t, o.p.Root)); len(changed) > 0 {
		o.t.Errorf("%s: files changed: %v", when, changed)
	}
	if o.server.PID == 0 {
		return
	}
	if !o.server.Same() {
		o.t.Errorf("%s: the server process %d is gone", when, o.server.PID)
	}
	if version, err := o.p.Version(); err != nil || version != sample.Version {
		o.t.Errorf("%s: the server says %q, %v", when, version, err)
	}
}

// listing describes every file of a project that a run must not touch: kind,
// mode, owner, inode, time and digest. The database is compared by its tables.
// Of installed packages the top is enough: a switch renames the whole folder.
func listing(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a journal of the database, gone again
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || strings.HasPrefix(name, "data.db") || name == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return fmt.Errorf("%s has no inode", path)
		}
		line := fmt.Sprintf("%s %d:%d inode %d", info.Mode(), stat.Uid, stat.Gid, stat.Ino)
		if name == "node_modules" || name == ".bunnyhop" {
			all[name] = line
			return filepath.SkipDir
		}
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %s %x", info.ModTime().Format(time.RFC3339Nano), sha256.Sum256(data))
		}
		all[name] = line
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// compare lists the names that differ between two listings.
func compare(before, after map[string]string) []string {
	names := map[string]bool{}
	for _, list := range []map[string]string{before, after} {
		for name := range list {
			names[name] = true
		}
	}
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		switch a, b := before[name], after[name]; {
		case a == b:
		case a == "":
			changed = append(changed, name+" is new")
		case b == "":
			changed = append(changed, name+" is gone")
		default:
			changed = append(changed, name+": "+a+" → "+b)
		}
	}
	return changed
}
