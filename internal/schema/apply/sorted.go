package apply

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/schema/snapshot"
)

// sortDeep sorts lists as Directus before 11.1.2 does in a snapshot
// (@directus/api 19.3.1, dist/utils/get-snapshot.js): lodash compares as
// JavaScript does, which leaves objects in their order, and nothing within a
// list is sorted.
func sortDeep(value any) any {
	switch value := value.(type) {
	case snapshot.Object:
		if value == nil {
			return value
		}
		o := make(snapshot.Object, len(value))
		for key, inner := range value {
			o[key] = sortDeep(inner)
		}
		return o
	case []any:
		list := slices.Clone(value)
		slices.SortStableFunc(list, ascending)
		return list
	}
	return value
}

// ascending compares what JavaScript's < and > compare; null is last.
func ascending(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(rankOfNull(a), rankOfNull(b))
	}
	n, isNumber := a.(float64)
	m, bothNumbers := b.(float64)
	if isNumber && bothNumbers {
		return cmp.Compare(n, m)
	}
	x, xOK := asText(a)
	y, yOK := asText(b)
	if !xOK || !yOK || isNumber != bothNumbers { // a number and a text: not in a list of Directus
		return 0
	}
	return strings.Compare(x, y)
}

func rankOfNull(value any) int {
	if value == nil {
		return 1
	}
	return 0
}

// asText is how JavaScript makes a text of a value to compare it; objects are
// all the same.
func asText(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case []any:
		parts := make([]string, len(value))
		for i, inner := range value {
			parts[i], _ = asText(inner)
		}
		return strings.Join(parts, ","), true
	case nil:
		return "", true
	case snapshot.Object:
		return "[object Object]", true
	}
	return fmt.Sprint(value), true
}
