package sample

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestDatabaseIsWhole(t *testing.T) {
	db := open(t, unpacked(t))
	if got := list(t, db, "PRAGMA integrity_check"); len(got) != 1 || got[0] != "ok" {
		t.Errorf("integrity_check: %v", got)
	}
	if got := list(t, db, "PRAGMA foreign_key_check"); len(got) != 0 {
		t.Errorf("foreign_key_check: %v", got)
	}
}

// The numbers here are the documented ones; 80 is what a database of Directus
// 10.13.4 records.
func TestCounts(t *testing.T) {
	db := open(t, unpacked(t))
	got := map[string]int{}
	queries := map[string]string{ //nolint:gosec // "tokens" is the name of a count
		"migrations":               "SELECT count(*) FROM directus_migrations",
		"roles":                    "SELECT count(*) FROM directus_roles",
		"built-in roles":           "SELECT count(*) FROM directus_roles WHERE admin_access",
		"users":                    "SELECT count(*) FROM directus_users WHERE status = 'active'",
		"seats":                    "SELECT count(*) FROM directus_users u JOIN directus_roles r ON r.id = u.role WHERE u.status = 'active' AND (r.admin_access OR r.app_access)",
		"sessions":                 "SELECT count(*) FROM directus_sessions",
		"tokens":                   "SELECT count(*) FROM directus_users WHERE token IS NOT NULL",
		"flows":                    "SELECT count(*) FROM directus_flows",
		"active flows":             "SELECT count(*) FROM directus_flows WHERE status = 'active'",
		"operations":               "SELECT count(*) FROM directus_operations",
		"operations that call out": "SELECT count(*) FROM directus_operations WHERE type NOT IN ('log', 'condition', 'item-read', 'item-update', 'exec')",
		"dashboards":               "SELECT count(*) FROM directus_dashboards",
		"panels":                   "SELECT count(*) FROM directus_panels",
		"files":                    "SELECT count(*) FROM directus_files",
		"folders":                  "SELECT count(*) FROM directus_folders",
		"presets":                  "SELECT count(*) FROM directus_presets",
		"comments":                 "SELECT count(*) FROM directus_activity WHERE action = 'comment'",
		"versions":                 "SELECT count(*) FROM directus_versions",
		"shares":                   "SELECT count(*) FROM directus_shares",
		"extensions":               "SELECT count(*) FROM directus_extensions WHERE enabled",
		"singletons":               "SELECT count(*) FROM directus_collections WHERE singleton",
		"sorted collections":       "SELECT count(*) FROM directus_collections WHERE sort_field IS NOT NULL",
		"table collections":        "SELECT count(*) FROM directus_collections c JOIN sqlite_schema s ON s.name = c.collection AND s.type = 'table'",
		"relations":                "SELECT count(*) FROM directus_relations",
	}
	for name, query := range queries {
		got[name] = number(t, db, query)
	}
	want := map[string]int{
		"migrations": 80, "roles": 4, "built-in roles": 1, "users": 5, "seats": 4, "sessions": 0, "tokens": 0,
		"flows": 3, "active flows": 2, "operations": 7, "operations that call out": 0, "dashboards": 1, "panels": 4, "files": 5, "folders": 2,
		"presets": 4, "comments": 1, "versions": 1, "shares": 1, "extensions": 1,
		"singletons": 1, "sorted collections": 4, "table collections": 15, "relations": 19,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("counts (-want +got):\n" + diff)
	}
	if n := number(t, db, "SELECT count(*) FROM directus_revisions WHERE parent IS NULL AND collection = 'articles'"); n < 60 {
		t.Errorf("%d revisions of articles", n)
	}
	custom := number(t, db, "SELECT count(*) FROM directus_permissions WHERE fields NOT LIKE '%*%' OR permissions IS NOT NULL OR validation IS NOT NULL OR presets IS NOT NULL")
	if plain := number(t, db, "SELECT count(*) FROM directus_permissions") - custom; custom < 10 || plain < 40 {
		t.Errorf("%d permissions with rules of their own, %d plain", custom, plain)
	}
}

func TestItems(t *testing.T) {
	db := open(t, unpacked(t))
	got := map[string]int{}
	for _, name := range list(t, db, "SELECT c.collection FROM directus_collections c JOIN sqlite_schema s ON s.name = c.collection AND s.type = 'table'") {
		got[name] = number(t, db, `SELECT count(*) FROM "`+name+`"`)
	}
	want := map[string]int{
		"articles": 60, "articles_blocks": 73, "articles_tags": 90, "articles_translations": 60, "authors": 12,
		"block_gallery": 8, "block_gallery_files": 17, "block_quote": 25, "block_text": 40, "editions": 12,
		"languages": 6, "letters": 120, "sections": 14, "site": 1, "tags": 24,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("items (-want +got):\n" + diff)
	}
}

