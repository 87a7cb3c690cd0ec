package apply

import (
	"strings"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

// TestPlanned reads what `directus schema apply --dry-run` prints.
func TestPlanned(t *testing.T) {
	have := fixture(t, schematest.Fresh("11.17.4", database.Postgres))
	want := edited(have, "posts", "title", note)
	last := len(have.Relations) - 1
	want.Relations = have.Relations[:last]
	gone := have.Relations[last]
	field, relation := "  - Update posts.title", "  - Delete "+gone.Collection+"."+gone.Field+" → "+gone.Related
	for name, test := range map[string]struct {
		output []string
		want   string
	}{
		"as accepted":         {[]string{"log", "The following changes will be applied:", "", "Fields:", field, "    - Set note to New", "", "Relations:", relation}, ""},
		"another table":       {[]string{"Collections:", "  - Delete posts", "Fields:", field, "Relations:", relation}, "it would also: Collections: Delete posts"},
		"less":                {[]string{"Fields:", field}, "it would not: Relations: Delete"},
		"nothing":             {[]string{"No changes to apply."}, "it would not: Relations: Delete"},
		"in the wrong place":  {[]string{"Collections:", field, "Relations:", relation}, "it would also: Collections: Update posts.title"},
		"a text with a break": {[]string{"Fields:", field, "    - Set note to New", "  - Delete posts.title", "Relations:", relation}, "it would also: Fields: Delete posts.title"},
	} {
		err := planned(test.output, changes(t, have, want), have, want)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUngroup: Directus 10 skips what is in a group, also on the command line.
func TestUngroup(t *testing.T) {
	have := fixture(t, schematest.Fresh("10.13.4", database.Postgres))
	have.Collections = append(have.Collections, snapshot.Collection{Collection: "grouped", Meta: snapshot.Object{"group": "content"}, Schema: snapshot.Object{"name": "grouped"}})
	want := *have
	want.Collections = have.Collections[:len(have.Collections)-1]
	goals := ungroup(have, []*snapshot.Snapshot{&want})
	if len(goals) != 2 || goals[0].Collections[len(goals[0].Collections)-1].Meta["group"] != nil {
		t.Errorf("%d goals", len(goals))
	}
	if goals := ungroup(have, []*snapshot.Snapshot{have}); len(goals) != 1 {
		t.Errorf("%d goals where nothing goes", len(goals))
	}
}
