// Package change holds the reviewable difference: one thing that an upgrade
// or a promotion would change, and whether a person wants it.
package change

// Risk says how much a change can hurt.
type Risk string

// The risks, mildest first.
const (
	Safe        Risk = "safe"
	Caution     Risk = "caution"
	Destructive Risk = "destructive"
)

// Change is one reviewable difference.
type Change struct {
	// ID is stable between runs on the same project ("file:package.json:directus").
	ID string `json:"id"`
	// Group gathers changes on screen ("Migrations", "package.json", ".env").
	Group string `json:"group"`
	// Title is one line.
	Title string `json:"title"`
	// Detail explains the change; may have several lines.
	Detail string `json:"detail,omitempty"`
	// Before and After are the two sides, empty where there is none. Secrets
	// never stand here.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	Risk   Risk   `json:"risk"`
	// Locked says why the change cannot be rejected; empty means it can.
	Locked string `json:"locked,omitempty"`
	// Undo says whether and how the change can be taken back.
	Undo string `json:"undo,omitempty"`
	// Recommended is the decision that --yes takes.
	Recommended bool `json:"recommended"`
	// Requires lists the changes without which this one makes no sense.
	Requires []string `json:"requires,omitempty"`
	// Blocked says why the change cannot be accepted; empty means it can.
	Blocked string `json:"blocked,omitempty"`
	// Evidence is what was seen in the data that the change would touch.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Relief is what becomes of it when another change is accepted too; nil:
	// nothing else.
	Relief *Relief `json:"relief,omitempty"`
	// Model says what of the data model changes; nil where it is no such change.
	Model *Model `json:"model,omitempty"`
}

// Evidence is one fact about the data behind a change.
type Evidence struct {
	Label string `json:"label"` // "rows in the table"
	Value string `json:"value"` // "1,204"
	// Loss: accepting the change loses this.
	Loss bool `json:"loss,omitempty"`
}

// Model names a part of the data model, in Directus' words.
type Model struct {
	// Action is create, update, delete, replace or copy (of values, into the
	// field); Entity collection, field, relation or index.
	Action     string `json:"action"`
	Entity     string `json:"entity"`
	Collection string `json:"collection"`
	Field      string `json:"field,omitempty"`
	Related    string `json:"related,omitempty"`
	// Attribute is the path within the entity ("schema.max_length"); empty: all
	// of it.
	Attribute string `json:"attribute,omitempty"`
}

// Decisions maps a change's ID to true (accepted) or false (rejected).
type Decisions map[string]bool

// Recommended returns the decisions that follow every recommendation. Locked
// changes are always accepted, blocked ones always rejected, and what an
// accepted change requires is accepted with it.
func Recommended(changes []Change) Decisions {
	r := NewReview(changes, nil)
	for i, c := range changes {
		if c.Recommended {
			r.Decide(true, i)
		}
	}
	d := r.Decisions()
	for _, id := range Undecided(changes, d) {
		d[id] = false
	}
	return d
}

// Undecided returns the IDs without a decision, in order. Locked and blocked
// changes need none.
func Undecided(changes []Change, d Decisions) []string {
	var ids []string
	for _, c := range changes {
		if _, ok := d[c.ID]; !ok && !c.Fixed() {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Fixed reports whether there is nothing to decide: the change cannot be
// rejected, or cannot be accepted.
func (c Change) Fixed() bool { return c.Locked != "" || c.Blocked != "" }