func TestRelationKinds(t *testing.T) {
	db := open(t, unpacked(t))
	for kind, query := range map[string]string{
		"many to one":    "SELECT count(*) FROM directus_fields f JOIN directus_relations r ON r.many_collection = f.collection AND r.many_field = f.field WHERE f.special = 'm2o'",
		"one to many":    "SELECT count(*) FROM directus_fields f JOIN directus_relations r ON r.one_collection = f.collection AND r.one_field = f.field WHERE f.special = 'o2m' AND r.junction_field IS NULL",
		"many to many":   "SELECT count(*) FROM directus_fields f JOIN directus_relations r ON r.one_collection = f.collection AND r.one_field = f.field WHERE f.special = 'm2m' AND r.junction_field IS NOT NULL",
		"many to any":    "SELECT count(*) FROM directus_relations WHERE one_collection IS NULL AND one_collection_field = 'collection' AND one_allowed_collections = 'block_text,block_quote,block_gallery'",
		"translations":   "SELECT count(*) FROM directus_fields f JOIN directus_relations r ON r.one_collection = f.collection AND r.one_field = f.field WHERE f.special = 'translations'",
		"files":          "SELECT count(*) FROM directus_fields f JOIN directus_relations r ON r.one_collection = f.collection AND r.one_field = f.field WHERE f.special = 'files'",
		"tree":           "SELECT count(*) FROM directus_relations WHERE many_collection = 'sections' AND one_collection = 'sections' AND one_field = 'children'",
		"tree in use":    "SELECT count(*) FROM sections a JOIN sections b ON b.id = a.parent JOIN sections c ON c.id = b.parent",
		"any in use":     "SELECT count(*) FROM (SELECT DISTINCT collection FROM articles_blocks) HAVING count(*) = 3",
		"to a user":      "SELECT count(*) FROM authors a JOIN directus_users u ON u.id = a.account",
		"to a file":      "SELECT count(*) FROM articles a JOIN directus_files f ON f.id = a.cover",
		"created by one": "SELECT count(*) FROM articles a JOIN directus_users u ON u.id = a.user_created",
	} {
		if number(t, db, query) == 0 {
			t.Errorf("%s: none", kind)
		}
	}
}

func TestHardValues(t *testing.T) {
	db := open(t, unpacked(t))
	if n := number(t, db, "SELECT count(*) FROM articles WHERE length(CAST(body AS BLOB)) > 50 * 1024"); n != 3 {
		t.Errorf("%d long articles", n)
	}
	text := strings.Join(list(t, db, "SELECT title FROM articles UNION ALL SELECT name FROM authors UNION ALL SELECT name FROM tags"), "\n")
	if !utf8.ValidString(text) {
		t.Error("text is not UTF-8")
	}
	for name, part := range map[string]string{
		"joined emoji": "👩‍👩‍👧‍👦", "Arabic": "السفينة", "Hebrew": "ספינה", "Han": "港", "beyond 16 bits": "𠮷", "combining marks": "Cafe\u0301",
		"Devanagari": "जहाज़", "quotes": `"Dart" O\Brien`, "SQL": "'); DROP TABLE", "markup": "<script>", "tab": "one tab\tin",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s", name)
		}
	}
	for name, query := range map[string]string{
		"nulls":        "SELECT count(*) FROM articles WHERE body IS NULL AND section IS NULL AND author IS NULL AND meta IS NULL AND budget IS NULL AND embargo IS NULL",
		"empty text":   "SELECT count(*) FROM articles WHERE summary = ''",
		"big numbers":  "SELECT count(*) FROM articles WHERE views = 9007199254740991",
		"decimals":     "SELECT count(*) FROM articles WHERE budget = -9999999999.99",
		"tiny floats":  "SELECT count(*) FROM articles WHERE minutes = 1e-9",
		"booleans":     "SELECT count(*) FROM letters WHERE approved = 1",
		"JSON":         "SELECT count(*) FROM authors WHERE json_extract(contact, '$.nested.deep[3]') = 'ü'",
		"lists":        "SELECT count(*) FROM articles WHERE keywords LIKE 'harbour,week %,événement'",
		"times of day": "SELECT count(*) FROM editions WHERE deadline = '15:30:00'",
	} {
		if number(t, db, query) == 0 {
			t.Errorf("%s: none", name)
		}
	}
}

// Directus 12 gives no licence grace to a database younger than a day, so
// nothing in the sample may be as young as its making.
func TestDates(t *testing.T) {
	db := open(t, unpacked(t))
	const day = "2024-10-07"
	for table, query := range map[string]string{
		"migrations": "SELECT DISTINCT date(timestamp) FROM directus_migrations",
		"activity":   "SELECT DISTINCT date(timestamp / 1000, 'unixepoch') FROM directus_activity",
		"users":      "SELECT DISTINCT date(last_access / 1000, 'unixepoch') FROM directus_users WHERE last_access IS NOT NULL",
		"articles":   "SELECT DISTINCT date(date_created / 1000, 'unixepoch') FROM articles",
	} {
		if diff := cmp.Diff([]string{day}, list(t, db, query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", table, diff)
		}
	}
}
