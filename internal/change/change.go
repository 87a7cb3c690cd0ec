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
}

// Decisions maps a change's ID to true (accepted) or false (rejected).
type Decisions map[string]bool

// Recommended returns the decisions that follow every recommendation. Locked
// changes are always accepted, and so is what an accepted change requires.
func Recommended(changes []Change) Decisions {
	d := make(Decisions, len(changes))
	for _, c := range changes {
		d[c.ID] = false
	}
	for _, c := range changes {
		if c.Locked != "" || c.Recommended {
			Decide(changes, d, c.ID, true)
		}
	}
	return d
}

// Undecided returns the IDs without a decision, in order. Locked changes need
// none.
func Undecided(changes []Change, d Decisions) []string {
	var ids []string
	for _, c := range changes {
		if _, ok := d[c.ID]; !ok && c.Locked == "" {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Decide records a decision and what follows from it: accepting pulls in what
// the change requires, rejecting pushes out what requires it. It returns the
// IDs of the other changes whose decision was changed, in order. A locked
// change cannot be rejected, nor can what it requires; such a call changes
// nothing.
func Decide(changes []Change, d Decisions, id string, accept bool) []string {
	follows := requirements(changes, id)
	if !accept {
		follows = dependants(changes, id)
	}
	for _, c := range changes {
		if follows[c.ID] && !accept && c.Locked != "" {
			return nil
		}
	}
	var others []string
	for _, c := range changes {
		was, decided := d[c.ID]
		if !follows[c.ID] || decided && was == accept {
			continue
		}
		d[c.ID] = accept
		if c.ID != id {
			others = append(others, c.ID)
		}
	}
	return others
}

// requirements returns a change with all that it requires, near and far.
func requirements(changes []Change, id string) map[string]bool {
	needs := make(map[string][]string, len(changes))
	for _, c := range changes {
		needs[c.ID] = c.Requires
	}
	return reach(needs, id)
}

// dependants returns a change with all that requires it, near and far.
func dependants(changes []Change, id string) map[string]bool {
	needed := make(map[string][]string, len(changes))
	for _, c := range changes {
		for _, need := range c.Requires {
			needed[need] = append(needed[need], c.ID)
		}
	}
	return reach(needed, id)
}

func reach(next map[string][]string, id string) map[string]bool {
	found := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		if found[id] {
			return
		}
		found[id] = true
		for _, n := range next[id] {
			visit(n)
		}
	}
	visit(id)
	return found
}
