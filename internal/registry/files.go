package registry

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

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
