package advisory

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// mayMatch reports whether a text holds one of the literals without which a
// pattern cannot match. It is much faster than the pattern, which only has to
// be tried on what passes: extensions can bring megabytes of code.
func mayMatch(pattern *regexp.Regexp, text string) bool {
	known, ok := literalsOf.Load(pattern)
	if !ok {
		var needed []string
		if tree, err := syntax.Parse(pattern.String(), syntax.Perl); err == nil {
			needed = literals(tree)
		}
		known, _ = literalsOf.LoadOrStore(pattern, needed)
	}
	needed := known.([]string) //nolint:forcetypeassert // only such are stored
	if len(needed) == 0 {
		return true
	}
	for _, literal := range needed {
		if strings.Contains(text, literal) {
			return true
		}
	}
	return false
}

// literalsOf keeps the literals by pattern, a *regexp.Regexp.
var literalsOf sync.Map

// literals lists texts of which any match holds at least one; nil if nothing is
// known of it.
func literals(tree *syntax.Regexp) []string {
	switch tree.Op { //nolint:exhaustive // of the others nothing is known
	case syntax.OpLiteral:
		if tree.Flags&syntax.FoldCase != 0 {
			return nil
		}
		return []string{string(tree.Rune)}
	case syntax.OpCapture, syntax.OpPlus:
		return literals(tree.Sub[0])
	case syntax.OpRepeat:
		if tree.Min > 0 {
			return literals(tree.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range tree.Sub {
			if found := literals(sub); shortest(found) > shortest(best) {
				best = found
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range tree.Sub {
			found := literals(sub)
			if found == nil {
				return nil
			}
			all = append(all, found...)
		}
		return all
	}
	return nil
}

// shortest is the length of the shortest literal, 0 for none.
func shortest(all []string) int {
	least := 0
	for i, literal := range all {
		if i == 0 || len(literal) < least {
			least = len(literal)
		}
	}
	return least
}
