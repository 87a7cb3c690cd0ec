package apply

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// Diff is what a Directus says has to change in it.
type Diff struct {
	Hash        string
	Collections []Entry
	Fields      []Entry
	// SystemFields is nil before 11.13, which refuses a diff that has them; a
	// later one refuses a diff that has not.
	SystemFields []Entry
	Relations    []Entry
}

// Entry is what changes in one thing.
type Entry struct {
	Entity     compare.Entity
	Collection string
	Field      string
	Related    string
	Items      []Item
	raw        snapshot.Object // all keys, to be sent as they came
}

// Item is one difference, as the npm package deep-diff tells it.
type Item struct {
	Kind  string // N new, D deleted, E edited, A within a list
	Path  []any  // strings and numbers; nil: the whole thing
	LHS   any
	RHS   any
	Index int
	Item  *Item // of kind A
	raw   snapshot.Object
}

// ParseDiff reads the answer of POST /schema/diff.
func ParseDiff(answer *directus.SchemaDiff) (*Diff, error) {
	var lists map[string][]snapshot.Object
	if err := json.Unmarshal(answer.Diff, &lists); err != nil {
		return nil, fmt.Errorf("reading the diff: %w", err)
	}
	diff := &Diff{Hash: answer.Hash}
	into := map[string]*[]Entry{"collections": &diff.Collections, "fields": &diff.Fields, "systemFields": &diff.SystemFields, "relations": &diff.Relations}
	for name, list := range lists {
		entries, known := into[name]
		if !known {
			return nil, fmt.Errorf("reading the diff: it has a list of %q, which is not known", name)
		}
		*entries = make([]Entry, 0, len(list))
		for i, raw := range list {
			entry, err := parseEntry(entityOf[name], raw)
			if err != nil {
				return nil, fmt.Errorf("reading the diff: %s[%d]: %w", name, i, err)
			}
			*entries = append(*entries, entry)
		}
	}
	return diff, nil
}

var entityOf = map[string]compare.Entity{
	"collections": compare.Collection, "fields": compare.Field, "systemFields": compare.SystemIndex, "relations": compare.Relation,
}

func parseEntry(entity compare.Entity, raw snapshot.Object) (Entry, error) {
	entry := Entry{
		Entity: entity, Collection: snapshot.Text(raw, "collection"), Field: snapshot.Text(raw, "field"),
		Related: snapshot.Text(raw, "related_collection"), raw: raw,
	}
	if entry.Collection == "" || entity != compare.Collection && entry.Field == "" {
		return entry, errors.New("it has no name")
	}
	list, _ := raw["diff"].([]any)
	if len(list) == 0 {
		return entry, errors.New("it has no differences")
	}
	for _, one := range list {
		item, err := parseItem(one)
		if err != nil {
			return entry, err
		}
		entry.Items = append(entry.Items, item)
	}
	return entry, nil
}

func parseItem(value any) (Item, error) {
	raw, ok := value.(snapshot.Object)
	if !ok {
		return Item{}, errors.New("a difference is not an object")
	}
	item := Item{Kind: snapshot.Text(raw, "kind"), LHS: raw["lhs"], RHS: raw["rhs"], raw: raw}
	item.Path, _ = raw["path"].([]any)
	switch item.Kind {
	case "N", "D", "E":
		return item, nil
	case "A":
		index, ok := snapshot.Number(raw, "index")
		inner, err := parseItem(raw["item"])
		if !ok || err != nil || index < 0 {
			return Item{}, errors.New("a difference of a list is not understood")
		}
		item.Index, item.Item = int(index), &inner
		return item, nil
	}
	return Item{}, fmt.Errorf("a difference is of the kind %q, which is not known", item.Kind)
}

// attribute is the first two steps of the path: "meta.note", "type", "meta".
func (i Item) attribute() string {
	steps := make([]string, 0, 2)
	for _, step := range i.Path[:min(2, len(i.Path))] {
		steps = append(steps, fmt.Sprint(step))
	}
	return strings.Join(steps, ".")
}

// whole reports whether the item is of the thing itself.
func (i Item) whole() bool { return len(i.Path) == 0 && i.Kind != "A" }

// Name is what an entry is about, as compare.Change.Key names it.
func (e Entry) Name() string {
	return compare.Change{Entity: e.Entity, Collection: e.Collection, Field: e.Field, Related: e.Related}.Key()
}

// Entries are all of them, in the order in which Directus makes them.
func (d *Diff) Entries() []Entry {
	return slices.Concat(d.Collections, d.Fields, d.SystemFields, d.Relations)
}

// Encode writes the diff as Directus takes it.
func (d *Diff) Encode() (directus.SchemaDiff, error) {
	lists := snapshot.Object{"collections": encodeEntries(d.Collections), "fields": encodeEntries(d.Fields), "relations": encodeEntries(d.Relations)}
	if d.SystemFields != nil {
		lists["systemFields"] = encodeEntries(d.SystemFields)
	}
	data, err := json.Marshal(lists)
	if err != nil {
		return directus.SchemaDiff{}, fmt.Errorf("writing the diff: %w", err)
	}
	return directus.SchemaDiff{Hash: d.Hash, Diff: data}, nil
}

func encodeEntries(entries []Entry) []any {
	list := make([]any, 0, len(entries))
	for _, entry := range entries {
		one := snapshot.Object{}
		for key, value := range entry.raw {
			one[key] = value
		}
		items := make([]any, 0, len(entry.Items))
		for _, item := range entry.Items {
			items = append(items, item.raw)
		}
		one["diff"] = items
		list = append(list, one)
	}
	return list
}
