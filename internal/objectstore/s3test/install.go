package s3test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gofrs/flock"
)

// version of versitygw, of the Go module proxy.
const version = "v1.8.0"

// binary is the server's program, which the first test that needs it builds.
func binary() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "bunnyhop-test")
	program := filepath.Join(dir, "versitygw-"+version)
	if _, err := os.Stat(program); !errors.Is(err, fs.ErrNotExist) {
		return program, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as any other cache
		return "", err
	}
	lock := flock.New(program + ".lock")
	if err := lock.Lock(); err != nil {
		return "", err
	}
	defer lock.Unlock() //nolint:errcheck // nothing to do about it
	if _, err := os.Stat(program); !errors.Is(err, fs.ErrNotExist) {
		return program, err
	}
	return program, build(program)
}

// build builds it in a module of its own: the project's knows nothing of it.
func build(program string) error {
	dir, err := os.MkdirTemp("", "s3test-build")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // only a cache
	temp := program + ".new"
	for _, args := range [][]string{
		{"mod", "init", "scratch"},
		{"get", "github.com/versity/versitygw/cmd/versitygw@" + version},
		{"build", "-o", temp, "github.com/versity/versitygw/cmd/versitygw"},
	} {
		cmd := exec.Command("go", args...) //nolint:gosec // the arguments are the ones above
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building the S3 server: go %s: %w: %s", args[0], err, out[max(0, len(out)-1000):])
		}
	}
	return os.Rename(temp, program)
}
