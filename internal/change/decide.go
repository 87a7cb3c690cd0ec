package change

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
