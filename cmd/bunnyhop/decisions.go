package main

import (
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
)

// readDecisions reads a --decisions file: a JSON or YAML object of change IDs,
// each with accept or reject, or with true or false.
func readDecisions(path string) (change.Decisions, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path) //nolint:gosec // the person names the file
	if err != nil {
		return nil, fault.Wrap(err, "reading the decisions", "see that --decisions names a readable file").WithCode(fault.Usage)
	}
	bad := func(err error) error {
		return fault.Wrap(err, "the decisions in "+path+" cannot be used",
			"write one line per change, such as `\"file:package.json:directus\": accept`, or a JSON object").WithCode(fault.Usage)
	}
	// JSON is YAML, so that one parser reads both. It refuses a key that
	// stands there twice.
	var raw map[string]any
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return nil, bad(err)
	}
	decisions := make(change.Decisions, len(raw))
	for id, value := range raw {
		accept, ok := decision(value)
		if !ok {
			return nil, bad(fmt.Errorf("%s is %q, which is neither accept nor reject", id, fmt.Sprint(value)))
		}
		decisions[id] = accept
	}
	return decisions, nil
}

func decision(value any) (accept, ok bool) {
	switch v := value.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "accept", "accepted", "yes":
			return true, true
		case "reject", "rejected", "no":
			return false, true
		}
	}
	return false, false
}
