package upgrade

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/registry"
	"bunnyhop/steps/facts"
)

// shelf is an npm registry of a few packages.
type shelf map[string]*registry.Package

func (s shelf) Package(_ context.Context, name string) (*registry.Package, error) {
	switch p, ok := s[name]; {
	case name == "down":
		return nil, fault.Wrap(&registry.DownError{Registry: "https://npm.example"}, "", "")
	case name == "private":
		return nil, fault.Wrap(&registry.DeniedError{Registry: "https://npm.example"}, "", "")
	case !ok:
		return nil, fault.Wrap(&registry.NotFoundError{Package: name}, "", "")
	default:
		return p, nil
	}
}

func packageOf(hosts map[string]string) *registry.Package {
	p := &registry.Package{Versions: map[string]registry.Version{}}
	for version, host := range hosts {
		p.Versions[version] = registry.Version{Version: version, Extension: registry.Extension{Host: host}}
	}
	return p
}

func TestNewestThatFits(t *testing.T) {
	stale := packageOf(map[string]string{"1.0.0": "^11.0.0"})
	stale.Stale, stale.Fetched = true, time.Date(2026, 1, 2, 12, 0, 0, 0, time.Local)
	withdrawn := packageOf(map[string]string{"1.0.0": "^10.0.0", "1.1.0": "^11.0.0"})
	withdrawn.Versions["1.1.0"] = registry.Version{Version: "1.1.0", Deprecated: "broken", Extension: registry.Extension{Host: "^11.0.0"}}
	npm := shelf{
		"several":   packageOf(map[string]string{"1.9.0": "^10.0.0", "1.10.0": "^10.0.0 || ^11.0.0", "2.0.0": "^12.0.0", "3.0.0-rc.1": "^11.0.0"}),
		"old":       packageOf(map[string]string{"1.0.0": "^9.0.0", "1.9.0": "^9.10.0"}),
		"silent":    packageOf(map[string]string{"1.0.0": ""}),
		"stale":     stale,
		"withdrawn": withdrawn,
	}
	for name, want := range map[string]facts.CheckedExtension{
		"several":   {Newest: "1.10.0", NewestHost: "^10.0.0 || ^11.0.0"},
		"old":       {NewestWhy: "none in the npm registry is made for 11.17.4; the newest, 1.9.0, is for ^9.10.0"},
		"silent":    {NewestWhy: "cannot be told: its versions in the npm registry do not say for which Directus they are made"},
		"stale":     {Newest: "1.0.0", NewestHost: "^11.0.0", NewestWhy: "as of 2026-01-02 (the npm registry does not answer)"},
		"withdrawn": {NewestWhy: "none in the npm registry is made for 11.17.4; the newest, 1.0.0, is for ^10.0.0"},
		"nobody":    {NewestWhy: "the npm registry has no package of this name"},
		"down":      {NewestWhy: "cannot be told: the npm registry does not answer"},
		"private":   {NewestWhy: "cannot be told: the npm registry does not show it to this user"},
	} {
		got := facts.CheckedExtension{}
		got.Name = name
		askNewest(t.Context(), npm, "11.17.4", &got)
		want.Name = name
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestNewestOfARealExtension asks the registry that npm's configuration names.
func TestNewestOfARealExtension(t *testing.T) {
	config, err := registry.LoadConfig("", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	client := registry.New(config, t.TempDir())
	sync := facts.CheckedExtension{Extension: facts.Extension{Name: "directus-extension-sync"}}
	askNewest(t.Context(), client, "11.17.4", &sync)
	if sync.Newest == "" || !strings.Contains(sync.NewestHost, "11") {
		t.Errorf("directus-extension-sync for 11.17.4: %+v", sync)
	}
	ours := facts.CheckedExtension{Extension: facts.Extension{Name: "directus-extension-of-nobody-at-all"}}
	askNewest(t.Context(), client, "11.17.4", &ours)
	if !strings.Contains(ours.NewestWhy, "no package of this name") {
		t.Errorf("one of nobody: %+v", ours)
	}
}

func TestGoneExtensions(t *testing.T) {
	were := []facts.CheckedExtension{
		{Extension: facts.Extension{Name: "there", Version: "1.0.0"}},
		{Extension: facts.Extension{Name: "lost", Version: "1.2.0"}},
		{Extension: facts.Extension{Name: "off-now", Version: "2.0.0"}},
		{Extension: facts.Extension{Name: "row-only", Version: "3.0.0"}},
		{Extension: facts.Extension{Name: "bundle", Version: "4.0.0", Entries: []string{"hook tick", "panel face", "module off"}}, PartsOff: []string{"off"}},
	}
	are := states([]directus.LoadedExtension{
		{Name: "there", Found: true, Enabled: true},
		{Name: "off-now", Found: true},
		{Name: "row-only", Enabled: true},
		{Name: "new", Found: true, Enabled: true},
		{Name: "bundle", Found: true, Enabled: true},
		{Name: "tick", Found: true, Enabled: true},
		{Name: "off", Found: true},
	})
	var got []string
	for _, g := range goneExtensions(were, are) {
		got = append(got, g.String())
	}
	want := []string{
		"extension lost 1.2.0 is not loaded", "extension off-now 2.0.0 is not enabled", "extension row-only 3.0.0 is not loaded",
		"extension bundle 4.0.0 is loaded, but its part face is not loaded",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLoadedBefore: what the old version does not load cannot get lost.
func TestLoadedBefore(t *testing.T) {
	extension := func(name, folder, problem string) facts.CheckedExtension {
		return facts.CheckedExtension{Extension: facts.Extension{Name: name, Folder: folder, Source: "local", Problem: problem}}
	}
	typed := extension("typed", "hooks/typed", "lies in a folder by type, which Directus ignores from 10.10 on: move it up one level and give it a package.json")
	good, off := extension("good", "good", ""), extension("off", "off", "")
	off.Off = true
	torn := extension("torn", "torn", "its package.json is not valid JSON, so that Directus passes it over")
	wrong := extension("wrong", "wrong", "its package.json lacks host; while it is there, no extension loads at all")
	for name, c := range map[string]struct {
		version string
		all     []facts.CheckedExtension
		want    []string
	}{
		"from 10.10 on": {"10.13.4", []facts.CheckedExtension{good, typed, off, torn}, []string{"good"}},
		"up to 10.9":    {"10.8.3", []facts.CheckedExtension{good, typed, off, torn}, []string{"good", "typed"}},
		"none loads":    {"10.13.4", []facts.CheckedExtension{good, wrong}, nil},
	} {
		var got []string
		for _, e := range loadedBy(c.version, c.all) {
			got = append(got, e.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTimesOfMigrations(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	pending := []directus.Migration{{ID: "1A", Title: "One"}, {ID: "2A", Title: "Two"}, {ID: "3A", Title: "Three"}}
	log := &timed{}
	log.begin("One", at)
	log.begin("Two", at.Add(1500*time.Millisecond))
	log.begin("Another", at.Add(2*time.Second))
	got := log.each(pending, at.Add(4*time.Second))
	if diff := cmp.Diff(map[string]float64{"1A": 1.5, "2A": 0.5}, got); diff != "" {
		t.Error(diff)
	}
	if short := log.each(pending[:2], at); short != nil {
		t.Errorf("of another number of migrations: %v", short)
	}
}

// TestPendingMigrationInJSON: the fields of the migration stand beside those of
// how long it takes.
func TestPendingMigrationInJSON(t *testing.T) {
	raw, err := json.Marshal(facts.PendingMigration{Migration: directus.Migration{ID: "1A", Name: "one", Title: "One"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"id":"1A","name":"one","title":"One","estimate":{"rows":0,"seconds":0}}`; string(raw) != want {
		t.Errorf("%s", raw)
	}
}
