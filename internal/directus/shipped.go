package directus

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
)

// File names that Directus takes for migrations
// (@directus/api 12.4.0, dist/database/migrations/run.js).
var (
	coreFile   = regexp.MustCompile(`^[0-9]+[A-Z]-[^.]+\.(?:js|ts)$`)
	customFile = regexp.MustCompile(`\.[cm]?js$`)
)

// ErrNotInstalled says that a folder holds no installed Directus.
var ErrNotInstalled = errors.New("no Directus is installed here")

// PackageDir finds the folder of Directus' own package and of the package
// that holds its code (@directus/api; the same one up to 9.24) in a folder
// that has a node_modules. Links are followed, so that pnpm's layout, in which
// only direct dependencies lie in node_modules, works like npm's.
// The error wraps ErrNotInstalled when there is none.
func PackageDir(treeDir string) (directus, api string, err error) {
	directus, err = filepath.EvalSymlinks(filepath.Join(treeDir, "node_modules", "directus"))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", "", fmt.Errorf("%w: %s has no node_modules/directus", ErrNotInstalled, treeDir)
		}
		return "", "", fmt.Errorf("finding Directus in %s: %w", treeDir, err)
	}
	for _, candidate := range []string{
		filepath.Join(directus, "node_modules", "@directus", "api"),
		filepath.Join(filepath.Dir(directus), "@directus", "api"),
		filepath.Join(treeDir, "node_modules", "@directus", "api"),
	} {
		if real, err := filepath.EvalSymlinks(candidate); err == nil {
			return directus, real, nil
		}
	}
	if isDir(filepath.Join(directus, "dist", "database", "migrations")) {
		return directus, directus, nil
	}
	return "", "", fmt.Errorf("%w: %s has no @directus/api beside it", ErrNotInstalled, directus)
}

// Shipped lists the migrations that the Directus installed in treeDir (a
// folder with a node_modules) brings, joined with the catalogue, in the order
// in which it runs them. One that the catalogue does not know has no summary.
func Shipped(treeDir string) ([]Migration, error) {
	_, api, err := PackageDir(treeDir)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(api, "dist", "database", "migrations")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing the migrations that Directus ships: %w", err)
	}
	var shipped []Migration
	for _, entry := range entries {
		if !coreFile.MatchString(entry.Name()) {
			continue
		}
		m := fromFileName(entry.Name())
		if known, ok := catalogueByID()[m.ID]; ok {
			m = known
		}
		shipped = append(shipped, m)
	}
	if len(shipped) == 0 {
		return nil, fmt.Errorf("listing the migrations that Directus ships: %s holds none", dir)
	}
	sortMigrations(shipped)
	return shipped, nil
}

// CustomMigrations lists the migrations of a project. A folder that does not
// exist holds none; one that cannot be read is an error.
func CustomMigrations(dir string) ([]Migration, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, "the project's own migrations cannot be read",
			"make the folder readable; bunnyhop does not go on without knowing what will run")
	}
	var custom []Migration
	for _, entry := range entries {
		// Directus does not look whether the name is a file's.
		if !strings.Contains(entry.Name(), "-") || !customFile.MatchString(entry.Name()) {
			continue
		}
		m := fromFileName(entry.Name())
		m.Custom = true
		custom = append(custom, m)
	}
	sortMigrations(custom)
	return custom, nil
}

func fromFileName(file string) Migration {
	id, rest, _ := strings.Cut(file, "-")
	name, _, _ := strings.Cut(rest, ".")
	return Migration{ID: id, Name: name, Title: titleOf(name)}
}

// titleOf is close to what @directus/format-title makes of a file's name; the
// catalogue holds the exact titles of Directus' own migrations.
func titleOf(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == ' ' })
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, " ")
}

func sortMigrations(all []Migration) {
	slices.SortStableFunc(all, func(a, b Migration) int { return strings.Compare(a.ID, b.ID) })
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
