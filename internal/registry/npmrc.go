package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"bunnyhop/internal/registry/environ"
)

// readNPMRC reads one .npmrc. A file that does not exist is empty. The form is
// npm's ini dialect as far as plain settings use it: "key = value", comments
// with ; and #, quoted values, and ${VAR} (or ${VAR?} for "empty if unset").
func readNPMRC(path string, env []string) (map[string]string, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the paths are npm's own configuration files
	if errors.Is(err, fs.ErrNotExist) || path == "" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading npm's configuration %s: %w", path, err)
	}
	return parseNPMRC(string(data), env), nil
}

func parseNPMRC(text string, env []string) map[string]string {
	settings := map[string]string{}
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == ';' || line[0] == '#' || line[0] == '[' {
			continue
		}
		key, value, assigned := strings.Cut(line, "=")
		if !assigned {
			value = "true"
		}
		key = expand(unquote(strings.TrimSpace(key)), env)
		if strings.HasSuffix(key, "[]") {
			continue // lists (ca[], omit[]) are of no use here
		}
		settings[key] = expand(unquote(strings.TrimSpace(value)), env)
	}
	return settings
}

func unquote(text string) string {
	if len(text) >= 2 && text[0] == text[len(text)-1] && (text[0] == '"' || text[0] == '\'') {
		if text[0] == '\'' {
			return text[1 : len(text)-1]
		}
		var plain string
		if json.Unmarshal([]byte(text), &plain) == nil {
			return plain
		}
		return text
	}
	// Outside quotes a comment sign ends the value unless it is escaped.
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && strings.IndexByte(`\;#`, text[i+1]) >= 0:
			i++
			plain.WriteByte(text[i])
		case text[i] == ';' || text[i] == '#':
			return strings.TrimSpace(plain.String())
		default:
			plain.WriteByte(text[i])
		}
	}
	return plain.String()
}

var variable = regexp.MustCompile(`\\*\$\{[^${}]+\}`)

// expand replaces ${VAR} as npm does (@npmcli/config 10.4, lib/env-replace.js):
// an unset variable stays as it is written, with a trailing ? it is empty, and
// a backslash before it keeps it.
func expand(text string, env []string) string {
	return variable.ReplaceAllStringFunc(text, func(match string) string {
		slashes := strings.IndexByte(match, '$')
		if slashes%2 == 1 {
			return match[(slashes+1)/2:]
		}
		name := match[slashes+2 : len(match)-1]
		name, optional := strings.CutSuffix(name, "?")
		value := environ.Get(env, name)
		if value == "" && !optional && !isSet(env, name) {
			return match
		}
		return match[:slashes/2] + value
	})
}

func isSet(env []string, name string) bool {
	for _, entry := range env {
		if strings.HasPrefix(entry, name+"=") {
			return true
		}
	}
	return false
}

// fromEnviron returns the settings that npm takes from npm_config_*
// variables. Names are case-insensitive and _ stands for - except at the
// start; names that hold a registry's address or a scope stay as they are.
// An empty value counts as unset (@npmcli/config 10.4, lib/index.js loadEnv).
func fromEnviron(env []string) map[string]string {
	settings := map[string]string{}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if len(name) < 12 || !strings.EqualFold(name[:11], "npm_config_") || value == "" {
			continue
		}
		key := name[11:]
		if !strings.HasPrefix(key, "//") && !strings.HasPrefix(key, "@") {
			key = strings.ToLower(key)
			key = key[:1] + strings.ReplaceAll(key[1:], "_", "-")
		}
		settings[key] = value
	}
	return settings
}
