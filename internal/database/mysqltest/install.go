package mysqltest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"bunnyhop/internal/database/servertest"
)

// Binary is the path of one of the server's or client's programs.
func Binary(tb testing.TB, name string) string {
	tb.Helper()
	if err := installed(); err != nil {
		tb.Fatal(err)
	}
	path := find(name)
	if path == "" {
		tb.Fatalf("there is no program %s, although a MariaDB server is installed", name)
	}
	return path
}

// needed are the programs that the tests cannot do without.
var needed = []string{"mariadbd", "mariadb-install-db", "mariadb", "mariadb-dump"}

// find looks where daemons are, too: they are not on everybody's PATH.
func find(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/bin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	return ""
}

func complete() bool {
	for _, name := range needed {
		if find(name) == "" {
			return false
		}
	}
	return true
}

// installed makes sure that the programs are there.
func installed() error { return servertest.Ensure("mariadb-server", complete, keepFromStarting) }

// policy keeps Debian's packages from starting their services while they are
// installed.
const policy = "/usr/sbin/policy-rc.d"

func keepFromStarting() (undo func(), err error) {
	if _, err := os.Stat(policy); !errors.Is(err, fs.ErrNotExist) {
		return func() {}, err
	}
	if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil { //nolint:gosec // it has to be run by others
		return nil, err
	}
	return func() { _ = os.Remove(policy) }, nil
}
