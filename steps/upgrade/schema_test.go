package upgrade_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	difference "bunnyhop/internal/schema/compare"
	datamodel "bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/model"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// What the tests do with the changes of the data model that they bring in.
const (
	rejectedID = "field tags.name meta.note"
	blockedID  = "field authors.name schema.max_length"
)

var acceptedIDs = []string{"field articles.subtitle", "field sections.name meta.note", "field tags.name schema.max_length"}

// schemaSource is where a data model is, or nil.
func schemaSource(path string) *model.Source {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return &model.Source{Kind: model.Project, Place: path}
	}
	return &model.Source{Kind: model.Snapshot, Place: path}
}

// modelOf is the data model of a project now, as a version describes it.
func modelOf(t *testing.T, p *testbed.Project, version string) *datamodel.Snapshot {
	t.Helper()
	db := p.Database()
	defer db.Close()
	s, err := model.ReadDatabase(t.Context(), p.Config(), db, version)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// editField changes a field of a data model, on a copy of the field.
func editField(s *datamodel.Snapshot, name string, edit func(*datamodel.Field)) {
	for i, f := range s.Fields {
		if f.Collection+"."+f.Field == name {
			f.Meta, f.Schema = maps.Clone(f.Meta), maps.Clone(f.Schema)
			edit(&f)
			s.Fields[i] = f
		}
	}
}

// wantedModel is a data model with a new field, two other notes, a longer
// column, and one that is shorter than what is in it.
func wantedModel(s *datamodel.Snapshot) *datamodel.Snapshot {
	wanted := *s
	wanted.Fields = slices.Clone(s.Fields)
	editField(&wanted, "sections.name", func(f *datamodel.Field) { f.Meta["note"] = "As readers see it" })
	editField(&wanted, "tags.name", func(f *datamodel.Field) { f.Meta["note"], f.Schema["max_length"] = "Not this one", 120.0 })
	editField(&wanted, "authors.name", func(f *datamodel.Field) { f.Schema["max_length"] = 3.0 })
	for _, f := range s.Fields {
		if f.Collection+"."+f.Field == "articles.title" {
			f.Field, f.Meta, f.Schema = "subtitle", maps.Clone(f.Meta), maps.Clone(f.Schema)
			f.Meta["field"], f.Schema["name"], f.Schema["is_nullable"], f.Schema["default_value"] = "subtitle", "subtitle", true, nil
			wanted.Fields = append(wanted.Fields, f)
		}
	}
	return &wanted
}

// bringIn writes a data model into a file, for upgrades of this test and its
// children.
func bringIn(t *testing.T, s *datamodel.Snapshot) *model.Source {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "wanted.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(childSchema, path)
	return schemaSource(path)
}

// brought accepts all that can be accepted of the data model, but for
// rejectedID, and what is recommended of the rest.
func brought(changes []change.Change) change.Decisions {
	r := change.NewReview(changes, change.Recommended(changes))
	for i, c := range changes {
		if c.Model != nil {
			r.Decide(c.ID != rejectedID, i)
		}
	}
	return r.Decisions()
}

// keysBetween are the changes that would make one model of another.
func keysBetween(t *testing.T, from, to *datamodel.Snapshot) []string {
	t.Helper()
	result, err := difference.Compare(from, to)
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{}
	for _, c := range result.Changes {
		if c.Entity != difference.SystemIndex { // Directus' own migrations make them
			keys = append(keys, c.Key())
		}
	}
	slices.Sort(keys)
	return keys
}

// asDecided proves that the upgraded project has exactly what was accepted,
// and that the rows of all tables are there, unchanged where nothing of them
// was accepted.
func asDecided(t *testing.T, p *testbed.Project, to string, before database.Fingerprint, was *datamodel.Snapshot) {
	t.Helper()
	if version, err := p.Version(); err != nil || version != to {
		t.Fatalf("the server says %q, %v", version, err)
	}
	if diff := cmp.Diff(acceptedIDs, keysBetween(t, was, modelOf(t, p, to))); diff != "" {
		t.Errorf("the data model (-accepted +changed)\n%s", diff)
	}
	now := p.Fingerprint()
	touched := map[string]bool{"articles": true, "tags": true}
	if changed := before.Diff(now, func(table string) bool { return testbed.UserTable(table) && !touched[table] }); len(changed) > 0 {
		t.Errorf("other tables have changed: %v", changed)
	}
	for table := range touched {
		if before.Tables[table].Rows != now.Tables[table].Rows {
			t.Errorf("table %s has %d rows, and had %d", table, now.Tables[table].Rows, before.Tables[table].Rows)
		}
	}
}

// The rows of what was touched, without the column that is new.
const touchedRows = "SELECT id, title, slug, section, views FROM articles ORDER BY id"

// TestUpgradeWithDataModel: what was accepted is there, what was rejected or
// would cut values is not, rows are as they were, and a rollback brings all
// back without asking for a name.
func TestUpgradeWithDataModel(t *testing.T) {
	for vendor, to := range map[database.Vendor]string{database.SQLite: target, database.Postgres: "12.4.0", database.MySQL: "12.4.0"} {
		t.Run(string(vendor), func(t *testing.T) {
			if !testbed.Elsewhere(t) {
				upgradeWithDataModel(t, testbed.NewOn(t, vendor), to)
			}
		})
	}
}

func upgradeWithDataModel(t *testing.T, p *testbed.Project, to string) {
	p.Serve()
	before, was, rows := p.Fingerprint(), modelOf(t, p, to), p.Rows(touchedRows)
	from := bringIn(t, wantedModel(modelOf(t, p, "10.13.4")))
	result, run, gate, order := upgrading(t, p, upgrade.Options{To: to, Schema: from})
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if at := slices.Index(order, "try"); at < 1 || order[at-1] != "review" || order[at+1] != "stop" {
		t.Errorf("the steps were %v", order)
	}
	reviewed(t, gate)
	asDecided(t, p, to, before, was)
	if diff := cmp.Diff(rows, p.Rows(touchedRows)); diff != "" {
		t.Errorf("rows of articles (-before +after)\n%s", diff)
	}
	applied, err := upgrade.Applied.Need(run)
	if err != nil || !slices.Equal(slices.Sorted(slices.Values(applied.Accepted)), acceptedIDs) || applied.Rejected != 2 {
		t.Errorf("recorded is %+v, %v", applied, err)
	}
	seen, err := facts.Verified.Need(run)
	if last := len(seen.Checks) - 1; err != nil || last < 0 || seen.Checks[last] != (facts.Check{Name: "data model", OK: true, Detail: "3 changes brought in, as the server tells"}) {
		t.Errorf("the last look is not at the data model: %+v, %v", seen, err)
	}
	if diff := cmp.Diff(map[string]any{"from": "wanted.json", "accepted": 3, "rejected": 2}, result.Data["data_model"]); diff != "" {
		t.Errorf("the result (-want +got)\n%s", diff)
	}

	result = driveWatched(t, rollback.Flow(options(p), rollback.Options{}), p.Root, func(e steps.Event) {
		if opened, ok := e.(steps.GateOpened); ok && opened.Gate.Destructive {
			t.Errorf("nobody has written since, and yet: %s", opened.Gate.Text)
		}
	})
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	asBefore(t, p, before, "after the rollback")
	if left := keysBetween(t, modelOf(t, p, to), was); len(left) > 0 {
		t.Errorf("the data model of before is not back: %v", left)
	}
}

// upgrading upgrades, and returns the review and the steps in the order in
// which they were done.
func upgrading(t *testing.T, p *testbed.Project, choice upgrade.Options) (result steps.Result, run *steps.Run, gate steps.Gate, order []string) {
	t.Helper()
	engine, err := steps.Start(upgrade.Flow(options(p), choice), p.Root)
	if err != nil {
		t.Fatal(err)
	}
	result = watch(t, engine, func(e steps.Event) {
		switch e := e.(type) {
		case steps.GateOpened:
			if e.Gate.ID == "review" {
				gate = e.Gate
			}
		case steps.StepDone:
			order = append(order, e.Step)
		}
	}, "12.0-custom-permissions", "12.0-seats")
	return result, engine.Run(), gate, order
}

// reviewed looks at what the review showed of the data model.
func reviewed(t *testing.T, gate steps.Gate) {
	t.Helper()
	seen := map[string]change.Change{}
	for _, c := range gate.Changes {
		if c.Model != nil {
			seen[c.ID] = c
		}
	}
	want := slices.Sorted(slices.Values(append([]string{rejectedID, blockedID}, acceptedIDs...)))
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("reviewed (-want +got)\n%s", diff)
	}
	for id, c := range seen {
		if c.Locked != "" || (c.Blocked != "") != (id == blockedID) {
			t.Errorf("%s: locked %q, blocked %q", id, c.Locked, c.Blocked)
		}
	}
	if c := seen["field articles.subtitle"]; c.Group != "articles" {
		t.Errorf("it is in the group %q", c.Group)
	}
}

