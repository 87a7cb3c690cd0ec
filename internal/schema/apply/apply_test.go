package apply

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

func note(f *snapshot.Field) { f.Meta["note"] = "New" }

func TestApply(t *testing.T) {
	for _, version := range schematest.Versions {
		before := fixture(t, schematest.Fresh(version, database.Postgres))
		after := edited(before, "posts", "title", note)
		server := &fake{snapshots: []*snapshot.Snapshot{before, after}, limit: 100}
		outcome, err := Apply(t.Context(), server, before, changes(t, before, after), progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if !outcome.Converged() || !same(outcome.After.Fields, after.Fields) {
			t.Errorf("%+v", outcome)
		}
		if diff := cmp.Diff([]string{"snapshot", "diff", "apply", "snapshot", "clear"}, server.asked); diff != "" {
			t.Errorf("%s (-want +got)\n%s", version, diff)
		}
		if server.flags[0].Explicit != (version == "12.4.0") {
			t.Errorf("%s: flags %+v", version, server.flags)
		}
		if server.sent[0].Hash != "hash" || strings.Contains(string(server.sent[0].Diff), "systemFields") != (version != "10.13.4") {
			t.Errorf("%s: sent %s", version, server.sent[0].Diff)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	before := fixture(t, schematest.Fresh("11.17.4", database.Postgres))
	after := edited(before, "posts", "title", note)
	elsewhere := edited(before, "posts", "slug", note)
	accepted := changes(t, before, after)
	refusal := func(status int, code string) error {
		return &directus.APIError{Method: "POST", Path: "/x", Status: status, Code: code}
	}
	drops := `{"collections":[{"collection":"posts","diff":[{"kind":"D","path":["meta","translations",0,"x"],"lhs":1}]}],"fields":[],"systemFields":[],"relations":[]}`
	for name, test := range map[string]struct {
		server     fake
		want, hint string
		state      string
		code       fault.Code
		unsent     bool
	}{
		"changed since":   {fake{snapshots: []*snapshot.Snapshot{elsewhere}}, "has changed since it was reviewed: update field posts.slug meta.note", "compare again", "nothing was changed", fault.Failed, true},
		"#27877":          {fake{snapshots: []*snapshot.Snapshot{before}, diff: drops}, "would delete what is only to be edited: collection posts (Directus issue #27877)", "Studio", "nothing was changed", fault.Blocked, true},
		"nothing to do":   {fake{snapshots: []*snapshot.Snapshot{before}, diff: `{"collections":[],"fields":[],"systemFields":[],"relations":[]}`}, "field posts.title meta.note is missing", "reject", "nothing was changed", fault.Failed, true},
		"too large":       {fake{snapshots: []*snapshot.Snapshot{before}, refuse: refusal(http.StatusRequestEntityTooLarge, "")}, "answered 413", "IMPORT_MAX_FILE_SIZE", "read again: nothing was changed", fault.Failed, false},
		"licence":         {fake{snapshots: []*snapshot.Snapshot{before}, refuse: refusal(http.StatusForbidden, "LIMIT_EXCEEDED")}, "LIMIT_EXCEEDED", "licence key", "read again: nothing was changed", fault.Blocked, false},
		"no admin":        {fake{snapshots: []*snapshot.Snapshot{before}, refuse: refusal(http.StatusForbidden, "FORBIDDEN")}, "FORBIDDEN", "administrator", "read again: nothing was changed", fault.Failed, false},
		"a part was done": {fake{snapshots: []*snapshot.Snapshot{before, after}, refuse: errors.New("connection reset")}, "connection reset", "decide what to do", "read again: a part was changed: update field posts.title meta.note", fault.NeedsPerson, false},
		"a wrong list":    {fake{snapshots: []*snapshot.Snapshot{before}, diff: `{"tables":[]}`}, `a list of "tables"`, "", "", fault.Failed, true},
	} {
		t.Run(name, func(t *testing.T) {
			outcome, err := Apply(t.Context(), &test.server, before, accepted, progress.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(fault.HintOf(err), test.hint) || fault.CodeOf(err) != test.code || fault.StateOf(err) != test.state {
				t.Errorf("%v\nhint %q, state %q, code %d", err, fault.HintOf(err), fault.StateOf(err), fault.CodeOf(err))
			}
			if (outcome != nil) != (name == "a part was done") {
				t.Errorf("outcome %+v", outcome)
			}
			if slices.Contains(test.server.asked, "apply") == test.unsent {
				t.Errorf("asked %v", test.server.asked)
			}
		})
	}
}

func TestApplyNotConverged(t *testing.T) {
	before := fixture(t, schematest.Fresh("11.17.4", database.Postgres))
	wanted := edited(before, "posts", "title", note)
	other := edited(before, "posts", "slug", note)
	server := &fake{snapshots: []*snapshot.Snapshot{before, other}}
	outcome, err := Apply(t.Context(), server, before, changes(t, before, wanted), progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Converged() || len(outcome.Left) != 1 || len(outcome.Unexpected) != 1 {
		t.Fatalf("%+v", outcome)
	}
	if c := outcome.Left[0]; c.Key() != "field posts.title meta.note" || c.After != "New" {
		t.Errorf("left %+v", c)
	}
	if c := outcome.Unexpected[0]; c.Key() != "field posts.slug meta.note" || c.After != "New" {
		t.Errorf("unexpected %+v", c)
	}
}

// TestApplyLimit: what the licence allows is known before anything is sent.
func TestApplyLimit(t *testing.T) {
	before := fixture(t, schematest.Fresh("12.4.0", database.Postgres))
	used := 0
	for _, c := range before.Collections {
		if active(c) {
			used++
		}
	}
	more := *before
	more.Collections = append(slices.Clone(before.Collections), snapshot.Collection{Collection: "more", Meta: snapshot.Object{}, Schema: snapshot.Object{"name": "more"}})
	noted := *before
	noted.Collections = slices.Clone(before.Collections)
	for i, c := range noted.Collections {
		if c.Collection == "posts" {
			noted.Collections[i].Meta = with(c.Meta, "note", "New")
		}
	}
	both := noted
	both.Collections = append(slices.Clone(noted.Collections), more.Collections[len(more.Collections)-1])
	for _, test := range []struct {
		wanted  *snapshot.Snapshot
		limit   int
		refused string
	}{{&both, used + 1, "refuses to edit one"}, {&both, used + 2, ""}, {&more, used, "1 more were accepted"}, {&more, used + 1, ""}, {&more, -1, ""}, {&noted, used, "refuses to edit one"}, {&noted, used + 1, ""}} {
		server := &fake{snapshots: []*snapshot.Snapshot{before, test.wanted}, limit: test.limit}
		_, err := Apply(context.Background(), server, before, changes(t, before, test.wanted), progress.Discard)
		if (err == nil) != (test.refused == "") || err != nil && (!strings.Contains(err.Error(), test.refused) || slices.Contains(server.asked, "diff")) {
			t.Errorf("limit %d of %d: %v, asked %v", test.limit, used, err, server.asked)
		}
	}
}

// TestRounds: what Directus cannot do at once is done in two rounds.
func TestRounds(t *testing.T) {
	before := fixture(t, schematest.Fresh("12.4.0", database.Postgres))
	elsewhere := *before
	elsewhere.Relations = slices.Clone(before.Relations)
	for i, r := range elsewhere.Relations {
		if r.Collection == "posts" && r.Field == "page" {
			elsewhere.Relations[i].Related = "settings_page"
			elsewhere.Relations[i].Schema = with(r.Schema, "foreign_key_table", "settings_page")
		}
	}
	r, err := render(before, changes(t, before, &elsewhere))
	if err != nil {
		t.Fatal(err)
	}
	goals := rounds(before, r.wanted)
	if len(goals) != 2 {
		t.Fatalf("%d rounds", len(goals))
	}
	var first []string
	for _, c := range changes(t, before, goals[0]) {
		first = append(first, string(c.Action)+" "+c.Key())
	}
	want := []string{
		"update field posts.page schema.foreign_key_column", "update field posts.page schema.foreign_key_table", "delete relation posts.page → pages",
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
	if goals := rounds(before, edited(before, "posts", "title", note)); len(goals) != 1 {
		t.Errorf("a note takes %d rounds", len(goals))
	}
}
