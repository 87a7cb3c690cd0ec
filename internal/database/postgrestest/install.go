package postgrestest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/gofrs/flock"
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
// Without any, root installs Debian's.
func binaries() (string, error) {
	if bin := newest(); bin != "" {
		return bin, nil
	}
	lock := flock.New(filepath.Join(os.TempDir(), "postgrestest.lock"))
	if err := lock.Lock(); err != nil {
		return "", err
	}
	defer lock.Unlock() //nolint:errcheck // nothing to do about it
	if bin := newest(); bin != "" {
		return bin, nil
	}
	if os.Getuid() != 0 {
		return "", errors.New("no PostgreSQL server here: install the Debian package postgresql, or run the tests as root, who installs it")
	}
	if err := install(); err != nil {
		return "", fmt.Errorf("installing the Debian package postgresql: %w", err)
	}
	if bin := newest(); bin != "" {
		return bin, nil
	}
	return "", errors.New("the Debian package postgresql was installed, but there is no /usr/lib/postgresql/*/bin/postgres")
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

// install installs the package without the cluster that it makes and starts
// otherwise.
func install() error {
	const config = "/etc/postgresql-common/createcluster.conf"
	if _, err := os.Stat(config); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(config), 0o755); err != nil { //nolint:gosec // as the package makes it
			return err
		}
		if err := os.WriteFile(config, []byte("create_main_cluster = false\n"), 0o644); err != nil { //nolint:gosec // it is read by all
			return err
		}
	}
	for _, args := range [][]string{
		{"update"},
		{"install", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", "postgresql"},
	} {
		cmd := exec.Command("apt-get", args...) //nolint:gosec // the arguments are the ones above
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, out[max(0, len(out)-1000):])
		}
	}
	return nil
}
