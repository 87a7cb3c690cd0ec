package code

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"bunnyhop/internal/change"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/site"
)

// linesFile holds the values of the suggested environment lines inside the
// run's folder. Some are secrets, so neither the journal nor a screen has them.
const linesFile = "environment-lines.json"

// KeepEnvironmentLines keeps the values of suggested lines for the switch.
func KeepEnvironmentLines(r *steps.Run, values map[string]string) error {
	data, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return site.WritePrivate(r.Path(linesFile), data)
}

// EnvironmentLines returns what KeepEnvironmentLines kept, by key.
func EnvironmentLines(r *steps.Run) (map[string]string, error) {
	data, err := os.ReadFile(r.Path(linesFile))
	if err != nil {
		return nil, fmt.Errorf("reading the suggested lines: %w", err)
	}
	values := map[string]string{}
	return values, json.Unmarshal(data, &values)
}

// stageEnvironment writes the configuration file with the accepted lines to
// path. The file has the mode and owner of the live one.
func stageEnvironment(r *steps.Run, p *project.Project, lines []change.Change, path string) error {
	values, err := EnvironmentLines(r)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(p.Config.Path)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	for _, line := range lines {
		key := strings.TrimPrefix(line.ID, EnvPrefix)
		value, known := values[key]
		if !known {
			return fmt.Errorf("the value of %s was not kept", key)
		}
		if content, err = project.SetLine(content, key, value, firstLine(line.Detail)); err != nil {
			return err
		}
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	// Kept first, so that the staged file has the live one's mode and owner.
	if err := project.Keep(p.Config.Path, path); err != nil {
		return err
	}
	return project.Replace(path, content, "")
}

func firstLine(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}
