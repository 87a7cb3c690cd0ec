package advisory_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/Masterminds/semver/v3"
	_ "github.com/mattn/go-sqlite3" // the databases of trials

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
)

// trial is a small project that a rule is tried on. To try a rule, add trials to
// the list of its release (trialsAny, trials9, trials10, trials11, trials12):
// one with want Applies or CannotTell, and one with DoesNotApply, unless the rule
// is about what lies outside of any project (its Detect is outside). Say only
// what matters:
//
//	{rule: "10.11-webhooks", name: "one is on", want: advisory.Applies,
//		sql:      "CREATE TABLE directus_webhooks (name, status); INSERT INTO directus_webhooks VALUES ('Rebuild', 'active')",
//		evidence: "Rebuild"},
//	{rule: "10.11-webhooks", name: "no table", want: advisory.DoesNotApply},
//
// The project is a folder with the files, and an SQLite database with the tables
// that sql makes (types are not needed); there are no other tables. Files below
// extensions/ are the project's extensions, those at the top Input.Files, and
// .env or a file named config is Input.ConfigFile. The jump is from the
// release before the rule's to the rule's own, unless from and to say another;
// the pending migrations are those of the catalogue between the two.
type trial struct {
	rule, name string
	want       advisory.Outcome
	from, to   string
	sql        string
	env        config
	files      map[string]string
	input      func(*advisory.Input) // changes what cannot be said otherwise
	// evidence and look are parts of what is expected, "" for any.
	evidence, look string
}

// manifest is the package.json of an extension of a type.
func manifest(name, kind string) string {
	return `{"name":"` + name + `","version":"1.0.0","directus:extension":{"type":"` + kind + `","path":"dist/index.js","source":"src/index.js","host":"*"}}`
}

// extensionFiles makes the files of an extension "mine" of a type with one source.
func extensionFiles(kind, code string) map[string]string {
	return map[string]string{"extensions/mine/package.json": manifest("mine", kind), "extensions/mine/dist/index.js": code}
}

// trialDB is a trial's database.
type trialDB struct{ *sql.DB }

func (d trialDB) SQL() *sql.DB { return d.DB }

func (trialDB) Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (d trialDB) Tables(ctx context.Context) ([]string, error) {
	rows, err := d.QueryContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// project makes the trial's project.
func (c trial) project(t *testing.T, rule advisory.Rule) advisory.Input {
	t.Helper()
	root := t.TempDir()
	in := advisory.Input{
		From: c.from, To: c.to, Vendor: "sqlite", Config: c.env, Root: root,
		ExtensionsPath: filepath.Join(root, "extensions"), Files: map[string]string{},
	}
	in.From, in.To = or(c.from, before(rule.Version)), or(c.to, or(rule.Version, "12.4.0"))
	for name, text := range c.files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if base, _, _ := strings.Cut(name, "."); name == ".env" || base == "config" {
			in.ConfigFile = path
		} else if !strings.Contains(name, "/") {
			in.Files[name] = text
		}
	}
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), c.sql); err != nil {
		t.Fatalf("%s, %s: %v", c.rule, c.name, err)
	}
	in.DB = trialDB{db}
	if in.Extensions, err = directus.ListExtensions(in.ExtensionsPath, root); err != nil {
		t.Fatal(err)
	}
	var recorded []string
	from := semver.MustParse(in.From)
	for _, m := range directus.Catalogue() {
		if !semver.MustParse(m.FirstIn).GreaterThan(from) {
			recorded = append(recorded, m.ID)
		}
	}
	if in.Pending, err = advisory.PendingFor(in.To, nil, recorded); err != nil {
		t.Fatal(err)
	}
	if c.input != nil {
		c.input(&in)
	}
	return in
}

// before is a version just below another.
func before(version string) string {
	if version == "" {
		return "9.0.1"
	}
	v := semver.MustParse(version)
	switch {
	case v.Patch() > 0:
		return semver.New(v.Major(), v.Minor(), v.Patch()-1, "", "").String()
	case v.Minor() > 0:
		return semver.New(v.Major(), v.Minor()-1, 99, "", "").String()
	}
	return semver.New(v.Major()-1, 99, 0, "", "").String()
}

func allTrials() []trial { return slices.Concat(trialsAny, trials9, trials10, trials11, trials12) }

func TestTrials(t *testing.T) {
	t.Parallel()
	known := map[string]advisory.Rule{}
	for _, rule := range advisory.Rules() {
		known[rule.ID] = rule
	}
	for _, c := range allTrials() {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			rule, exists := known[c.rule]
			if !exists {
				t.Fatal("there is no such rule")
			}
			a, err := advisory.AssessOne(t.Context(), c.rule, c.project(t, rule))
			if err != nil {
				t.Fatal(err)
			}
			evidence := strings.Join(a.Evidence, "\n")
			if a.Outcome != c.want {
				t.Errorf("it %s, want %s (%s)", a.Outcome, c.want, evidence)
			}
			if !says(evidence, c.evidence) {
				t.Errorf("the evidence %q lacks %q", evidence, c.evidence)
			}
			if !strings.Contains(a.Look, c.look) {
				t.Errorf("what to look at, %q, lacks %q", a.Look, c.look)
			}
			checkWords(t, a)
		})
	}
}

// checkWords looks whether an assessment says what its outcome needs.
func checkWords(t *testing.T, a advisory.Assessment) {
	t.Helper()
	f, found := a.Finding()
	switch a.Outcome {
	case advisory.DoesNotApply:
		if a.Why == "" || found {
			t.Errorf("it does not apply for the reason %q, and is a finding: %v", a.Why, found)
		}
	case advisory.CannotTell:
		if !strings.HasPrefix(a.Look, "look whether ") || !f.Uncertain || f.Severity == advisory.Blocker {
			t.Errorf("it cannot be told: %q, %+v", a.Look, f)
		}
	case advisory.Applies:
		if !found || f.Uncertain {
			t.Errorf("it applies: %+v", f)
		}
	}
}

// says reports whether a text has another in it that does not end in the middle
// of a word: "1 row" is not in "1 rows".
func says(text, want string) bool {
	end := ""
	if last, _ := utf8.DecodeLastRuneInString(want); unicode.IsLetter(last) || unicode.IsDigit(last) {
		end = `($|[^\pL\pN])`
	}
	return regexp.MustCompile(regexp.QuoteMeta(want) + end).MatchString(text)
}
