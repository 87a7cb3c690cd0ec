package directus

import (
	"fmt"
	"slices"
	"strings"
)

// AccessChange is one difference between two matrices.
type AccessChange struct {
	Text string `json:"text"`
	// Explained says why the difference is harmless; empty means that it is
	// not known to be.
	Explained string `json:"explained,omitempty"`
}

// Diff lists the differences from a (before) to b (after) that nothing
// explains, one a line. An empty list means that everybody may do what they
// could do before.
func (a *AccessMatrix) Diff(b *AccessMatrix) []string {
	var lines []string
	for _, c := range a.Compare(b) {
		if c.Explained == "" {
			lines = append(lines, c.Text)
		}
	}
	return lines
}

// Compare lists all differences from a (before) to b (after), those known to
// be harmless with their explanation, in a stable order.
func (a *AccessMatrix) Compare(b *AccessMatrix) []AccessChange {
	var changes []AccessChange
	for _, key := range unionKeys(a.Principals, b.Principals) {
		before, after := a.Principals[key], b.Principals[key]
		switch {
		case after == nil:
			changes = append(changes, AccessChange{Text: before.label() + " is gone"})
		case before == nil:
			changes = append(changes, AccessChange{Text: after.label() + " is new"})
		default:
			changes = append(changes, before.compare(after, a, b)...)
		}
	}
	return changes
}

func (p *Principal) compare(after *Principal, a, b *AccessMatrix) []AccessChange {
	var changes []AccessChange
	for _, flag := range []struct {
		name          string
		before, after bool
	}{
		{"admin access", p.Admin, after.Admin},
		{"app access", p.App, after.App},
		{"required two-factor login", p.TFA, after.TFA},
	} {
		if flag.before != flag.after {
			changes = append(changes, AccessChange{Text: fmt.Sprintf("%s: %s %s → %s", p.label(), flag.name, onOff(flag.before), onOff(flag.after))})
		}
	}
	if !slices.Equal(p.IP, after.IP) {
		changes = append(changes, AccessChange{Text: fmt.Sprintf("%s: address limit %s → %s", p.label(), listOrNone(p.IP), listOrNone(after.IP))})
	}
	for _, key := range unionKeys(p.Rules, after.Rules) {
		collection, _, _ := strings.Cut(key, " ")
		why := droppedTable(collection, a, b)
		for _, rule := range p.Rules[key] {
			if !slices.Contains(after.Rules[key], rule) {
				changes = append(changes, AccessChange{Text: fmt.Sprintf("%s: %s lost: %s", p.label(), verbFirst(key), rule), Explained: why})
			}
		}
		for _, rule := range after.Rules[key] {
			if !slices.Contains(p.Rules[key], rule) {
				changes = append(changes, AccessChange{Text: fmt.Sprintf("%s: %s gained: %s", p.label(), verbFirst(key), rule), Explained: why})
			}
		}
	}
	return changes
}

// Without lists the rules of this matrix that mean nothing on b, because b
// has no such system table any more.
func (a *AccessMatrix) Without(b *AccessMatrix) []string {
	var lines []string
	for _, key := range unionKeys(a.Principals, nil) {
		p := a.Principals[key]
		for _, rule := range unionKeys(p.Rules, nil) {
			collection, _, _ := strings.Cut(rule, " ")
			if droppedTable(collection, a, b) != "" {
				lines = append(lines, fmt.Sprintf("%s: %s has no effect any more: %s was dropped", p.label(), verbFirst(rule), collection))
			}
		}
	}
	return lines
}

func droppedTable(collection string, a, b *AccessMatrix) string {
	if SystemTable(collection) && slices.Contains(a.Tables, collection) && !slices.Contains(b.Tables, collection) {
		return collection + " was dropped by the new version"
	}
	return ""
}

func (p *Principal) label() string {
	switch p.Kind {
	case "public":
		return "Public"
	default:
		return p.Kind + " " + p.Name
	}
}

// verbFirst makes "read posts" of "posts read".
func verbFirst(key string) string {
	collection, action, _ := strings.Cut(key, " ")
	return action + " " + collection
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func listOrNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " or ")
}

func unionKeys[V any](a, b map[string]V) []string {
	var keys []string
	for key := range a {
		keys = append(keys, key)
	}
	for key := range b {
		if _, ok := a[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