// TestDataModelOfTheMigrations: what a migration of the project's own does to
// its data model is a change of its table, told once; without one there is
// none.
func TestDataModelOfTheMigrations(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := testbed.New(t)
	p.Write("migrations/20300102A-motto.js", `exports.up = async (knex) => {
	await knex.schema.alterTable('sections', (t) => { t.string('motto', 80); });
	await knex('directus_fields').insert({ collection: 'sections', field: 'motto', interface: 'input', sort: 9 });
};
exports.down = async () => {};
`)
	var gate steps.Gate
	result := driveWatched(t, upToReview(upgrade.Flow(options(p), upgrade.Options{To: target})), p.Root, func(e steps.Event) {
		if opened, ok := e.(steps.GateOpened); ok && opened.Gate.ID == "review" {
			gate = opened.Gate
		}
	})
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	told := []string{}
	for _, c := range gate.Changes {
		if c.Model == nil && !strings.HasPrefix(c.ID, "table:") {
			continue
		}
		told = append(told, c.ID)
		if c.Locked == "" || c.Group != "sections" {
			t.Errorf("%s: locked %q, in %q", c.ID, c.Locked, c.Group)
		}
	}
	if diff := cmp.Diff([]string{"migrated:field sections.motto"}, told); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, n := range gate.Noise {
		t.Logf("noise: %d × %s, such as %v", n.Count, n.Reason, n.Examples)
	}
}

