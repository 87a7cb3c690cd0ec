package postgrestest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gofrs/flock"
)

// Version names the variable with the version of the server on which all tests
// run, as npm's package @embedded-postgres has it, such as 12.22.0-beta.15.
// Without it that is the one of the Debian package.
const Version = "BUNNYHOP_TEST_POSTGRES"

// PrivateOf is Private with a server of another version. There are no client
// programs with it.
func PrivateOf(tb testing.TB, version string, settings ...string) *Server {
	tb.Helper()
	tb.Setenv(Version, version)
	return Private(tb, settings...)
}

// programs is the folder of the server's own programs.
func programs() (string, error) {
	if version := os.Getenv(Version); version != "" {
		return packaged(version)
	}
	return binaries()
}

// packaged installs a server of any version with npm, once. It lies where the
// server's own account can read it.
func packaged(version string) (string, error) {
	architecture := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	name := "@embedded-postgres/linux-" + architecture
	dir := filepath.Join(os.TempDir(), "servertest-postgresql-"+version)
	bin := filepath.Join(dir, "node_modules", name, "native", "bin")
	lock := flock.New(dir + ".lock")
	if err := lock.Lock(); err != nil {
		return "", err
	}
	defer lock.Unlock() //nolint:errcheck // nothing to do about it
	if _, err := os.Stat(filepath.Join(dir, "whole")); !errors.Is(err, fs.ErrNotExist) {
		return bin, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // see above
		return "", err
	}
	cmd := exec.Command("npm", "install", "--no-fund", "--no-audit", "--prefix", dir, name+"@"+version) //nolint:gosec // of the tests
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("installing %s %s: %w: %s", name, version, err, out)
	}
	return bin, os.WriteFile(filepath.Join(dir, "whole"), nil, 0o600)
}
