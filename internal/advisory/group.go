package advisory

// Group is findings that are listed together.
type Group struct {
	Severity Severity
	// Untold are notes on what cannot be told from here; they ask for nothing.
	Untold bool
	// Members are the indices of its findings, in their order.
	Members []int
}

// Groups sorts findings by severity, and what is not known to hold and asks
// for nothing to the end. Empty groups are left out.
func Groups(findings []Finding) []Group {
	var groups []Group
	for _, g := range []Group{{Severity: Blocker}, {Severity: Warning}, {Severity: Note}, {Severity: Note, Untold: true}} {
		for i, f := range findings {
			if f.Severity == g.Severity && f.untold() == g.Untold {
				g.Members = append(g.Members, i)
			}
		}
		if len(g.Members) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

func (f Finding) untold() bool { return f.Uncertain && f.Severity == Note }
