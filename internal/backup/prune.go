package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"bunnyhop/internal/fault"
)

// Retention says which backups are old enough to go: those that are beyond
// either limit. The zero value keeps all.
type Retention struct {
	Keep int           // so many of the newest stay; 0 is no limit
	Age  time.Duration // older ones go; 0 is no limit
}

// None reports whether there is no limit.
func (r Retention) None() bool { return r == Retention{} }

// String says what stays, as in "the newest 5, none older than 30 days".
func (r Retention) String() string {
	var limits []string
	if r.Keep > 0 {
		limits = append(limits, fmt.Sprintf("the newest %d", r.Keep))
	}
	if r.Age > 0 {
		limits = append(limits, "none older than "+days(r.Age))
	}
	if limits == nil {
		return "all"
	}
	return strings.Join(limits, ", ")
}

// beyond says why a backup may go; "" when it may not. place counts from 1,
// the newest.
func (r Retention) beyond(place int, age time.Duration) string {
	switch {
	case r.Keep > 0 && place > r.Keep:
		return fmt.Sprintf("not among the newest %d", r.Keep)
	case r.Age > 0 && age > r.Age:
		return "older than " + days(r.Age)
	}
	return ""
}

// days writes an age in days, or in hours if it is no whole number of them.
func days(age time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case age == day:
		return "1 day"
	case age%day == 0:
		return fmt.Sprintf("%d days", age/day)
	}
	return fmt.Sprintf("%.4g hours", age.Hours())
}

// Claims are what a project still needs of its backups.
type Claims struct {
	Root string // the project's folder
	// Installed is its Directus version. Where that is not known, every
	// version's newest proved backup stays.
	Installed string
	Needed    map[string]string // why backups have to stay, by ID
	Open      string            // the unfinished run
	OpenFlow  string            // what that run does: "upgrade"
	Ended     []string          // runs of this project that have come to an end
}

// Verdict says what becomes of a backup, and why.
type Verdict struct {
	Backup *Manifest
	Remove bool
	Why    string
	// Held means that it stays even when it is named.
	Held bool
}

// Prunable says of each backup of a list, newest first, whether it goes. Some
// never do: the newest one, the newest one with all parts, the newest proved
// one (of the installed version, if there is one), what Claims need, and what
// is not this project's. One whose manifest cannot be read goes only when it
// is named.
func Prunable(all []*Manifest, keep Retention, claims Claims, now time.Time) []Verdict {
	place := 0
	return claims.judge(all, func(m *Manifest) Verdict {
		if m.Partial {
			if keep.None() {
				return Verdict{Why: "left unfinished; any limit removes it"}
			}
			return Verdict{Why: "left unfinished by a run that ended", Remove: true}
		}
		place++
		if why := keep.beyond(place, now.Sub(m.Created)); why != "" {
			return Verdict{Why: why, Remove: true}
		}
		if keep.None() {
			return Verdict{Why: "no limit is set"}
		}
		return Verdict{Why: "within the limits"}
	})
}

// Named is Prunable for backups that a person names by ID or by the name of
// their folder: they and no others go. A name that nothing has, and one of a
// backup that never goes, is an error.
func Named(all []*Manifest, names []string, claims Claims) ([]Verdict, error) {
	verdicts := claims.judge(all, func(*Manifest) Verdict { return Verdict{Why: "not named"} })
	for _, name := range names {
		i := slices.IndexFunc(verdicts, func(v Verdict) bool { return v.Backup.folder() == name })
		if i < 0 {
			i = slices.IndexFunc(verdicts, func(v Verdict) bool { return v.Backup.ID == name })
		}
		switch {
		case i < 0:
			return nil, fault.Newf("there is no backup %q", name).WithHint("`bunnyhop backup list` lists them").WithCode(fault.Usage)
		case verdicts[i].Held:
			err := fault.Newf("%s is not removed: %s", name, verdicts[i].Why).WithCode(fault.Blocked)
			err.State = "nothing was removed"
			return nil, err
		}
		verdicts[i].Remove, verdicts[i].Why = true, "named"
	}
	return verdicts, nil
}

// judge settles what holds whatever the limits are, and leaves the rest.
func (c Claims) judge(all []*Manifest, rest func(*Manifest) Verdict) []Verdict {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *Manifest) int { return b.Created.Compare(a.Created) })
	held := c.held(all)
	verdicts := make([]Verdict, 0, len(all))
	for _, m := range all {
		verdict := rest
		switch {
		case m.Removing:
			verdict = always(Verdict{Why: "its removal was begun", Remove: true})
		case errors.Is(m.Damaged, fs.ErrNotExist):
			verdict = always(Verdict{Why: "not a backup", Held: true})
		case m.Damaged != nil:
			verdict = always(Verdict{Why: "its manifest cannot be read; it goes only when it is named"})
		case m.Partial && !c.ended(m):
			verdict = always(Verdict{Why: "unfinished, by no run that is known here; it goes only when it is named"})
		case !c.own(m):
			verdict = always(Verdict{Why: "of another project, " + m.Root, Held: true})
		}
		v := verdict(m) // counts the whole ones, whatever becomes of them
		if why := held[m]; why != "" {
			v = Verdict{Why: why, Held: true}
		}
		v.Backup = m
		verdicts = append(verdicts, v)
	}
	return verdicts
}

func always(v Verdict) func(*Manifest) Verdict { return func(*Manifest) Verdict { return v } }

// held finds the backups that never go, and why. The list is sorted.
func (c Claims) held(all []*Manifest) map[*Manifest]string {
	held := map[*Manifest]string{}
	hold := func(m *Manifest, why string) {
		if m != nil && held[m] == "" {
			held[m] = why
		}
	}
	var whole []*Manifest
	for _, m := range all {
		if c.Open != "" && !m.Removing && (m.Run == c.Open || ofRun(m.ID, c.Open)) {
			hold(m, "the unfinished "+c.OpenFlow+" uses it")
		}
		if m.Partial || m.Damaged != nil || !c.own(m) {
			continue
		}
		whole = append(whole, m)
		hold(m, c.Needed[m.ID])
	}
	first := func(fits func(*Manifest) bool) *Manifest {
		if i := slices.IndexFunc(whole, fits); i >= 0 {
			return whole[i]
		}
		return nil
	}
	proved := func(m *Manifest) bool { return m.Verified != nil }
	installed := first(func(m *Manifest) bool { return proved(m) && m.Directus == c.Installed })
	hold(installed, "the newest proved one of "+c.Installed+", which is installed")
	hold(first(func(*Manifest) bool { return true }), "the newest one")
	hold(first(func(m *Manifest) bool { return m.Kind == Full }), "the newest full one")
	if installed == nil {
		hold(first(proved), "the newest proved one")
	}
	if c.Installed == "" {
		for _, m := range whole {
			of := func(other *Manifest) bool { return proved(other) && other.Directus == m.Directus }
			hold(first(of), "the newest proved one of "+m.Directus)
		}
	}
	return held
}

// own reports whether a backup is of this project: several may share a folder.
func (c Claims) own(m *Manifest) bool { return m.Root == "" || m.Root == c.Root }

// ended reports whether a run made an unfinished backup that has ended.
func (c Claims) ended(m *Manifest) bool {
	return slices.ContainsFunc(c.Ended, func(run string) bool { return ofRun(m.ID, run) })
}

// ofRun reports whether a run made the backup of this ID: the run's own, and
// perhaps a suffix.
func ofRun(id, run string) bool { return id == run || strings.HasPrefix(id, run+"-") }
