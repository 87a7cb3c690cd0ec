package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/fault"
	"bunnyhop/steps/model"
	"bunnyhop/steps/testbed"
)

// promotions are the README's commands about data models, in an order in which
// they make one story.
var promotions = []chapter{
	{run: "bunnyhop diff /srv/blog /srv/blog", says: "0 differences"},
	{command: "bunnyhop diff /srv/staging /srv/blog", code: fault.Differs, says: "~ title · meta.note", then: (*story).unchanged},
	{command: "bunnyhop diff schema.yaml /srv/blog --mode mirror --json", code: fault.Differs, says: `"field articles.legacy_id"`},
	{command: "bunnyhop diff /srv/staging /srv/blog --report review.html", code: fault.Differs, says: "~ title · meta.note"},
	{command: "bunnyhop promote /srv/staging /srv/blog", code: fault.Unanswered, says: "--accept", then: (*story).unchanged},
	{run: "bunnyhop promote /srv/staging /srv/blog --dry-run --yes", says: "[accepted]", then: (*story).unchanged},
	{command: "bunnyhop promote schema.yaml /srv/blog --accept safe --accept articles", says: "2 of 2 differences were accepted and applied", then: (*story).promoted},
	{run: "bunnyhop diff /srv/staging /srv/blog", code: fault.Differs, says: `1 outside of the mode "merge"`},
	{run: "bunnyhop promote /srv/staging /srv/blog --mode mirror --accept all", says: "Nothing was accepted, and nothing was changed.", then: (*story).holdsLegacy},
	{
		command: "bunnyhop promote /srv/staging /srv/blog --mode mirror --accept all --accept-loss articles.legacy_id",
		says:    "1 of 1 differences were accepted and applied", then: (*story).dropped,
	},
	{run: "bunnyhop diff /srv/staging /srv/blog --mode mirror", says: "0 differences"},
	{run: "bunnyhop restore ID --project /srv/blog --confirm blog", says: "Restored", then: (*story).holdsLegacy},
	{command: "bunnyhop promote --undo RUN /srv/blog --yes", says: "1 of 2 differences were accepted and applied"},
}

// promotion is what the story of two data models knows.
type promotion struct {
	staging, snapshot string
	run               string // the first promotion
	legacy            [][]string
}

// TestReadmePromotion runs the README's commands about data models on real
// projects.
func TestReadmePromotion(t *testing.T) {
	t.Parallel()
	p, staging := testbed.Apart(t), testbed.Apart(t)
	p.Exec(`ALTER TABLE articles ADD COLUMN legacy_id integer`, `UPDATE articles SET legacy_id = id`,
		`INSERT INTO directus_fields (collection, field, interface) VALUES ('articles', 'legacy_id', 'input')`)
	staging.Exec(`ALTER TABLE articles ADD COLUMN subtitle varchar(120)`,
		`INSERT INTO directus_fields (collection, field, interface) VALUES ('articles', 'subtitle', 'input')`,
		`UPDATE directus_fields SET note = 'As it is printed' WHERE collection = 'articles' AND field = 'title'`)
	p.Serve()
	s := &story{Project: p, t: t, program: install(t), name: filepath.Base(p.Root), before: p.Fingerprint()}
	s.promotion = promotion{staging: staging.Root, snapshot: filepath.Join(t.TempDir(), "schema.yaml"), legacy: p.Rows(legacyRows)}
	read, err := model.ReadDatabase(t.Context(), staging.Config(), staging.Database(), "10.13.4")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(read) // which is YAML, too
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.snapshot, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range promotions {
		s.tell(c)
	}
}

const legacyRows = `SELECT id, legacy_id FROM articles ORDER BY id`

var (
	undoCommand = regexp.MustCompile(`bunnyhop promote --undo (\S+)`)
	nextRestore = regexp.MustCompile(`bunnyhop restore (\S+)`)
)

func (s *story) promoted(out string) {
	s.t.Helper()
	s.run = s.named(undoCommand, out)
	if got := s.Rows(`SELECT note FROM directus_fields WHERE collection = 'articles' AND field = 'title'`); got[0][0] != "As it is printed" {
		s.t.Errorf("the note is %q", got)
	}
	s.holdsLegacy(out)
}

// dropped takes the ID of the backup that has the values.
func (s *story) dropped(out string) {
	s.t.Helper()
	s.backup = s.named(nextRestore, out)
	if got := s.Rows(`SELECT count(*) FROM pragma_table_info('articles') WHERE name = 'legacy_id'`); got[0][0] != "0" {
		s.t.Error("the column is still there")
	}
}

// holdsLegacy checks that no value was lost.
func (s *story) holdsLegacy(string) {
	s.t.Helper()
	if diff := cmp.Diff(s.legacy, s.Rows(legacyRows)); diff != "" {
		s.t.Errorf("values (-before +now)\n%s", diff)
	}
}
