package review

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/schema/evidence"
	"bunnyhop/internal/schema/snapshot"
)

// without is the model without what a name begins with.
func withoutAll(s *snapshot.Snapshot, prefixes ...string) *snapshot.Snapshot {
	left := *s
	is := func(name string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return name == prefix || strings.HasPrefix(name, prefix+".") })
	}
	left.Collections = slices.DeleteFunc(slices.Clone(s.Collections), func(c snapshot.Collection) bool { return is(c.Collection) })
	left.Fields = slices.DeleteFunc(slices.Clone(s.Fields), func(f snapshot.Field) bool { return is(f.Collection + "." + f.Field) })
	left.Relations = slices.DeleteFunc(slices.Clone(s.Relations), func(r snapshot.Relation) bool { return is(r.Collection + "." + r.Field) })
	return &left
}

// edited is the model with one field changed.
func edited(s *snapshot.Snapshot, name string, edit func(f *snapshot.Field)) *snapshot.Snapshot {
	changed := *s
	changed.Fields = slices.Clone(s.Fields)
	for i := range changed.Fields {
		if f := &changed.Fields[i]; f.Collection+"."+f.Field == name {
			f.Meta, f.Schema = maps.Clone(f.Meta), maps.Clone(f.Schema)
			edit(f)
		}
	}
	return &changed
}

func planned(t *testing.T, current, wanted *snapshot.Snapshot, mode Mode) (*Plan, map[string]change.Change) {
	t.Helper()
	p, err := New(current, wanted, mode)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]change.Change{}
	for _, c := range p.Changes {
		byID[c.ID] = c
	}
	return p, byID
}

// accepting returns what one acceptance takes with it.
func accepting(p *Plan, id string) []string {
	r := change.NewReview(p.Changes, nil)
	for i, c := range p.Changes {
		if c.ID == id {
			r.Decide(true, i)
		}
	}
	return slices.Sorted(maps.Keys(r.Decisions()))
}

