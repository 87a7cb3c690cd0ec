package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"bunnyhop/internal/process"
)

var abandoned = regexp.MustCompile(`^\..+\.partial-(\d+)-\d+$`)

// removeAbandoned removes the unfinished folders of processes that are gone.
func removeAbandoned(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		match := abandoned.FindStringSubmatch(entry.Name())
		if match == nil {
			continue
		}
		pid, err := strconv.Atoi(match[1])
		if err != nil {
			continue
		}
		if _, err := process.Stat(pid); errors.Is(err, process.ErrGone) {
			_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
	}
}

// firstFile returns the first path that exists, else the first one.
func firstFile(paths ...string) string {
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return paths[0]
}

func inHome(path, home string) string {
	if rest, found := strings.CutPrefix(path, "~/"); found && home != "" {
		return filepath.Join(home, rest)
	}
	return path
}

// syncfs writes everything that a folder's filesystem has in memory to disk.
func syncfs(dir string) error {
	opened, err := os.Open(dir) //nolint:gosec // made by this package
	if err != nil {
		return fmt.Errorf("opening %s: %w", dir, err)
	}
	defer func() { _ = opened.Close() }()
	if err := unix.Syncfs(int(opened.Fd())); err != nil {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	return nil
}
