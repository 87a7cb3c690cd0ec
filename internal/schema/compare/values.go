package compare

import (
	"encoding/json"
	"slices"
	"strings"

	"bunnyhop/internal/schema/snapshot"
)

// same compares values of snapshots.
func same(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		b, ok := b.(string)
		return ok && a == b
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case float64:
		b, ok := b.(float64)
		return ok && a == b
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case snapshot.Object:
		b, ok := b.(snapshot.Object)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			other, ok := b[key]
			if !ok || !same(value, other) {
				return false
			}
		}
		return true
	case missing:
		return b == Missing
	}
	return false
}

// sorted is a value with its lists sorted, at every depth.
func sorted(value any) any {
	switch value := value.(type) {
	case []any:
		list := make([]any, len(value))
		for i, inner := range value {
			list[i] = sorted(inner)
		}
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(text(a), text(b)) })
		return list
	case snapshot.Object:
		o := make(snapshot.Object, len(value))
		for key, inner := range value {
			o[key] = sorted(inner)
		}
		return o
	}
	return value
}

func text(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(data)
}
