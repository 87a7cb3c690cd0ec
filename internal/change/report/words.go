package report

import "bunnyhop/internal/change"

// kind is what a change does to its subject.
type kind struct {
	Action string // in the words of change.Model
	Sign   string
	Word   string
	verb   string
}

// Said is the word where there is something to say.
func (k kind) Said() string {
	if k.Action == "" {
		return ""
	}
	return k.Word
}

// kinds are all of them; the last is of a change that does not say.
var kinds = []kind{
	{"create", "+", "created", "creates"},
	{"update", "~", "changed", "changes"},
	{"delete", "−", "deleted", "deletes"},
	{"replace", "±", "made anew", "deletes"},
	{"copy", "→", "copied", "copies values into"},
	{"", "·", "other", ""},
}

func kindOf(c *change.Change) kind {
	action := actionOf(c)
	for _, k := range kinds {
		if k.Action == action {
			return k
		}
	}
	return kinds[len(kinds)-1]
}

// actionOf is what a change does, or "" where that cannot be told from what it
// shows.
func actionOf(c *change.Change) string {
	switch {
	case c.Model != nil:
		return c.Model.Action
	case c.Before == c.After:
		return ""
	case c.Before == "":
		return "create"
	case c.After == "":
		return "delete"
	}
	return "update"
}

// purpose says in words what a change does to what.
func purpose(c *change.Change, k kind) string {
	m := c.Model
	if m == nil || k.verb == "" {
		return ""
	}
	what := m.Entity + " " + m.Collection
	if m.Field != "" {
		what += "." + m.Field
	}
	if m.Related != "" {
		what += " → " + m.Related
	}
	if k.Action == "replace" {
		what += " and makes it anew"
	}
	return k.verb + " the " + what
}

// risks, the worst first.
var risks = []change.Risk{change.Destructive, change.Caution, change.Safe}

func worse(a, b change.Risk) change.Risk {
	for _, r := range risks {
		if r == a || r == b {
			return r
		}
	}
	return a
}

// state is how a change stands.
type state struct {
	ID, Sign, Word string
}

var (
	open     = state{"open", "?", "to be decided"}
	accepted = state{"accepted", "●", "accepted"}
	rejected = state{"rejected", "○", "rejected"}
	locked   = state{"locked", "◆", "locked"}
	blocked  = state{"blocked", "⊘", "blocked"}
	// states are all of them, in the order in which they are counted.
	states = []state{open, accepted, rejected, locked, blocked}
)

// stateOf is the zero state where nothing was decided about anything.
func stateOf(c *change.Change, d change.Decisions) state {
	accept, decided := d[c.ID]
	switch {
	case c.Locked != "":
		return locked
	case c.Blocked != "":
		return blocked
	case d == nil:
		return state{}
	case !decided:
		return open
	case accept:
		return accepted
	}
	return rejected
}
