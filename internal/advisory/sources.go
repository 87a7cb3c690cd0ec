package advisory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"bunnyhop/internal/directus"
)

// What is read of the extensions' sources: enough for what people write, and
// bounded for what bundlers make.
const (
	maxSource  = 4 << 20
	maxSources = 24 << 20
)

// source is a file of an extension.
type source struct {
	extension directus.Extension
	name      string // within the extension's folder
	text      string
}

// sources is what was read of the extensions.
type sources struct {
	files []source
	// unread names the files that are too large, or could not be read.
	unread []string
}

// sources reads the code of the project's extensions, once in a check.
func (in Input) sources() (*sources, error) {
	if in.read != nil && in.read.sources != nil {
		return in.read.sources, nil
	}
	all, total := &sources{}, 0
	for _, e := range in.Extensions {
		if err := all.read(e, &total); err != nil {
			return nil, err
		}
	}
	if in.read != nil {
		in.read.sources = all
	}
	return all, nil
}

func (s *sources) read(e directus.Extension, total *int) error {
	if e.Path == "" {
		return nil
	}
	err := filepath.WalkDir(e.Path, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		name, relErr := filepath.Rel(e.Path, path)
		if err != nil || relErr != nil {
			s.unread = append(s.unread, e.Name+": "+path)
			return nil //nolint:nilerr // named as unread
		}
		if entry.IsDir() {
			if base := entry.Name(); path != e.Path && (base == "node_modules" || strings.HasPrefix(base, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || !isSource(name) {
			return nil
		}
		info, err := entry.Info()
		if err != nil || info.Size() > maxSource || *total+int(info.Size()) > maxSources {
			s.unread = append(s.unread, e.Name+": "+name)
			return nil //nolint:nilerr // named as unread
		}
		data, err := os.ReadFile(path) //nolint:gosec // the project's own file
		if err != nil {
			s.unread = append(s.unread, e.Name+": "+name)
			return nil //nolint:nilerr // named as unread
		}
		*total += len(data)
		s.files = append(s.files, source{e, name, string(data)})
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the extension %s: %w", e.Name, err)
	}
	return nil
}

func isSource(name string) bool {
	if strings.HasSuffix(name, ".d.ts") {
		return false
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".vue", ".css", ".scss":
		return true
	}
	return false
}

// of reports whether an extension is, or has in its bundle, one of the types;
// no types means any. One that does not say its type may be any.
func (s source) of(types []string) bool {
	if len(types) == 0 || s.extension.Type == "" || slices.Contains(types, s.extension.Type) {
		return true
	}
	return slices.ContainsFunc(s.extension.Entries, func(entry string) bool {
		kind, _, _ := strings.Cut(entry, " ")
		return slices.Contains(types, kind)
	})
}

// The types of extensions by where they run.
var (
	apiTypes = []string{"hook", "endpoint", "operation"}
	appTypes = []string{"interface", "display", "layout", "module", "panel", "theme", "operation"}
)

// searchSources looks for a pattern in the code of extensions of some types and
// says where it stands. When nothing is found but not everything could be read,
// it cannot be told.
func (in Input) searchSources(pattern *regexp.Regexp, types ...string) ([]string, bool, error) {
	all, err := in.sources()
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, file := range all.files {
		if !file.of(types) || !mayMatch(pattern, file.text) {
			continue
		}
		seen := map[string]bool{}
		for _, match := range pattern.FindAllString(file.text, 50) {
			seen[strings.TrimSpace(match)] = true
		}
		words := make([]string, 0, len(seen))
		for word := range seen {
			words = append(words, word)
		}
		slices.Sort(words)
		if len(words) > 0 {
			evidence = append(evidence, fmt.Sprintf("extension %s, %s: %s", file.extension.Name, file.name, strings.Join(bounded(words), ", ")))
		}
	}
	if len(evidence) == 0 && len(all.unread) > 0 {
		return bounded(all.unread), false, untold("look whether these files of extensions, which are too large to be read here, hold %q", pattern.String())
	}
	return found(evidence)
}

// inSources makes a detector of searchSources.
func inSources(pattern string, types ...string) detector {
	compiled := regexp.MustCompile(pattern)
	return func(_ context.Context, in Input) ([]string, bool, error) { return in.searchSources(compiled, types...) }
}
