package evidence

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/change"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// Studio is what the target's Studio can show.
type Studio struct {
	Directus string // the exact version
	// Has reports whether an extension gives an interface or a display of a
	// name; nil: none does.
	Has func(kind, id string) bool
}

// builtInJSON lists the interfaces and displays of Directus' own Studio, by the
// version of Directus that has them: the definitions in dist/assets of
// @directus/app 12.2.3, 15.10.0 and 18.0.0, which Directus 10.13.4, 11.17.4 and
// 12.4.0 install. Names that begin with "system-" are all Directus' own.
//
//go:embed builtin.json
var builtInJSON []byte

// shipped are the built-in names of a version, by kind.
type shipped struct {
	Version    string   `json:"version"`
	Interfaces []string `json:"interface"`
	Displays   []string `json:"display"`
}

var builtIn = sync.OnceValue(func() (all []shipped) {
	if err := json.Unmarshal(builtInJSON, &all); err != nil {
		panic("evidence: " + err.Error())
	}
	return all
})

// Lacking tells, by the keys of the changes, which interfaces and displays they
// want that the target's Studio does not have: it shows an error in their
// place. It is a reason for caution.
func Lacking(changes []compare.Change, studio Studio) map[string][]change.Evidence {
	found := map[string][]change.Evidence{}
	for _, c := range changes {
		for _, w := range wants(c) {
			if value := studio.lacks(w); value != "" {
				e := change.Evidence{Label: w.kind + " " + w.id, Value: value}
				if !slices.Contains(found[c.Key()], e) {
					found[c.Key()] = append(found[c.Key()], e)
				}
			}
		}
	}
	return found
}

// lacks says why something cannot be shown; empty: it can.
func (s Studio) lacks(w want) string {
	if strings.HasPrefix(w.id, "system-") || s.Has != nil && s.Has(w.kind, w.id) {
		return ""
	}
	since := ""
	for _, b := range builtIn() {
		names := b.Interfaces
		if w.kind == "display" {
			names = b.Displays
		}
		if slices.Contains(names, w.id) {
			since = b.Version
			break
		}
	}
	if since == "" {
		return "neither Directus " + s.Directus + " nor an extension there has it"
	}
	target, err := semver.NewVersion(s.Directus)
	if err != nil || !target.LessThan(semver.MustParse(since)) || since == builtIn()[0].Version {
		return ""
	}
	return "Directus " + since + " has it; " + s.Directus + " may not"
}

type want struct{ kind, id string }

// wants lists what a change has shown in the Studio.
func wants(c compare.Change) []want {
	switch after := c.After.(type) {
	case snapshot.Field:
		return wantsOf(after.Meta, nil)
	case snapshot.Collection, snapshot.Relation, snapshot.SystemField:
		return nil
	}
	if c.Entity != compare.Field || len(c.Path) == 0 || c.Path[0] != "meta" {
		return nil
	}
	value := c.After
	for i := len(c.Path) - 1; i > 0; i-- {
		value = snapshot.Object{c.Path[i]: value}
	}
	meta, _ := value.(snapshot.Object)
	return wantsOf(meta, nil)
}

// wantsOf looks into the fields of a repeater, too, which are in its options.
func wantsOf(meta snapshot.Object, all []want) []want {
	for _, kind := range []string{"interface", "display"} {
		if id := snapshot.Text(meta, kind); id != "" {
			all = append(all, want{kind, id})
		}
	}
	options, _ := meta["options"].(snapshot.Object)
	fields, _ := options["fields"].([]any)
	for _, field := range fields {
		inner, _ := field.(snapshot.Object)
		if meta, ok := inner["meta"].(snapshot.Object); ok {
			all = wantsOf(meta, all)
		}
	}
	return all
}
