package advisory

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// hooked makes a detector of hooks of a kind (action or filter) on an event.
// In built code the names of functions may be short ones: then it cannot be
// told of which kind a hook is.
func hooked(kind, event string) detector {
	other := map[string]string{"action": "filter", "filter": "action"}[kind]
	text := "['\"`]" + event + "['\"`]"
	any := regexp.MustCompile(text)
	ofKind := regexp.MustCompile(`\b` + kind + `\(\s*` + text)
	ofOther := regexp.MustCompile(`\b` + other + `\(\s*` + text)
	return func(_ context.Context, in Input) ([]string, bool, error) {
		if evidence, hit, err := in.searchSources(ofKind, "hook"); hit || err != nil {
			return evidence, hit, err
		}
		all, err := in.sources()
		if err != nil {
			return nil, false, err
		}
		var evidence []string
		for _, file := range all.files {
			if file.of([]string{"hook"}) && mayMatch(any, file.text) && len(any.FindAllStringIndex(file.text, -1)) > len(ofOther.FindAllStringIndex(file.text, -1)) {
				evidence = append(evidence, fmt.Sprintf("extension %s, %s: %s", file.extension.Name, file.name, any.FindString(file.text)))
			}
		}
		if len(evidence) == 0 {
			return nil, false, nil
		}
		return bounded(evidence), false, errUntold
	}
}

var usesServices = regexp.MustCompile(`\b(?:ItemsService|services)\b`)

// detectTypedServices looks for TypeScript that uses the services.
func detectTypedServices(_ context.Context, in Input) ([]string, bool, error) {
	all, err := in.sources()
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, file := range all.files {
		typed := slices.Contains([]string{".ts", ".mts", ".cts"}, strings.ToLower(filepath.Ext(file.name)))
		if typed && file.of(apiTypes) && usesServices.MatchString(file.text) {
			evidence = append(evidence, fmt.Sprintf("extension %s, %s", file.extension.Name, file.name))
		}
	}
	return found(evidence)
}
