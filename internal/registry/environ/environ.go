// Package environ reads and changes an environment that is held as a list of
// "NAME=value", as os.Environ returns it, so that code which starts other
// programs never depends on this process's own environment.
package environ

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Get returns the value of a variable. Where a name stands twice the last one
// counts, as it does for a started process.
func Get(environ []string, name string) string {
	for _, entry := range slices.Backward(environ) {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			return value
		}
	}
	return ""
}

// With returns a copy in which the given entries replace those of the same
// name.
func With(environ []string, entries ...string) []string {
	kept := make([]string, 0, len(environ)+len(entries))
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		replaced := slices.ContainsFunc(entries, func(e string) bool {
			return strings.HasPrefix(e, name+"=")
		})
		if !replaced {
			kept = append(kept, entry)
		}
	}
	return append(kept, entries...)
}

// LookPath finds a program on the environment's PATH and returns its absolute
// path, or "" where there is none.
func LookPath(environ []string, program string) string {
	for _, dir := range filepath.SplitList(Get(environ, "PATH")) {
		if !filepath.IsAbs(dir) {
			continue // a relative entry would mean another program in every folder
		}
		path := filepath.Join(dir, program)
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return path
		}
	}
	return ""
}
