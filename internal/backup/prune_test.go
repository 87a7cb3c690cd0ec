package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bunnyhop/internal/fault"
)

const day = 24 * time.Hour

var today = time.Date(2026, 9, 2, 12, 0, 0, 0, time.UTC)

// old describes a full backup of Directus 10 that is so many days old.
func old(id string, days int, change ...func(*Manifest)) *Manifest {
	m := &Manifest{
		ID: id, Dir: "/backups/" + id, Kind: Full, Created: today.Add(-time.Duration(days) * day),
		Root: "/srv/blog", Directus: "10.13.4", Run: id,
	}
	for _, apply := range change {
		apply(m)
	}
	return m
}

func proved(m *Manifest) { m.Verified = &Verification{Tables: 1} }
func final(m *Manifest)  { m.Kind = Final }
func other(m *Manifest)  { m.Root = "/srv/shop" }
func eleven(m *Manifest) { m.Directus = "11.17.4" }

func damaged(m *Manifest) {
	*m = Manifest{ID: m.ID, Dir: m.Dir, Created: m.Created, Damaged: errors.New("it does not match its digest")}
}

func alien(m *Manifest) {
	*m = Manifest{ID: m.ID, Dir: m.Dir, Created: m.Created, Damaged: fmt.Errorf("reading: %w", fs.ErrNotExist)}
}

func partial(m *Manifest) {
	*m = Manifest{ID: m.ID, Dir: m.Dir + partialSuffix, Created: m.Created, Partial: true}
}

func removing(m *Manifest) {
	*m = Manifest{ID: m.ID, Dir: m.Dir + removingSuffix, Created: m.Created, Partial: true, Removing: true}
}

// told writes verdicts as "remove: why" by the folder's name.
func told(verdicts []Verdict) map[string]string {
	words := map[string]string{}
	for _, v := range verdicts {
		word := "keep"
		switch {
		case v.Remove:
			word = "remove"
		case v.Held:
			word = "hold"
		}
		words[v.Backup.folder()] = word + ": " + v.Why
	}
	return words
}

