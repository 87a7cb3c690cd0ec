package advisory

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/directus"
)

func detectDowngrade(_ context.Context, in Input) ([]string, bool, error) {
	from, to, err := in.versions()
	if err != nil || to.GreaterThan(from) || to.Equal(from) {
		return nil, false, err
	}
	return []string{in.From + " is installed, the target is " + in.To}, true, nil
}

func detectNewer(ctx context.Context, in Input) ([]string, bool, error) {
	if in.Newer == nil {
		return nil, false, nil
	}
	if all, err := in.halfway(ctx); err != nil || in.explainedNewer(all) {
		return nil, false, err
	}
	return in.Newer.Evidence(), true, nil
}

func detectCollisions(_ context.Context, in Input) ([]string, bool, error) {
	return in.Collisions, len(in.Collisions) > 0, nil
}

func detectBetween(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for _, m := range directus.Between(in.Pending) {
		evidence = append(evidence, m.ID+" ("+m.Title+")")
	}
	return evidence, len(evidence) > 0, nil
}

func detectMigrations(_ context.Context, in Input) ([]string, bool, error) {
	if len(in.Pending) == 0 {
		return nil, false, nil
	}
	own, destructive := 0, 0
	for _, m := range in.Pending {
		if m.Custom {
			own++
		}
		if m.Destructive {
			destructive++
		}
	}
	evidence := []string{fmt.Sprintf("%d migrations will run, %d of them the project's own", len(in.Pending), own)}
	if destructive > 0 {
		evidence = append(evidence, fmt.Sprintf("%d of them drop or rewrite something", destructive))
	}
	return evidence, true, nil
}

func detectExternalStorage(_ context.Context, in Input) ([]string, bool, error) {
	return in.ExternalStorage, len(in.ExternalStorage) > 0, nil
}

func detectNoSecret(_ context.Context, in Input) ([]string, bool, error) {
	return nil, !in.isSet("SECRET"), nil
}

// detectShortSecret counts bytes, as Directus does.
func detectShortSecret(_ context.Context, in Input) ([]string, bool, error) {
	n := len(in.value("SECRET"))
	if n == 0 || n >= 32 {
		return nil, false, nil
	}
	return []string{fmt.Sprintf("SECRET has %d bytes", n)}, true, nil
}

func detectNode(_ context.Context, in Input) ([]string, bool, error) {
	if len(in.NodeMajors) == 0 {
		return nil, false, nil
	}
	majors := make([]string, len(in.NodeMajors))
	for i, major := range in.NodeMajors {
		majors[i] = strconv.Itoa(major)
	}
	needs := fmt.Sprintf("Directus %s was tested with Node %s", in.To, strings.Join(majors, ", "))
	if in.NodeFound == "" {
		return []string{needs, "no Node was found"}, true, nil
	}
	found, err := semver.NewVersion(in.NodeFound)
	if err != nil {
		return []string{needs, "the Node in use is not understood: " + in.NodeFound}, true, nil
	}
	if slices.Contains(in.NodeMajors, int(found.Major())) { //nolint:gosec // a Node major fits
		return nil, false, nil
	}
	return []string{needs, "in use is Node " + found.String()}, true, nil
}

func detectExtensions(_ context.Context, in Input) ([]string, bool, error) {
	evidence := make([]string, 0, len(in.Extensions))
	for _, e := range in.Extensions {
		evidence = append(evidence, describeExtension(e))
	}
	return evidence, len(evidence) > 0, nil
}

func describeExtension(e directus.Extension) string {
	parts := []string{e.Name}
	for _, part := range []string{e.Version, e.Type, string(e.Source)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	line := strings.Join(parts, " · ")
	if e.Host != "" {
		line += " · made for " + e.Host
	}
	if e.Sandboxed {
		line += " · sandboxed"
	}
	return line
}

func detectRiskyExtensions(_ context.Context, in Input) ([]string, bool, error) {
	from, to, err := in.versions()
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, e := range in.Extensions {
		why := e.Problem
		if why == "" {
			why = extensionRisk(e, from, to)
		}
		if why != "" {
			evidence = append(evidence, describeExtension(e)+": "+why)
		}
	}
	return evidence, len(evidence) > 0, nil
}

const outOfRange = "the target is outside of the range it was made for"

func extensionRisk(e directus.Extension, from, to *semver.Version) string {
	if e.Host != "" && e.Host != "*" {
		host, err := semver.NewConstraint(e.Host)
		if err != nil {
			return "its host range is not understood"
		}
		if !host.Check(to) {
			return outOfRange
		}
	}
	app := e.Type == "module" || e.Type == "theme"
	for _, entry := range e.Entries {
		app = app || strings.HasPrefix(entry, "module ") || strings.HasPrefix(entry, "theme ")
	}
	switch {
	case app && from.Major() < 12 && to.Major() >= 12:
		return "modules and themes see another Studio from 12 on"
	case app && from.Major() < 11 && to.Major() >= 11:
		return "modules and themes see another Studio from 11 on"
	}
	return ""
}

func detectTypedFolders(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for _, e := range in.Extensions {
		if strings.Contains(e.Folder, "/") && e.Source == directus.Local {
			evidence = append(evidence, e.Path)
		}
	}
	return evidence, len(evidence) > 0, nil
}

func detectMigrationsFolder(_ context.Context, in Input) ([]string, bool, error) {
	return movedFolder(in, "MIGRATIONS_PATH", "migrations")
}

func detectTemplatesFolder(_ context.Context, in Input) ([]string, bool, error) {
	return movedFolder(in, "EMAIL_TEMPLATES_PATH", "templates")
}

// movedFolder looks for files in a folder of the extensions folder that 10.10
// moved, unless the new setting points somewhere already.
func movedFolder(in Input, key, name string) ([]string, bool, error) {
	if in.isSet(key) || in.ExtensionsPath == "" {
		return nil, false, nil
	}
	dir := filepath.Join(in.ExtensionsPath, name)
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("listing %s: %w", dir, err)
	}
	var evidence []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") {
			evidence = append(evidence, filepath.Join(dir, entry.Name()))
		}
	}
	return evidence, len(evidence) > 0, nil
}

func detectHealthProbes(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for name, text := range in.Files {
		for i, line := range strings.Split(text, "\n") {
			if strings.Contains(line, "/server/health") {
				evidence = append(evidence, fmt.Sprintf("%s line %d", name, i+1))
			}
		}
	}
	slices.Sort(evidence)
	return evidence, len(evidence) > 0, nil
}
