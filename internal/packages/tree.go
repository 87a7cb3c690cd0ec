package packages

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// markerName is the file that says that a tree is complete.
const markerName = ".bunnyhop-tree.json"

// marker describes a complete tree.
type marker struct {
	Key      string    `json:"key"`
	Manager  string    `json:"manager"` // "npm 10.9.9"
	Node     string    `json:"node"`
	Directus string    `json:"directus,omitempty"`
	Made     time.Time `json:"made"`
	Files    int64     `json:"files"` // files and links, without this one
	Bytes    int64     `json:"bytes"`
}

func treesDir(cacheDir string) string { return filepath.Join(cacheDir, "trees") }

func readMarker(tree string) (*marker, error) {
	data, err := os.ReadFile(filepath.Join(tree, markerName)) //nolint:gosec // in the cache
	if err != nil {
		return nil, fmt.Errorf("reading the tree's marker: %w", err)
	}
	var m marker
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("reading the tree's marker: %w", err)
	}
	return &m, nil
}

// complete reports whether a tree is there and still what was installed: as
// many files and bytes as its marker says.
func complete(tree string) bool {
	m, err := readMarker(tree)
	if err != nil {
		return false
	}
	files, bytes, err := measure(tree)
	return err == nil && files == m.Files && bytes == m.Bytes
}

// measure counts a tree's files and links, and the files' bytes, without the
// marker.
func measure(tree string) (files, bytes int64, err error) {
	err = filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == filepath.Join(tree, markerName) {
			return err
		}
		files++
		if entry.Type().IsRegular() {
			info, err := entry.Info()
			if err != nil {
				return err
			}
			bytes += info.Size()
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("measuring %s: %w", tree, err)
	}
	return files, bytes, err
}

// Version returns the version of Directus that is installed in a folder.
func Version(tree string) (string, error) {
	return installedVersion(tree, "directus")
}

func installedVersion(tree, name string) (string, error) {
	path := filepath.Join(tree, "node_modules", filepath.FromSlash(name), "package.json")
	data, err := os.ReadFile(path) //nolint:gosec // the tree is the caller's
	if errors.Is(err, fs.ErrNotExist) {
		return "", fault.Wrap(err, name+" is not installed in "+tree, "")
	}
	if err != nil {
		return "", fmt.Errorf("reading the version of %s: %w", name, err)
	}
	var document struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(data, &document); err != nil || document.Version == "" {
		return "", fault.Newf("%s does not say which version it is", path)
	}
	return document.Version, nil
}

// seal proves that what package.json asks for is there, writes the marker and
// flushes everything to disk.
func seal(tree string, m *marker, wanted *manifest) error {
	for name := range wanted.Dependencies {
		version, err := installedVersion(tree, name)
		if err != nil {
			return fmt.Errorf("looking at what was installed: %w", err)
		}
		if name == "directus" {
			m.Directus = version
		}
	}
	var err error
	if m.Files, m.Bytes, err = measure(tree); err != nil {
		return err
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the tree's marker: %w", err)
	}
	if err := renameio.WriteFile(filepath.Join(tree, markerName), data, 0o600); err != nil {
		return fmt.Errorf("writing the tree's marker: %w", err)
	}
	return flush(tree)
}

// flush writes everything that the folder's filesystem has in memory to disk.
func flush(dir string) error {
	opened, err := os.Open(dir) //nolint:gosec // the caller's folder
	if err != nil {
		return fmt.Errorf("opening %s: %w", dir, err)
	}
	defer func() { _ = opened.Close() }()
	if err := unix.Syncfs(int(opened.Fd())); err != nil {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	return nil
}

// flushName writes a folder's own entries, so a rename in it, to disk.
func flushName(dir string) error {
	opened, err := os.Open(dir) //nolint:gosec // the caller's folder
	if err != nil {
		return fmt.Errorf("opening %s: %w", dir, err)
	}
	defer func() { _ = opened.Close() }()
	if err := opened.Sync(); err != nil {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	return nil
}

var partialName = regexp.MustCompile(`\.partial-(\d+)-(\d+)$`)

// partial names the unfinished form of a path for this process: with its
// start time, because a process id comes again.
func partial(path string) string {
	self, err := process.Stat(os.Getpid())
	if err != nil {
		self = process.Info{PID: os.Getpid()}
	}
	return fmt.Sprintf("%s.partial-%d-%d", path, self.PID, self.Start)
}

// removeDead removes what processes that are gone left unfinished in a folder.
// Names limits it to one path's leftovers; "" means all.
func removeDead(dir, name string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		match := partialName.FindStringSubmatchIndex(entry.Name())
		if match == nil || (name != "" && entry.Name()[:match[0]] != name) {
			continue
		}
		pid, _ := strconv.Atoi(entry.Name()[match[2]:match[3]])
		start, _ := strconv.ParseUint(entry.Name()[match[4]:match[5]], 10, 64)
		if !(process.Info{PID: pid, Start: start}).Same() {
			_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
	}
}

// Prune removes the kept trees except the given number that were used last,
// and every leftover of a dead process. It returns the folders it removed.
func Prune(cacheDir string, keep int) ([]string, error) {
	dir := treesDir(cacheDir)
	removeDead(dir, "")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing kept trees: %w", err)
	}
	type tree struct {
		path string
		used time.Time
	}
	var trees []tree
	for _, entry := range entries {
		if !entry.IsDir() || partialName.MatchString(entry.Name()) {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		info, err := os.Stat(filepath.Join(path, markerName))
		if err != nil {
			continue // incomplete: the next install of its key replaces it
		}
		trees = append(trees, tree{path, info.ModTime()})
	}
	slices.SortFunc(trees, func(a, b tree) int { return b.used.Compare(a.used) })
	var removed []string
	for _, old := range trees[min(max(keep, 0), len(trees)):] {
		if err := discard(old.path); err != nil {
			return removed, err
		}
		removed = append(removed, old.path)
	}
	return removed, nil
}

// discard removes a tree; a rename first, so that one half removed is never
// taken for a whole one.
func discard(tree string) error {
	aside := partial(tree)
	if err := os.RemoveAll(aside); err != nil {
		return fmt.Errorf("removing %s: %w", aside, err)
	}
	if err := os.Rename(tree, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing %s: %w", tree, err)
	}
	if err := os.RemoveAll(aside); err != nil {
		return fmt.Errorf("removing %s: %w", aside, err)
	}
	return nil
}