func TestPrunable(t *testing.T) {
	blog := Claims{Root: "/srv/blog", Installed: "10.13.4"}
	five := []*Manifest{old("a", 1), old("b", 2), old("c", 10), old("d", 40), old("e", 400)}
	for name, c := range map[string]struct {
		all    []*Manifest
		keep   Retention
		claims Claims
		want   map[string]string
	}{
		"no limit": {five, Retention{}, blog, map[string]string{
			"a": "hold: the newest one", "b": "keep: no limit is set", "c": "keep: no limit is set", "d": "keep: no limit is set", "e": "keep: no limit is set",
		}},
		"by count": {five, Retention{Keep: 3}, blog, map[string]string{
			"a": "hold: the newest one", "b": "keep: within the limits", "c": "keep: within the limits",
			"d": "remove: not among the newest 3", "e": "remove: not among the newest 3",
		}},
		"by age": {five, Retention{Age: 30 * day}, blog, map[string]string{
			"a": "hold: the newest one", "b": "keep: within the limits", "c": "keep: within the limits",
			"d": "remove: older than 30 days", "e": "remove: older than 30 days",
		}},
		"beyond either": {five, Retention{Keep: 4, Age: 5 * day}, blog, map[string]string{
			"a": "hold: the newest one", "b": "keep: within the limits", "c": "remove: older than 5 days",
			"d": "remove: older than 5 days", "e": "remove: not among the newest 4",
		}},
		"exactly as old": {[]*Manifest{old("a", 1), old("b", 30)}, Retention{Age: 30 * day}, blog, map[string]string{
			"a": "hold: the newest one", "b": "keep: within the limits",
		}},
		"all too old": {[]*Manifest{old("d", 40), old("e", 400)}, Retention{Age: 36 * time.Hour}, blog, map[string]string{
			"d": "hold: the newest one", "e": "remove: older than 36 hours",
		}},
		"from the future": {[]*Manifest{old("a", 0), old("b", -3)}, Retention{Age: day}, blog, map[string]string{
			"b": "hold: the newest one", "a": "keep: within the limits",
		}},
		// BK9: the only verified one of the installed version.
		"the only proved one": {[]*Manifest{old("a", 1), old("b", 2, proved, eleven), old("c", 3, proved), old("d", 4, proved)}, Retention{Keep: 1}, blog, map[string]string{
			"a": "hold: the newest one", "b": "remove: not among the newest 1",
			"c": "hold: the newest proved one of 10.13.4, which is installed", "d": "remove: not among the newest 1",
		}},
		"none of the installed version": {[]*Manifest{old("a", 1), old("b", 2, proved, eleven), old("c", 3, proved, eleven)}, Retention{Keep: 1}, blog, map[string]string{
			"a": "hold: the newest one", "b": "hold: the newest proved one", "c": "remove: not among the newest 1",
		}},
		"unknown installed version": {[]*Manifest{old("a", 1), old("b", 2, proved, eleven), old("c", 3, proved), old("d", 4, proved)}, Retention{Keep: 1}, Claims{Root: "/srv/blog"}, map[string]string{
			"a": "hold: the newest one", "b": "hold: the newest proved one", "c": "hold: the newest proved one of 10.13.4", "d": "remove: not among the newest 1",
		}},
		"the newest is no full one": {[]*Manifest{old("a", 1, final), old("b", 2, final), old("c", 3), old("d", 4)}, Retention{Keep: 1}, blog, map[string]string{
			"a": "hold: the newest one", "b": "remove: not among the newest 1", "c": "hold: the newest full one", "d": "remove: not among the newest 1",
		}},
		"needed by a rollback": {[]*Manifest{old("a", 1), old("b", 2), old("c-final", 300, final)}, Retention{Keep: 1}, Claims{
			Root: "/srv/blog", Installed: "10.13.4", Needed: map[string]string{"c-final": "`bunnyhop rollback` needs it"},
		}, map[string]string{"a": "hold: the newest one", "b": "remove: not among the newest 1", "c-final": "hold: `bunnyhop rollback` needs it"}},
		"an unfinished run": {[]*Manifest{old("a", 1), old("b", 2), old("run-x", 300), old("run-x-final", 290, partial), old("run-xy", 280)}, Retention{Keep: 1}, Claims{
			Root: "/srv/blog", Installed: "10.13.4", Open: "run-x", OpenFlow: "upgrade", Ended: []string{"run-xy"},
		}, map[string]string{
			"a": "hold: the newest one", "b": "remove: not among the newest 1", "run-x": "hold: the unfinished upgrade uses it",
			"run-x-final.partial": "hold: the unfinished upgrade uses it", "run-xy": "remove: not among the newest 1",
		}},
		"leftovers": {[]*Manifest{old("a", 1), old("run-1", 0, partial), old("run-1-final", 2, partial), old("run-12", 3, partial), old("z", 5, removing)}, Retention{Keep: 9}, Claims{
			Root: "/srv/blog", Installed: "10.13.4", Ended: []string{"run-1"},
		}, map[string]string{
			"a": "hold: the newest one", "run-1.partial": "remove: left unfinished by a run that ended", "run-1-final.partial": "remove: left unfinished by a run that ended",
			"run-12.partial": "keep: unfinished, by no run that is known here; it goes only when it is named", "z.removing": "remove: its removal was begun",
		}},
		"leftovers without a limit": {[]*Manifest{old("run-1", 0, partial), old("z", 5, removing)}, Retention{}, Claims{Root: "/srv/blog", Ended: []string{"run-1", "z"}}, map[string]string{
			"run-1.partial": "keep: left unfinished; any limit removes it", "z.removing": "remove: its removal was begun",
		}},
		"damaged": {[]*Manifest{old("x", 0, damaged), old("a", 1), old("y", 400, damaged), old("photos", 500, alien)}, Retention{Keep: 1, Age: day}, blog, map[string]string{
			"x": "keep: its manifest cannot be read; it goes only when it is named", "a": "hold: the newest one",
			"y": "keep: its manifest cannot be read; it goes only when it is named", "photos": "hold: not a backup",
		}},
		"a folder for two projects": {[]*Manifest{old("s", 0, other, proved), old("a", 1), old("t", 2, other), old("b", 3)}, Retention{Keep: 2}, blog, map[string]string{
			"s": "hold: of another project, /srv/shop", "a": "hold: the newest one", "t": "hold: of another project, /srv/shop", "b": "keep: within the limits",
		}},
		"nothing": {nil, Retention{Keep: 1}, blog, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, told(Prunable(c.all, c.keep, c.claims, today))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNamed(t *testing.T) {
	all := []*Manifest{
		old("a", 1), old("b", 2), old("c", 3), old("x", 4, damaged), old("b", 5, partial), old("p", 6, partial),
		old("photos", 7, alien), old("s", 8, other), old("z", 9, removing),
	}
	claims := Claims{Root: "/srv/blog", Installed: "10.13.4", Needed: map[string]string{"c": "`bunnyhop rollback` needs it"}}
	for name, c := range map[string]struct {
		names []string
		goes  []string
		fails string
		code  fault.Code
	}{
		"one":                       {names: []string{"b"}, goes: []string{"b", "z.removing"}},
		"twice the same":            {names: []string{"b", "b"}, goes: []string{"b", "z.removing"}},
		"damaged":                   {names: []string{"x", "b"}, goes: []string{"b", "x", "z.removing"}},
		"unfinished":                {names: []string{"p"}, goes: []string{"p.partial", "z.removing"}},
		"unfinished, by its folder": {names: []string{"b.partial"}, goes: []string{"b.partial", "z.removing"}},
		"the newest":                {names: []string{"b", "a"}, fails: "a is not removed: the newest one", code: fault.Blocked},
		"needed":                    {names: []string{"c"}, fails: "c is not removed: `bunnyhop rollback` needs it", code: fault.Blocked},
		"of another project":        {names: []string{"s"}, fails: "of another project, /srv/shop", code: fault.Blocked},
		"no backup at all":          {names: []string{"photos"}, fails: "not a backup", code: fault.Blocked},
		"nobody":                    {names: []string{"b", "nobody"}, fails: `there is no backup "nobody"`, code: fault.Usage},
		"the folder above":          {names: []string{".."}, fails: "there is no backup", code: fault.Usage},
	} {
		t.Run(name, func(t *testing.T) {
			verdicts, err := Named(all, c.names, claims)
			if c.fails != "" {
				contains(t, err, c.fails)
				if fault.CodeOf(err) != c.code {
					t.Errorf("code %d, want %d", fault.CodeOf(err), c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var goes []string
			for _, v := range verdicts {
				if v.Remove {
					goes = append(goes, v.Backup.folder())
				}
			}
			slices.Sort(goes)
			if diff := cmp.Diff(c.goes, goes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPrunableProperties is about whatever is in a folder, and whatever the
// limits are.
func TestPrunableProperties(t *testing.T) {
	kinds := []func(*Manifest){
		func(*Manifest) {}, proved, final, other, eleven, damaged, alien, partial, removing,
		func(m *Manifest) { proved(m); eleven(m) }, func(m *Manifest) { proved(m); other(m) },
	}
	rapid.Check(t, func(t *rapid.T) {
		var all []*Manifest
		claims := Claims{
			Root: "/srv/blog", Installed: rapid.SampledFrom([]string{"", "10.13.4", "11.17.4", "12.4.0"}).Draw(t, "installed"),
			Needed: map[string]string{"run-3": "needed"}, Open: "run-4", OpenFlow: "upgrade", Ended: []string{"run-1", "run-2", "run-5"},
		}
		for i := range rapid.IntRange(0, 12).Draw(t, "backups") {
			all = append(all, old(fmt.Sprintf("run-%d", i), rapid.IntRange(-1, 60).Draw(t, "days"), rapid.SampledFrom(kinds).Draw(t, "kind")))
		}
		keep := Retention{
			Keep: rapid.IntRange(0, 8).Draw(t, "keep"), Age: time.Duration(rapid.IntRange(0, 50).Draw(t, "age")) * day,
		}
		verdicts := Prunable(all, keep, claims, today)
		if len(verdicts) != len(all) {
			t.Fatalf("%d verdicts for %d backups", len(verdicts), len(all))
		}
		var stay []*Manifest
		var newest, full, provedOne *Manifest
		for i, v := range verdicts {
			m := v.Backup
			if i > 0 && m.Created.After(verdicts[i-1].Backup.Created) {
				t.Error("not newest first")
			}
			if v.Why == "" || v.Remove && v.Held {
				t.Errorf("verdict %+v", v)
			}
			if !v.Remove {
				stay = append(stay, m)
			}
			whole := !m.Partial && m.Damaged == nil && m.Root == claims.Root
			if whole && newest == nil {
				newest = m
			}
			if whole && m.Kind == Full && full == nil {
				full = m
			}
			if whole && m.Verified != nil && (provedOne == nil || provedOne.Directus != claims.Installed && m.Directus == claims.Installed) {
				provedOne = m
			}
			if v.Remove && (m.Damaged != nil || m.Root == "/srv/shop" || !m.Removing && (m.ID == "run-4" || !m.Partial && m.ID == "run-3")) {
				t.Errorf("%s goes: %s", m.folder(), v.Why)
			}
			if v.Remove && !m.Removing && keep.None() {
				t.Errorf("%s goes without a limit", m.folder())
			}
		}
		for what, m := range map[string]*Manifest{"newest": newest, "newest full": full, "newest proved": provedOne} {
			if m != nil && !slices.Contains(stay, m) {
				t.Errorf("the %s one goes", what)
			}
		}
		for _, v := range Prunable(stay, keep, claims, today) {
			if v.Remove {
				t.Errorf("%s goes only the second time: %s", v.Backup.ID, v.Why)
			}
		}
		wider := Retention{Keep: keep.Keep + 1, Age: keep.Age + day}
		if keep.Keep > 0 && keep.Age > 0 {
			for i, v := range Prunable(all, wider, claims, today) {
				if v.Remove && !verdicts[i].Remove {
					t.Errorf("%s goes by wider limits only: %s", v.Backup.ID, v.Why)
				}
			}
		}
	})
}

func TestRetentionText(t *testing.T) {
	for want, r := range map[string]Retention{
		"all": {}, "the newest 3": {Keep: 3}, "none older than 1 day": {Age: day},
		"the newest 3, none older than 30 days": {Keep: 3, Age: 30 * day}, "none older than 36 hours": {Age: 36 * time.Hour},
	} {
		if got := r.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if strings.Contains(Retention{Keep: 1}.beyond(1, 0), "newest") {
		t.Error("the newest is beyond the newest 1")
	}
}