func TestRequirements(t *testing.T) {
	all := whole(t)
	for _, test := range []struct {
		name            string
		current, wanted *snapshot.Snapshot
		accept          string
		taken           []string
	}{
		{
			"a translation takes its junction, both fields, the languages and the other side's field",
			withoutAll(all, "posts.translations", "posts_translations", "languages"), all, "field posts.translations",
			[]string{
				"collection languages", "collection posts_translations", "field languages.code", "field languages.sort", "field posts.translations",
				"field posts_translations.id", "field posts_translations.languages_code", "field posts_translations.posts_id",
				"relation posts_translations.languages_code → languages", "relation posts_translations.posts_id → posts",
			},
		},
		{
			"a table's deletion takes the fields of others that show it",
			all, withoutAll(all, "posts.translations", "posts_translations"), "collection posts_translations",
			[]string{"collection posts_translations", "field posts.translations"},
		},
		{
			"a plain column takes nothing",
			withoutAll(all, "posts.title"), all, "field posts.title",
			[]string{"field posts.title"},
		},
		{
			"a type takes what the column's type says",
			edited(all, "posts.title", func(f *snapshot.Field) {
				f.Type, f.Schema["data_type"], f.Schema["max_length"] = "text", "text", nil
			}), all, "field posts.title type",
			[]string{"field posts.title schema.data_type", "field posts.title schema.max_length", "field posts.title type"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, byID := planned(t, test.current, test.wanted, Mirror)
			if _, ok := byID[test.accept]; !ok {
				t.Fatalf("no change %q in %v", test.accept, slices.Sorted(maps.Keys(byID)))
			}
			if diff := cmp.Diff(test.taken, accepting(p, test.accept)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestModes(t *testing.T) {
	all := whole(t)
	current, wanted := withoutAll(all, "posts.title"), edited(withoutAll(all, "posts.status"), "posts.slug", func(f *snapshot.Field) { f.Meta["note"] = "a note" })
	for mode, want := range map[Mode][]string{
		Add:    {"field posts.title"},
		Merge:  {"field posts.slug meta.note", "field posts.title"},
		Mirror: {"field posts.slug meta.note", "field posts.status", "field posts.title"},
	} {
		p, byID := planned(t, current, wanted, mode)
		got := slices.Sorted(maps.Keys(byID))
		if diff := cmp.Diff(want, slices.DeleteFunc(got, func(id string) bool { return strings.HasPrefix(id, "collection posts ") })); diff != "" {
			t.Errorf("%s (-want +got)\n%s", mode, diff)
		}
		if len(p.Changes)+len(p.LeftOut) < 3 {
			t.Errorf("%s loses differences: %d proposed, %d left out", mode, len(p.Changes), len(p.LeftOut))
		}
	}
	if _, err := New(current, wanted, "overwrite"); err == nil {
		t.Error("an unknown mode is taken")
	}
}

func TestBlocked(t *testing.T) {
	all := whole(t)
	unknown := edited(all, "posts.title", func(f *snapshot.Field) { f.Meta["glow"] = true })
	forgotten := *all
	forgotten.Collections = slices.Clone(all.Collections)
	for i := range forgotten.Collections {
		if forgotten.Collections[i].Collection == "posts" {
			forgotten.Collections[i].Meta = nil
		}
	}
	counted := edited(all, "posts.id", func(f *snapshot.Field) { f.Schema["has_auto_increment"] = false })
	unrelated := *all
	unrelated.Relations = slices.DeleteFunc(slices.Clone(all.Relations), func(r snapshot.Relation) bool { return r.Collection == "posts" && r.Field == "page" })
	made := *all
	made.Collections = append(slices.Clone(all.Collections), snapshot.Collection{Collection: "two words", Meta: snapshot.Object{}, Schema: snapshot.Object{"name": "two words"}})
	made.Fields = append(slices.Clone(all.Fields),
		snapshot.Field{Collection: "posts", Field: "sum", Type: "integer", Meta: snapshot.Object{}, Schema: snapshot.Object{"name": "sum", "is_generated": true}},
		snapshot.Field{Collection: "posts", Field: "odd", Type: "unknown", Meta: snapshot.Object{}, Schema: snapshot.Object{"name": "odd", "data_type": "xml"}})
	for _, test := range []struct {
		wanted *snapshot.Snapshot
		id     string
		why    string
	}{
		{&unrelated, "relation posts.page → pages", "on SQLite"},
		{&made, "collection two words", "a space"},
		{&made, "field posts.sum", "generated"},
		{&made, "field posts.odd", "type"},
		{edited(all, "posts.id", func(f *snapshot.Field) { f.Schema["is_nullable"] = true }), "field posts.id schema.is_nullable", "counts up"},
		{unknown, "field posts.title meta.glow", "Directus 12.4.0 has no glow here"},
		{&forgotten, "collection posts meta", "no way to forget"},
		{counted, "field posts.id schema.has_auto_increment", "how a key counts"},
		{withoutAll(all, "posts.id"), "field posts.id", "primary key"},
	} {
		_, byID := planned(t, all, test.wanted, Mirror)
		c, ok := byID[test.id]
		if !ok || !strings.Contains(c.Blocked, test.why) || c.Recommended {
			t.Errorf("%s: %+v (%v)", test.id, c, ok)
		}
	}
}

func TestEvidenceDecides(t *testing.T) {
	all := whole(t)
	wanted := edited(all, "posts.title", func(f *snapshot.Field) { f.Schema["max_length"] = 50.0 })
	p, byID := planned(t, all, wanted, Merge)
	const id = "field posts.title schema.max_length"
	if c := byID[id]; c.Risk != change.Caution || c.Recommended || c.Before != "200" || c.After != "50" {
		t.Fatalf("before the data was asked: %+v", c)
	}
	longest := []change.Evidence{{Label: "longest value", Value: "87", Loss: true}}
	p.Seen(map[string]evidence.Finding{id: {Evidence: longest, Blocked: "37 characters would be cut"}})
	if c := p.Changes[0]; c.Blocked == "" || len(c.Evidence) != 1 {
		t.Errorf("after: %+v", c)
	}
	if got := p.Accepted(change.Decisions{id: true}); len(got) > 0 {
		t.Errorf("a blocked change is accepted: %v", got)
	}
}

// TestNothingUnsafeIsRecommended: --yes never pulls in what is not safe.
func TestNothingUnsafeIsRecommended(t *testing.T) {
	all := whole(t)
	p, _ := planned(t, all, withoutAll(all, "posts", "posts_translations"), Mirror)
	for id, accept := range change.Recommended(p.Changes) {
		for _, c := range p.Changes {
			if c.ID == id && accept && c.Risk != change.Safe {
				t.Errorf("%s is %s and recommended", id, c.Risk)
			}
		}
	}
}
