package upgrade

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/steps/facts"
)

func TestUserChanges(t *testing.T) {
	state := func(other string, tables map[string]database.TableFingerprint) database.Fingerprint {
		return database.Fingerprint{Tables: tables, Other: other}
	}
	print := func(rows int64, schema string) database.TableFingerprint {
		return database.TableFingerprint{Rows: rows, Data: "d", Schema: schema}
	}
	before := state("v", map[string]database.TableFingerprint{
		"same": print(1, "s"), "grown": print(1, "s"), "shrunk": print(3, "s"), "gone": print(1, "s"), "directus_users": print(1, "s"),
	})
	after := state("w", map[string]database.TableFingerprint{
		"same": print(1, "s"), "grown": print(2, "t"), "shrunk": print(2, "s"), "fresh": print(0, "s"), "directus_users": print(1, "t"),
	})
	shipped, custom := directus.Migration{ID: "1"}, directus.Migration{ID: "2", Custom: true}
	if _, err := userChanges(before, after, []directus.Migration{shipped}); err == nil {
		t.Error("Directus' own migrations may change the project's tables")
	}
	if got, err := userChanges(before, before, []directus.Migration{shipped}); err != nil || len(got) > 0 {
		t.Errorf("nothing changed: %v, %v", got, err)
	}
	got, err := userChanges(before, after, []directus.Migration{shipped, custom})
	if err != nil {
		t.Fatal(err)
	}
	for name := range got {
		c := got[name]
		c.Lines = nil
		got[name] = c
	}
	want := map[string]facts.TableChange{
		"": {}, "grown": {Schema: "t"}, "shrunk": {Schema: "s", Fewer: true}, "gone": {Gone: true}, "fresh": {Schema: "s"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	// The live database: rows may differ from the copy's, what was done may not.
	live := func(edit func(map[string]database.TableFingerprint)) database.Fingerprint {
		tables := map[string]database.TableFingerprint{
			"same": print(1, "s"), "grown": print(9, "t"), "shrunk": print(1, "s"), "fresh": print(4, "s"), "directus_users": print(1, "t"),
		}
		edit(tables)
		return state("x", tables)
	}
	changed, err := asRehearsed(before, live(func(map[string]database.TableFingerprint) {}), got)
	if err != nil || len(changed) != 3 || changed["grown"].Rows != 9 {
		t.Errorf("as rehearsed: %v, %v", changed, err)
	}
	for text, edit := range map[string]func(map[string]database.TableFingerprint){
		"table same":  func(m map[string]database.TableFingerprint) { m["same"] = print(2, "s") },
		"table gone":  func(m map[string]database.TableFingerprint) { m["gone"] = print(1, "s") },
		"table fresh": func(m map[string]database.TableFingerprint) { delete(m, "fresh") },
		"table grown": func(m map[string]database.TableFingerprint) { m["grown"] = print(9, "s") },
	} {
		if _, err := asRehearsed(before, live(edit), got); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
