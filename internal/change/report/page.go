package report

import (
	"slices"
	"strings"

	"bunnyhop/internal/change"
)

// page is a review as both formats show it: counted, grouped, every text from
// elsewhere made visible.
type page struct {
	Title   string
	Facts   [][2]string
	Made    string // when, for a reader
	MadeISO string
	Decided bool
	// Total is the number of changes, NoiseTotal of what is noise.
	Total, NoiseTotal, LeftOut int
	Tallies                    []tally
	Destructive                []*entry
	Groups                     []*group
	Noise                      []noise
	Folds
}

// Folds says what starts folded: a page on which everything is unfolded is
// not read any more from some size on.
type Folds struct{ Changes, Groups, Contents bool }

// tally counts the changes in one way.
type tally struct {
	Name    string // of the filter
	Heading string
	Rows    []counted
}

type counted struct {
	ID, Sign, Word string
	N              int
}

// group is what stands together.
type group struct {
	N       int
	Name    string
	Entries []*entry
	Risk    change.Risk // the worst
	States  []counted
}

// entry is one change.
type entry struct {
	N             int
	Title, Group  string
	Name          string // where its group is not in sight
	Purpose       string
	Kind          kind
	Risk          change.Risk
	State         state
	Detail        []string
	Fixed         string
	Evidence      []change.Evidence
	Undo          string
	Recommended   string
	Needs         links
	NeededBy      links
	Preview       [2]string
	before, after string
	limit         int // bytes of a value that are shown
	around        int // equal lines that stand around a difference
}

// links are the first of the changes that one hangs together with.
type links struct {
	First []*entry
	More  int
}

// noise is one reason for which differences were left out.
type noise struct {
	Reason   string
	Count    int
	Examples []string
	More     int
}

const (
	foldChanges  = 60
	foldGroups   = 200
	foldContents = 30
	manyLinks    = 12
)

func newPage(r Review) *page {
	p := &page{
		Title: line(r.Title), Decided: r.Decisions != nil, Total: len(r.Changes), LeftOut: r.LeftOut,
	}
	if p.Title == "" {
		p.Title = "Review"
	}
	for _, fact := range r.Facts {
		p.Facts = append(p.Facts, [2]string{line(fact[0]), sentence(fact[1])})
	}
	if !r.At.IsZero() {
		p.Made, p.MadeISO = r.At.Format("2 January 2006, 15:04 MST"), r.At.Format("2006-01-02T15:04:05Z07:00")
	}
	entries := newEntries(r)
	p.Groups = grouped(r.Changes, entries)
	p.Tallies = tallies(entries, p.Decided)
	for _, e := range entries {
		if e.Risk == change.Destructive {
			p.Destructive = append(p.Destructive, e)
		}
	}
	slices.SortStableFunc(p.Destructive, func(a, b *entry) int { return weight(a.State) - weight(b.State) })
	for _, n := range r.Noise {
		p.NoiseTotal += n.Count
		part := noise{Reason: sentence(n.Reason), Count: n.Count, More: max(0, n.Count-len(n.Examples))}
		for _, example := range n.Examples {
			part.Examples = append(part.Examples, line(example))
		}
		p.Noise = append(p.Noise, part)
	}
	p.Folds = Folds{Changes: p.Total > foldChanges, Groups: p.Total > foldGroups, Contents: len(p.Groups) > foldContents}
	return p
}

// weight puts what will happen before what may, and that before what will not.
func weight(s state) int {
	switch s {
	case accepted, locked:
		return 0
	case rejected, blocked:
		return 2
	}
	return 1
}

