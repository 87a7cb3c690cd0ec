package packages

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"bunnyhop/internal/progress"
)

// expected estimates how many packages an install ends with from the old
// lockfile; 0 where it cannot be told.
func expected(lockName string, lock []byte) int64 {
	switch lockName {
	case "package-lock.json", "npm-shrinkwrap.json":
		var document struct {
			Packages map[string]json.RawMessage `json:"packages"`
		}
		if json.Unmarshal(lock, &document) != nil {
			return 0
		}
		var top int64
		for path := range document.Packages {
			// Nested ones are not counted while they grow either.
			if strings.Count(path, "node_modules/") == 1 {
				top++
			}
		}
		return top
	case "pnpm-lock.yaml":
		return int64(len(pnpmEntry.FindAll(section(lock, "packages:"), -1)))
	case "yarn.lock":
		return int64(len(yarnEntry.FindAll(lock, -1)))
	}
	return 0
}

var (
	pnpmEntry = regexp.MustCompile(`(?m)^  ['"/@\w][^\n]*:$`)
	yarnEntry = regexp.MustCompile(`(?m)^["@\w][^\n]*:$`)
)

// section returns what follows a top-level line of a YAML file, up to the
// next one.
func section(data []byte, line string) []byte {
	_, rest, found := strings.Cut("\n"+string(data), "\n"+line+"\n")
	if !found {
		return nil
	}
	if end := topLevel.FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	return []byte(rest)
}

var topLevel = regexp.MustCompile(`(?m)^\S`)

// growth reports once a second how many packages stand in node_modules.
type growth struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func (g *growth) stop() {
	g.cancel()
	g.done.Wait()
}

func watchGrowth(ctx context.Context, dir string, total int64, manager string, report progress.Reporter) *growth {
	ctx, cancel := context.WithCancel(ctx)
	g := &growth{cancel: cancel}
	g.done.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			now := count(filepath.Join(dir, "node_modules"))
			shown := total
			if now > total {
				shown = 0 // the estimate was wrong; no total is better than 110 %
			}
			report.Progress("installing packages with "+manager, progress.Packages, now, shown)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return g
}

// count counts the packages at the top of node_modules, or in pnpm's store of
// the tree where there is one: two levels of folders, which is cheap.
func count(modules string) int64 {
	if entries, err := os.ReadDir(filepath.Join(modules, ".pnpm")); err == nil {
		return int64(len(entries))
	}
	entries, err := os.ReadDir(modules)
	if err != nil {
		return 0
	}
	var found int64
	for _, entry := range entries {
		switch {
		case strings.HasPrefix(entry.Name(), "."):
		case strings.HasPrefix(entry.Name(), "@"):
			if scoped, err := os.ReadDir(filepath.Join(modules, entry.Name())); err == nil {
				found += int64(len(scoped))
			}
		default:
			found++
		}
	}
	return found
}
