package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// release is an installed Directus.
type release struct{ version, tree, node string }

func findReleases(args []string) ([]release, error) {
	var releases []release
	for _, arg := range args {
		tree, node, found := strings.Cut(arg, ",")
		if !found {
			node = "node"
		}
		tree, err := filepath.Abs(tree)
		if err != nil {
			return nil, fmt.Errorf("finding %s: %w", arg, err)
		}
		text, err := os.ReadFile(filepath.Join(tree, "node_modules", "directus", "package.json"))
		if err != nil {
			return nil, fmt.Errorf("reading the version of %s: %w", tree, err)
		}
		var manifest struct{ Version string }
		if err := json.Unmarshal(text, &manifest); err != nil {
			return nil, fmt.Errorf("reading the version of %s: %w", tree, err)
		}
		releases = append(releases, release{manifest.Version, tree, node})
	}
	return releases, nil
}

// ways lists through which releases a project may have come to the newest:
// from each by all that follow, and from each straight to the newest.
func ways(releases []release) [][]release {
	var all [][]release
	last := len(releases) - 1
	for i := range releases {
		all = append(all, releases[i:])
		if i < last-1 {
			all = append(all, []release{releases[i], releases[last]})
		}
	}
	return all
}

func label(way []release) string {
	var versions []string
	for _, r := range way {
		versions = append(versions, r.version)
	}
	return strings.Join(versions, " → ")
}