// upToReview is what a dry run does.
func upToReview(f steps.Flow) steps.Flow {
	end := slices.IndexFunc(f.Steps, func(s steps.Step) bool { return s.ID == "review" })
	f.Steps = f.Steps[:end+1]
	return f
}

// TestRefusedOnTheCopy: what Directus cannot make ends the run before anything
// of the project is touched, and the next start asks for the decisions again.
func TestRefusedOnTheCopy(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := testbed.New(t)
	// Nothing in the data model tells of it: only the database knows.
	p.Exec("CREATE TRIGGER no_subtitles BEFORE INSERT ON directus_fields WHEN NEW.field = 'subtitle' BEGIN SELECT RAISE(ABORT, 'no subtitles'); END")
	server := p.Serve()
	before, was := p.Fingerprint(), modelOf(t, p, target)
	wanted := wantedModel(modelOf(t, p, "10.13.4"))
	flow := upgrade.Flow(options(p), upgrade.Options{To: target, Schema: bringIn(t, wanted)})
	var order []string
	result := driveWatched(t, flow, p.Root, func(e steps.Event) {
		if started, ok := e.(steps.StepStarted); ok {
			order = append(order, started.Step)
		}
	})
	if result.Status != steps.Failed || result.Code != fault.Failed || result.Step != "try" || slices.Contains(order, "stop") {
		t.Fatalf("%+v, steps %v", result, order)
	}
	if !strings.Contains(result.Error, "no subtitles") {
		t.Errorf("the error is not the database's: %s", result.Error)
	}
	if !strings.Contains(result.State, "was not stopped") || !strings.Contains(result.Hint, "asks for the decisions again") {
		t.Errorf("state %q, hint %q", result.State, result.Hint)
	}
	if now := p.Fingerprint(); len(before.Diff(now, nil)) > 0 {
		t.Errorf("the project was touched: %v", before.Diff(now, nil))
	}
	if left := keysBetween(t, modelOf(t, p, target), was); len(left) > 0 {
		t.Errorf("the data model was touched: %v", left)
	}
	if version, err := p.Version(); err != nil || version != "10.13.4" {
		t.Errorf("the server (%d) says %q, %v", server.PID, version, err)
	}

	// The next start asks again; with that change rejected it goes through.
	summary, err := steps.Unfinished(p.Root)
	if err != nil || summary == nil {
		t.Fatalf("%v, %v", summary, err)
	}
	engine, err := steps.Resume(upToTry(flow), *summary)
	if err != nil {
		t.Fatal(err)
	}
	asked := ""
	result = watch(t, engine, func(e steps.Event) {
		if opened, ok := e.(steps.GateOpened); ok && opened.Gate.ID == "review" {
			asked = opened.Gate.Text
			answer := steps.Answer{Decisions: brought(opened.Gate.Changes)}
			answer.Decisions["field articles.subtitle"] = false
			if err := engine.Answer("review", answer); err != nil {
				t.Error(err)
			}
		}
	})
	if result.Status != steps.Done || !strings.Contains(asked, "tried on the copy") {
		t.Fatalf("%+v, asked %q", result, asked)
	}
	if tried, err := upgrade.Tried.Need(engine.Run()); err != nil || !slices.Equal(tried.Accepted, []string{acceptedIDs[1], acceptedIDs[2]}) {
		t.Errorf("tried was %+v, %v", tried, err)
	}
}

