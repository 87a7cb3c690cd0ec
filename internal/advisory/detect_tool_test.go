package advisory_test

import (
	"os"
	"path/filepath"
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
)

// forge makes a folder with a program that says it is of a version, and with
// the one that goes with it.
func forge(t *testing.T, dump, client, says string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{dump, client} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho '"+says+"'\n"), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	return dir
}

// That nothing here can dump the database is told before anything is begun.
// The PATH is changed, so this test runs alone.
func TestDumpTool(t *testing.T) {
	tool := func(t *testing.T, c database.Config) (evidence []string, hit bool) {
		t.Helper()
		return found(t, onServer(t, c, "10.13.4", "11.17.4"), "dump-tool")
	}
	postgres, maria := postgrestest.Start(t), mysqltest.Start(t)
	for name, c := range map[string]database.Config{"postgres": postgres, "mariadb": maria} {
		if evidence, hit := tool(t, c); hit {
			t.Errorf("%s: the tools are here, and are missed: %q", name, evidence)
		}
	}
	t.Run("mariadb without any", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		evidence, hit := tool(t, maria)
		saysOf(t, evidence, hit, "neither mariadb-dump nor mysqldump is installed here", "install the Debian package mariadb-client")
	})
	t.Run("mariadb with an old one", func(t *testing.T) {
		t.Setenv("PATH", forge(t, "mariadb-dump", "mariadb", "mariadb-dump  Ver 10.19 Distrib 10.3.39-MariaDB, for debian-linux-gnu (x86_64)"))
		evidence, hit := tool(t, maria)
		saysOf(t, evidence, hit, "mariadb-dump 10.3 is older than the server")
	})
}

// found asks one rule.
func found(t *testing.T, in advisory.Input, id string) (evidence []string, hit bool) {
	t.Helper()
	for _, rule := range advisory.Rules() {
		if rule.ID != id {
			continue
		}
		evidence, hit, err := rule.Detect(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return evidence, hit
	}
	t.Fatalf("there is no rule %s", id)
	return nil, false
}

func saysOf(t *testing.T, evidence []string, hit bool, want ...string) {
	t.Helper()
	if !hit {
		t.Fatal("not found")
	}
	expect(t, map[string]advisory.Finding{"dump-tool": {Evidence: evidence}}, map[string]string{"dump-tool": want[0]})
	for _, text := range want[1:] {
		expect(t, map[string]advisory.Finding{"dump-tool": {Evidence: evidence}}, map[string]string{"dump-tool": text})
	}
}
