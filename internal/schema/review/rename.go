package review

import (
	"slices"

	"github.com/dustin/go-humanize"

	"bunnyhop/internal/change"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/evidence"
	"bunnyhop/internal/schema/snapshot"
)

// Copy is the action of a change that copies values into a new column.
const Copy = "copy"

// offer adds a change for each column that may have got another name: to copy
// the values of the old one into the new one. The creation of the one and the
// deletion of the other stay as they are, but for what the deletion loses.
func (p *Plan) offer(seen map[string]evidence.Finding) {
	at := p.index()
	offers := map[string]change.Change{} // by the creation that each needs
	for _, r := range p.Renames {
		found, looked := seen[r.Key()]
		_, made := at[r.Creation()]
		_, offered := at[r.Key()]
		if !looked || found.Withdrawn || !made || offered {
			continue
		}
		offers[r.Creation()] = offerOf(r)
		if i, ok := at[r.Deletion()]; ok {
			c := &p.Changes[i]
			c.Relief = relief(r, seen[r.Deletion()])
			c.Detail += " They can be copied into " + r.To + " first, which is a change of its own."
		}
	}
	if len(offers) == 0 {
		return
	}
	all := make([]change.Change, 0, len(p.Changes)+len(offers))
	for _, c := range p.Changes {
		all = append(all, c)
		if offer, ok := offers[c.ID]; ok {
			all = append(all, offer)
		}
	}
	p.Changes = all
}

func offerOf(r compare.Rename) change.Change {
	return change.Change{
		ID: r.Key(), Group: r.Collection, Title: "copy values of " + r.From + " into " + r.To,
		Detail: "It looks as if " + r.From + " got the name " + r.To + ", which Directus cannot do. When " + r.To + " is made, the values of " +
			r.From + " are copied into it and compared; if " + r.From + " is deleted, then only after that.",
		Risk: change.Caution, Undo: "deleting " + r.To + " again, as long as " + r.From + " is there", Requires: []string{r.Creation()},
		Model: &change.Model{Action: Copy, Entity: string(compare.Field), Collection: r.Collection, Field: r.To},
	}
}

// index is where each change stands.
func (p *Plan) index() map[string]int {
	at := make(map[string]int, len(p.Changes))
	for i, c := range p.Changes {
		at[c.ID] = i
	}
	return at
}

// relief is what the deletion of the old column is once its values are copied.
func relief(r compare.Rename, deletion evidence.Finding) *change.Relief {
	seen := slices.Clone(deletion.Evidence)
	for i := range seen {
		if seen[i].Loss {
			seen[i].Value, seen[i].Loss = humanize.Comma(deletion.Rows)+", which are in "+r.To+" then", false
		}
	}
	return &change.Relief{
		By: r.Key(), Risk: change.Caution, Evidence: seen,
		Detail: "The column is dropped after its values were copied into " + r.To + " and compared with it.",
	}
}

// fill takes the block off columns that only want values, which they get by
// being copied into: both are one decision then.
func (p *Plan) fill(seen map[string]evidence.Finding) {
	if len(p.Renames) == 0 {
		return
	}
	at := p.index()
	for _, r := range p.Renames {
		from, offered := at[r.Key()]
		creation := seen[r.Creation()]
		if !offered || p.Changes[from].Blocked != "" || !creation.Unfilled {
			continue
		}
		c := &p.Changes[at[r.Creation()]]
		if c.Blocked != creation.Blocked { // for another reason
			continue
		}
		c.Blocked = ""
		c.Detail += " Each row must have a value: it comes with those of " + r.From + "."
		c.Requires = append(c.Requires, r.Key())
		slices.Sort(c.Requires)
	}
}

// Stages are the accepted changes with what becomes of them when values are to
// be copied between.
type Stages struct {
	// All are the accepted differences, as Plan.Accepted has them.
	All []compare.Change
	// First are made before values are copied, Last after it: the deletions of
	// what was copied, with what can only go together with them.
	First, Last []compare.Change
	Copies      []compare.Rename
}

// Stages returns what was accepted.
func (p *Plan) Stages(d change.Decisions) Stages {
	s := Stages{All: p.Accepted(d)}
	blocked := p.blocked()
	for _, r := range p.Renames {
		if d[r.Key()] && d[r.Creation()] && !blocked[r.Key()] {
			s.Copies = append(s.Copies, r)
		}
	}
	if len(s.Copies) == 0 {
		s.First = s.All
		return s
	}
	later := p.after(s.Copies)
	for _, c := range s.All {
		if later[c.Key()] {
			s.Last = append(s.Last, c)
			continue
		}
		first, rest := c, []compare.Change(nil)
		if slices.ContainsFunc(s.Copies, func(r compare.Rename) bool { return r.Creation() == c.Key() }) {
			first, rest = emptied(c)
		}
		s.First, s.Last = append(s.First, first), append(s.Last, rest...)
	}
	return s
}

// after are the deletions of the old columns, and what requires them.
func (p *Plan) after(copies []compare.Rename) map[string]bool {
	later := map[string]bool{}
	for _, r := range copies {
		later[r.Deletion()] = true
	}
	for more := true; more; {
		more = false
		for _, c := range p.Changes {
			if !later[c.ID] && slices.ContainsFunc(c.Requires, func(id string) bool { return later[id] }) {
				later[c.ID], more = true, true
			}
		}
	}
	return later
}

// emptied is the creation of a column that may be empty until values are
// copied into it, and the change that ends that.
func emptied(c compare.Change) (compare.Change, []compare.Change) {
	f, ok := c.After.(snapshot.Field)
	if !ok || f.Schema["is_nullable"] != false || f.Schema["default_value"] != nil {
		return c, nil
	}
	schema := make(snapshot.Object, len(f.Schema))
	for key, value := range f.Schema {
		schema[key] = value
	}
	schema["is_nullable"] = true
	f.Schema = schema
	c.After = f
	return c, []compare.Change{{
		Entity: compare.Field, Action: compare.Update, Collection: c.Collection, Field: c.Field, Path: []string{"schema", "is_nullable"},
		Before: true, After: false,
	}}
}
