package upgrade

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/directus"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// states are the extensions as a server tells of them.
func states(loaded []directus.LoadedExtension) []facts.ExtensionState {
	all := make([]facts.ExtensionState, 0, len(loaded))
	for _, e := range loaded {
		all = append(all, facts.ExtensionState{
			Name: e.Name, Type: e.Type, Version: e.Version, Loaded: e.Found && e.Enabled, Off: e.Found && !e.Enabled,
		})
	}
	return all
}

// before lists the extensions that the old version loads: those that it finds,
// that have nothing which keeps it from loading them, and that are not switched
// off.
func before(r *steps.Run) []facts.CheckedExtension {
	checked, _ := facts.Checked.Get(r)
	seen, _ := facts.Inspected.Get(r)
	return loadedBy(seen.Installed, checked.Extensions)
}

func loadedBy(version string, all []facts.CheckedExtension) []facts.CheckedExtension {
	// A broken manifest keeps all of a folder's extensions from being loaded.
	if slices.ContainsFunc(all, func(e facts.CheckedExtension) bool { return strings.Contains(e.Problem, "no extension loads") }) {
		return nil
	}
	v, err := semver.NewVersion(version)
	flat := err == nil && !v.LessThan(semver.MustParse("10.10.0"))
	return slices.DeleteFunc(slices.Clone(all), func(e facts.CheckedExtension) bool {
		typed := e.Source == string(directus.Local) && strings.Contains(e.Folder, "/")
		return e.Off || typed && flat || strings.Contains(e.Problem, "passes it over")
	})
}

// gone is an extension that the old version loaded and the new one does not.
type gone struct {
	facts.CheckedExtension
	why string
}

func (g gone) String() string {
	return strings.TrimSpace(strings.Join([]string{"extension", g.Name, g.Version}, " ")) + " " + g.why
}

// goneExtensions compares what was loaded, the parts of bundles included, with
// what a server tells of (VE5).
func goneExtensions(were []facts.CheckedExtension, are []facts.ExtensionState) []gone {
	why := func(name string) string {
		found := false
		for _, state := range are {
			if state.Name == name && state.Loaded {
				return ""
			}
			found = found || state.Name == name && state.Off
		}
		if found {
			return "is not enabled"
		}
		return "is not loaded"
	}
	var all []gone
	for _, e := range were {
		if lost := why(e.Name); lost != "" {
			all = append(all, gone{e, lost})
			continue
		}
		for _, entry := range e.Entries {
			_, part, _ := strings.Cut(entry, " ")
			if lost := why(part); lost != "" && !slices.Contains(e.PartsOff, part) {
				all = append(all, gone{e, "is loaded, but its part " + part + " " + lost})
			}
		}
	}
	return all
}

// seeExtensions compares the extensions that the new server has with those
// that the old one loaded (VE5). What was missing on the copy as well was shown
// before the cutover; it is told again and is no failure.
func seeExtensions(ctx context.Context, r *steps.Run, e *evidence) (string, error) {
	if e.client == nil {
		return "not asked: no SECRET", nil
	}
	loaded, err := e.client.Extensions(ctx)
	if err != nil {
		return "", err
	}
	now := states(loaded)
	var names []string
	for _, x := range now {
		if x.Loaded {
			names = append(names, x.Name)
		}
	}
	var bad, shown []string
	for _, g := range goneExtensions(before(r), now) {
		if !slices.ContainsFunc(goneExtensions(before(r), e.rehearsed.States), func(copied gone) bool { return copied.String() == g.String() }) {
			bad = append(bad, g.String())
		} else {
			shown = append(shown, g.String())
		}
	}
	for _, name := range e.rehearsed.Extensions {
		if !slices.Contains(names, name) && !slices.ContainsFunc(bad, func(line string) bool { return strings.Contains(line, " "+name+" ") }) {
			bad = append(bad, "extension "+name+" was loaded on the copy and is not here")
		}
	}
	if len(bad) > 0 {
		return "", errors.New(strings.Join(bad, "; "))
	}
	if len(shown) > 0 {
		return fmt.Sprintf("%d loaded; as on the copy, %s", len(names), strings.Join(shown, "; ")), nil
	}
	if n := len(before(r)); n > 0 {
		return fmt.Sprintf("%d loaded, all that were before", len(names)), nil
	}
	return fmt.Sprintf("%d loaded", len(names)), nil
}

// extensionLines name in the report the extensions that are not loaded any
// more, with what leads out of it.
func extensionLines(r *steps.Run) []string {
	rehearsed, ok := facts.Rehearsed.Get(r)
	if !ok || len(rehearsed.States) == 0 {
		return nil
	}
	var lines []string
	for _, g := range goneExtensions(before(r), rehearsed.States) {
		line := "Not loaded any more: " + g.String()
		switch {
		case g.Newest != "" && g.Newest != g.Version:
			line += "; " + g.Newest + " is made for this version"
		case g.Problem != "":
			line += "; " + g.Problem
		}
		lines = append(lines, line+".")
	}
	return lines
}
