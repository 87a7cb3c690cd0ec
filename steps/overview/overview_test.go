package overview_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/sample"
	"bunnyhop/internal/state"
	"bunnyhop/steps/overview"
	"bunnyhop/steps/site"
)

// newSample unpacks the sample, with as much of an installation as a look
// needs.
func newSample(t *testing.T) site.Options {
	t.Helper()
	dir := t.TempDir()
	for variable, name := range map[string]string{"XDG_STATE_HOME": "state", "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": "cache"} {
		t.Setenv(variable, filepath.Join(dir, name))
	}
	root := filepath.Join(dir, "newsroom")
	if err := sample.Unpack(root); err != nil {
		t.Fatal(err)
	}
	installed := filepath.Join(root, "node_modules", "directus")
	if err := os.MkdirAll(installed, 0o750); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(installed, "package.json"), `{"name": "directus", "version": "10.13.4"}`)
	return site.Options{Root: root, Environ: os.Environ()}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLookAtASample(t *testing.T) {
	o := newSample(t)
	got, err := overview.Look(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(o.Root, "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case got.Project != "newsroom", got.Manager != "npm", got.Installed != "10.13.4", got.Declared != "10.13.4":
		t.Errorf("project: %+v", got)
	case got.Vendor != "SQLite", got.DatabaseBytes != info.Size(), got.DatabaseFault != "", got.DatabaseError() != nil:
		t.Errorf("database: %+v", got)
	case got.Server.Running, got.Running != "", got.ServerFault != "":
		t.Errorf("server: %+v", got)
	case got.LastBackup != nil, got.Unfinished != nil, got.CanRollBack != nil, got.Busy != nil:
		t.Errorf("nothing was done yet: %+v", got)
	}
	dir, err := state.ProjectDir(o.Root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a look made %s (%v)", dir, err)
	}
}

// A database that is none, or not of Directus, is told with a hint and does
// not keep the rest from being shown.
func TestLookAtAWrongDatabase(t *testing.T) {
	tests := map[string]func(t *testing.T, path string){
		"missing": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"no database": func(t *testing.T, path string) { write(t, path, strings.Repeat("not a database ", 400)) },
		"empty":       func(t *testing.T, path string) { write(t, path, "") },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			o := newSample(t)
			spoil(t, filepath.Join(o.Root, "data.db"))
			got, err := overview.Look(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if got.Installed != "10.13.4" || got.DatabaseFault == "" || fault.HintOf(got.DatabaseError()) == "" {
				t.Errorf("fault %q, hint %q", got.DatabaseFault, fault.HintOf(got.DatabaseError()))
			}
		})
	}
}

func TestLookWhereNoProjectIs(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	_, err := overview.Look(t.Context(), site.Options{Root: dir, Environ: os.Environ()})
	if fault.HintOf(err) == "" {
		t.Errorf("error %v has no hint", err)
	}
}

// A folder of backups that cannot be read is not "no backups" (S7).
func TestLookAtBackupsThatCannotBeRead(t *testing.T) {
	o := newSample(t)
	o.BackupFolder = filepath.Join(o.Root, "package.json") // a file
	got, err := overview.Look(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got.BackupsFault == "" {
		t.Errorf("no fault: %+v", got.LastBackup)
	}
}
