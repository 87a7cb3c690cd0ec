package servertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Ensure makes sure that a server's programs are there. Where they are not,
// root installs the Debian package that has them, after prepare, which keeps
// the package from starting a server of its own; two test binaries at the same
// time install it once.
func Ensure(pkg string, complete func() bool, prepare func() (undo func(), err error)) error {
	if complete() {
		return nil
	}
	lock := flock.New(filepath.Join(os.TempDir(), "servertest-apt.lock"))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer lock.Unlock() //nolint:errcheck // nothing to do about it
	if complete() {
		return nil
	}
	if os.Getuid() != 0 {
		return fmt.Errorf("the tests need the Debian package %s, which is not here: install it, or run them as root, who installs it", pkg)
	}
	undo, err := prepare()
	if err == nil {
		defer undo()
		err = install(pkg)
	}
	if err == nil && !complete() {
		err = errors.New("it lacks programs that the tests need")
	}
	if err != nil {
		return fmt.Errorf("installing the Debian package %s: %w", pkg, err)
	}
	return nil
}

func install(pkg string) error {
	for _, args := range [][]string{
		{"update"},
		{"install", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", pkg},
	} {
		cmd := exec.Command("apt-get", args...) //nolint:gosec // the arguments are the ones above
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, out[max(0, len(out)-1000):])
		}
	}
	return nil
}
