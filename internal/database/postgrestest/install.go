package postgrestest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"bunnyhop/internal/database/servertest"
)

// Binary is the path of one of the server's or client's programs.
func Binary(tb testing.TB, name string) string {
	tb.Helper()
	bin, err := binaries()
	if err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(bin, name)
}

// binaries is the folder of the programs of the newest server installed.
func binaries() (string, error) {
	err := servertest.Ensure("postgresql", func() bool { return newest() != "" }, keepFromStarting)
	return newest(), err
}

func newest() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return ""
	}
	major := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return major(a) - major(b) }))
}

// keepFromStarting keeps the package from making and starting a cluster.
func keepFromStarting() (undo func(), err error) {
	const config = "/etc/postgresql-common/createcluster.conf"
	undo = func() {}
	if _, err := os.Stat(config); !errors.Is(err, fs.ErrNotExist) {
		return undo, err
	}
	if err := os.MkdirAll(filepath.Dir(config), 0o755); err != nil { //nolint:gosec // as the package makes it
		return undo, err
	}
	return undo, os.WriteFile(config, []byte("create_main_cluster = false\n"), 0o644) //nolint:gosec // it is read by all
}
