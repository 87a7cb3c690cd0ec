package advisory

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// snapshot is a file that directus schema snapshot wrote.
type snapshot struct {
	name    string          // within the project's folder
	version *semver.Version // of the Directus that wrote it
	size    int64
	// systemFields is set when it says which fields of system tables have an
	// index (from 11.13 on).
	systemFields bool
}

const (
	maxSnapshot      = 64 << 20
	snapshotDepth    = 3 // folders below the project's own
	maxSnapshotFiles = 2000
)

var (
	snapshotHead   = regexp.MustCompile(`(?m)^\s*\{?\s*"?version"?\s*:\s*1\s*,?\s*"?directus"?\s*:\s*"?(\d+\.\d+\.\d+[\w.-]*)`)
	snapshotSystem = regexp.MustCompile(`(?m)^systemFields\s*:|"systemFields"\s*:`)
)

// notSearched are folders of a project in which no snapshot is looked for.
var notSearched = []string{"node_modules", "extensions", "uploads", "database", "backups"}

// snapshots lists the snapshots in the project's folder, once in a check.
func (in Input) snapshots(ctx context.Context) ([]snapshot, error) {
	if in.Root == "" {
		return nil, errUntold
	}
	if in.read != nil && in.read.searched {
		return in.read.snapshots, nil
	}
	var all []snapshot
	looked := 0
	err := filepath.WalkDir(in.Root, func(path string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return nil //nolint:nilerr // what cannot be read is no snapshot that is used
		}
		name, _ := filepath.Rel(in.Root, path)
		if entry.IsDir() {
			hidden := strings.HasPrefix(entry.Name(), ".") || slices.Contains(notSearched, entry.Name())
			if path != in.Root && (hidden || strings.Count(name, string(filepath.Separator)) >= snapshotDepth) {
				return filepath.SkipDir
			}
			return nil
		}
		switch strings.ToLower(filepath.Ext(name)) {
		case ".yaml", ".yml", ".json":
		default:
			return nil
		}
		if looked++; looked > maxSnapshotFiles {
			return filepath.SkipAll
		}
		if s, ok := readSnapshot(path); ok {
			s.name = name
			all = append(all, s)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for snapshots in %s: %w", in.Root, err)
	}
	if in.read != nil {
		in.read.snapshots, in.read.searched = all, true
	}
	return all, nil
}

func readSnapshot(path string) (snapshot, bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSnapshot {
		return snapshot{}, false
	}
	file, err := os.Open(path) //nolint:gosec // the project's own file
	if err != nil {
		return snapshot{}, false
	}
	defer file.Close() //nolint:errcheck // only read
	head := make([]byte, 512)
	n, _ := file.Read(head)
	match := snapshotHead.FindSubmatch(head[:n])
	if match == nil {
		return snapshot{}, false
	}
	version, err := semver.NewVersion(string(match[1]))
	if err != nil {
		return snapshot{}, false
	}
	data, err := os.ReadFile(path) //nolint:gosec // the project's own file
	if err != nil {
		return snapshot{}, false
	}
	return snapshot{version: version, size: info.Size(), systemFields: snapshotSystem.Match(data)}, true
}

// detectOldSnapshots makes a detector of snapshots that an earlier release than
// the version wrote.
func detectOldSnapshots(version string) detector {
	limit := semver.MustParse(version)
	return func(ctx context.Context, in Input) ([]string, bool, error) {
		all, err := in.snapshots(ctx)
		if err != nil {
			return nil, false, err
		}
		var evidence []string
		for _, s := range all {
			if s.version.LessThan(limit) {
				evidence = append(evidence, fmt.Sprintf("%s, written by %s", s.name, s.version))
			}
		}
		return found(evidence)
	}
}