func newEntries(r Review) []*entry {
	r.Changes = change.Relieved(r.Changes, r.Decisions)
	limit, near := valueLimit(r.Changes), around
	if len(r.Changes) > many {
		near = aroundMany
	}
	entries := make([]*entry, len(r.Changes))
	at := make(map[string]*entry, len(r.Changes))
	for i := range r.Changes {
		c := &r.Changes[i]
		k := kindOf(c)
		e := &entry{
			N: i + 1, Title: line(c.Title), Group: line(c.Group), Purpose: line(purpose(c, k)), Kind: k, Risk: c.Risk,
			State: stateOf(c, r.Decisions), Detail: paragraphs(c.Detail), Fixed: sentence(fixed(c)), Undo: sentence(c.Undo),
			before: c.Before, after: c.After, limit: limit, around: near,
		}
		e.Name = e.Title
		if m := c.Model; m != nil && m.Field != "" && strings.HasPrefix(c.Title, m.Field) {
			e.Name = line(m.Collection + "." + c.Title)
		}
		if e.Title == "" {
			e.Title, e.Name = "(no title)", "(no title)"
		}
		if e.Group == "" {
			e.Group = "(no group)"
		}
		if !c.Fixed() && !decidedAt(e.State) {
			e.Recommended = "reject"
			if c.Recommended {
				e.Recommended = "accept"
			}
		}
		for _, seen := range c.Evidence {
			e.Evidence = append(e.Evidence, change.Evidence{Label: line(seen.Label), Value: sentence(seen.Value), Loss: seen.Loss})
		}
		e.Preview = preview(c)
		entries[i], at[c.ID] = e, e
	}
	link(r.Changes, entries, at)
	return entries
}

// decidedAt: what was recommended says nothing any more once it was decided.
func decidedAt(s state) bool { return s == accepted || s == rejected }

func fixed(c *change.Change) string {
	switch {
	case c.Locked != "":
		return "cannot be rejected: " + c.Locked
	case c.Blocked != "":
		return "cannot be accepted: " + c.Blocked
	}
	return ""
}

// link ties changes to those that they need.
func link(changes []change.Change, entries []*entry, at map[string]*entry) {
	add := func(to *links, e *entry) {
		if len(to.First) < manyLinks {
			to.First = append(to.First, e)
		} else {
			to.More++
		}
	}
	for i, e := range entries {
		for _, id := range changes[i].Requires {
			if needed := at[id]; needed != nil {
				add(&e.Needs, needed)
				add(&needed.NeededBy, e)
			}
		}
	}
}

// grouped keeps the order in which groups come first.
func grouped(changes []change.Change, entries []*entry) []*group {
	var groups []*group
	at := map[string]*group{}
	for i, e := range entries {
		g := at[changes[i].Group]
		if g == nil {
			g = &group{N: len(groups) + 1, Name: e.Group}
			at[changes[i].Group], groups = g, append(groups, g)
		}
		g.Entries, g.Risk = append(g.Entries, e), worse(g.Risk, e.Risk)
	}
	for _, g := range groups {
		g.States = countStates(g.Entries)
	}
	return groups
}

func tallies(entries []*entry, decided bool) []tally {
	byState := "Decisions"
	if !decided {
		byState = "Fixed" // locked and blocked ones
	}
	var byKind, byRisk []counted
	for _, k := range kinds {
		if n := countIf(entries, func(e *entry) bool { return e.Kind == k }); n > 0 {
			byKind = append(byKind, counted{k.Word, k.Sign, k.Word, n})
		}
	}
	for _, risk := range risks {
		if n := countIf(entries, func(e *entry) bool { return e.Risk == risk }); n > 0 {
			byRisk = append(byRisk, counted{string(risk), riskSign(risk), string(risk), n})
		}
	}
	var all []tally
	for _, t := range []tally{{"kind", "Changes", byKind}, {"risk", "Risks", byRisk}, {"state", byState, countStates(entries)}} {
		if len(t.Rows) > 0 {
			all = append(all, t)
		}
	}
	return all
}

func riskSign(r change.Risk) string {
	if r == change.Destructive {
		return "!"
	}
	return ""
}

func countStates(entries []*entry) []counted {
	var all []counted
	for _, s := range states {
		if n := countIf(entries, func(e *entry) bool { return e.State == s }); n > 0 {
			all = append(all, counted{s.ID, s.Sign, s.Word, n})
		}
	}
	return all
}

func countIf(entries []*entry, is func(*entry) bool) int {
	n := 0
	for _, e := range entries {
		if is(e) {
			n++
		}
	}
	return n
}