func upToTry(f steps.Flow) steps.Flow {
	end := slices.IndexFunc(f.Steps, func(s steps.Step) bool { return s.ID == "try" })
	f.Steps = f.Steps[:end+1]
	return f
}

// TestModelChangedMeanwhile: decisions on a data model that somebody has
// changed since are not carried out.
func TestModelChangedMeanwhile(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := testbed.New(t)
	from := bringIn(t, wantedModel(modelOf(t, p, "10.13.4")))
	result := driveWatched(t, upgrade.Flow(options(p), upgrade.Options{To: target, Schema: from}), p.Root, func(e steps.Event) {
		if opened, ok := e.(steps.GateOpened); ok && opened.Gate.ID == "review" {
			p.Exec("UPDATE directus_fields SET note = 'another hand' WHERE collection = 'tags' AND field = 'colour'")
		}
	})
	if result.Status != steps.Failed || result.Step != "try" || !strings.Contains(result.Error, "field tags.colour meta.note") {
		t.Fatalf("%+v", result)
	}
}

// TestRowsWrittenMeanwhile: a value that came after the backup and would be cut
// is not cut: the cutover is undone, and the value is there.
func TestRowsWrittenMeanwhile(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := testbed.New(t)
	p.Serve()
	from := bringIn(t, wantedModel(modelOf(t, p, "10.13.4")))
	var before database.Fingerprint
	result := driveWatched(t, upgrade.Flow(options(p), upgrade.Options{To: target, Schema: from}), p.Root, func(e steps.Event) {
		if opened, ok := e.(steps.GateOpened); ok && opened.Gate.ID == "review" {
			p.Exec("INSERT INTO tags (name) VALUES ('" + strings.Repeat("x", 200) + "')")
			before = p.Fingerprint()
		}
	})
	if result.Status != steps.RolledBack || result.Step != "apply" || !strings.Contains(result.Error, acceptedIDs[2]+" was accepted and cannot be made any more") {
		t.Fatalf("%+v", result)
	}
	asBefore(t, p, before, "after the undo")
	if copies, _ := filepath.Glob(filepath.Join(p.Data, "bunnyhop", "backups", "*", "*-before-rollback")); len(copies) > 0 {
		t.Errorf("nothing was written since, and yet there is %v", copies)
	}
}
