package mysqltest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"
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

// installed makes sure that the programs are there. Without them, root
// installs Debian's.
func installed() error {
	if complete() {
		return nil
	}
	lock := flock.New(filepath.Join(os.TempDir(), "mysqltest.lock"))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer lock.Unlock() //nolint:errcheck // nothing to do about it
	if complete() {
		return nil
	}
	if os.Getuid() != 0 {
		return errors.New("no MariaDB server here: install the Debian package mariadb-server, or run the tests as root, who installs it")
	}
	if err := install(); err != nil {
		return fmt.Errorf("installing the Debian package mariadb-server: %w", err)
	}
	if !complete() {
		return fmt.Errorf("the Debian package mariadb-server was installed, but not all of %v are there", needed)
	}
	return nil
}

// policy keeps Debian's packages from starting their services while they are
// installed.
const policy = "/usr/sbin/policy-rc.d"

func install() error {
	if _, err := os.Stat(policy); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil { //nolint:gosec // it has to be run by others
			return err
		}
		defer os.Remove(policy) //nolint:errcheck // it hurts no test
	}
	for _, args := range [][]string{
		{"update"},
		{"install", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", "mariadb-server"},
	} {
		cmd := exec.Command("apt-get", args...) //nolint:gosec // the arguments are the ones above
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, out[max(0, len(out)-1000):])
		}
	}
	return nil
}
