package schemaapply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/apply"
	"bunnyhop/internal/schema/snapshot"
)

// more is a data model with n more tables.
func more(s *snapshot.Snapshot, n int) *snapshot.Snapshot {
	w := *s
	w.Collections, w.Fields = slices.Clone(s.Collections), slices.Clone(s.Fields)
	for i := range n {
		name := fmt.Sprintf("more_%d", i)
		w.Collections = append(w.Collections, snapshot.Collection{Collection: name, Meta: snapshot.Object{"collection": name}, Schema: snapshot.Object{"name": name}})
		w.Fields = append(w.Fields, schemaField(name, "id", "integer", nil, snapshot.Object{"is_primary_key": true, "has_auto_increment": true}))
	}
	return &w
}

// unlimited does not tell of the licence, as a token that may not read it.
type unlimited struct{ *schemaServer }

func (unlimited) CollectionLimit(context.Context) (int, error) { return 0, errors.New("not told") }

// TestSchemaApplyLimits meets the limits of a real 12.4.0.
func TestSchemaApplyLimits(t *testing.T) {
	s := serveSchema(t, "12.4.0", database.SQLite, map[string]any{"IMPORT_MAX_FILE_SIZE": "200kb"})
	current := s.snapshot(t)
	wanted := more(current, 11)
	_, err := apply.Apply(t.Context(), s, current, between(t, current, wanted), progress.Discard)
	said(t, err, "allows 25 collections; it has 15, and 11 more were accepted", "nothing was changed", fault.Blocked)
	// And where the licence is not told, the server's own no is explained.
	_, err = apply.Apply(t.Context(), unlimited{s}, current, between(t, current, wanted), progress.Discard)
	said(t, err, "403 LIMIT_EXCEEDED", "read again: nothing was changed", fault.Blocked)
	wanted = more(current, 10)
	converge(t, s, current, wanted)
	current = s.snapshot(t)
	noted := edits(current)
	noted.Fields, noted.Relations = current.Fields, current.Relations
	noted.Collections = noted.Collections[:len(current.Collections)]
	_, err = apply.Apply(t.Context(), unlimited{s}, current, between(t, current, noted), progress.Discard)
	said(t, err, "403 LIMIT_EXCEEDED", "read again: nothing was changed", fault.Blocked)
	_, err = apply.Apply(t.Context(), s, current, between(t, current, noted), progress.Discard)
	said(t, err, "Directus then refuses to edit one", "nothing was changed", fault.Blocked)

	large := *current
	large.Fields = slices.Clone(current.Fields)
	large.Fields = append(large.Fields, schemaField("articles", "large", "string", snapshot.Object{"note": strings.Repeat("x", 300_000)}, nil))
	_, err = apply.Apply(t.Context(), s, current, between(t, current, &large), progress.Discard)
	said(t, err, "413", "", fault.Failed)
	if !strings.Contains(fault.HintOf(err), "IMPORT_MAX_FILE_SIZE of the server above 0.") {
		t.Errorf("hint %q", fault.HintOf(err))
	}

	nobody := directus.NewClient(s.base, "no-such-token")
	if _, err := apply.Apply(t.Context(), nobody, current, nil, progress.Discard); err == nil {
		t.Error("a wrong token is taken")
	}
}

// TestSchemaApplyPartly: on MariaDB, what was done before a failure stays, and
// is said.
func TestSchemaApplyPartly(t *testing.T) {
	for _, vendor := range []database.Vendor{database.MySQL, database.Postgres} {
		s := serveSchema(t, "12.4.0", vendor, nil)
		s.project.Exec("UPDATE tags SET colour = 'same'")
		current := s.snapshot(t)
		wanted := more(current, 1)
		for i, f := range wanted.Fields {
			if f.Collection == "tags" && f.Field == "colour" {
				f.Schema = cloned(f.Schema)
				f.Schema["is_unique"] = true
				wanted.Fields[i] = f
			}
		}
		outcome, err := apply.Apply(t.Context(), s, current, between(t, current, wanted), progress.Discard)
		if vendor == database.Postgres {
			said(t, err, "RECORD_NOT_UNIQUE", "read again: nothing was changed", fault.Failed)
			continue
		}
		said(t, err, "RECORD_NOT_UNIQUE", "read again: a part was changed: create collection more_0, create field more_0.id", fault.NeedsPerson)
		if outcome == nil || len(outcome.Left) == 0 || len(outcome.Unexpected) > 0 {
			t.Errorf("%+v", outcome)
		}
	}
}

func cloned(o snapshot.Object) snapshot.Object {
	c := snapshot.Object{}
	for key, value := range o {
		c[key] = value
	}
	return c
}

func said(t *testing.T, err error, what, state string, code fault.Code) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), what) || state != "" && fault.StateOf(err) != state || fault.CodeOf(err) != code || fault.HintOf(err) == "" {
		t.Errorf("%v\nstate %q, code %d, hint %q", err, fault.StateOf(err), fault.CodeOf(err), fault.HintOf(err))
	}
}
