package apply

import (
	"fmt"
	"maps"
	"slices"

	"bunnyhop/internal/schema/snapshot"
)

// patched is an object after differences were made to it, in the order in
// which deep-diff makes them (npm, deep-diff 1.0.2, applyChange). The object
// itself stays as it is.
func patched(object snapshot.Object, items []Item) (snapshot.Object, error) {
	var value any = object
	for _, item := range items {
		var err error
		if value, err = patch(value, item.Path, item); err != nil {
			return nil, err
		}
	}
	result, ok := value.(snapshot.Object)
	if !ok {
		return nil, fmt.Errorf("the difference makes it %T", value)
	}
	return result, nil
}

func patch(value any, path []any, item Item) (any, error) {
	if len(path) == 0 {
		if item.Kind == "A" {
			return patchList(value, item)
		}
		return item.RHS, nil
	}
	switch step := path[0].(type) {
	case string:
		object, ok := value.(snapshot.Object)
		if value != nil && !ok {
			return nil, fmt.Errorf("the path %v leads nowhere", item.Path)
		}
		changed := maps.Clone(object)
		if changed == nil {
			changed = snapshot.Object{}
		}
		if len(path) == 1 && item.Kind == "D" {
			delete(changed, step)
			return changed, nil
		}
		inner, err := patch(changed[step], path[1:], item)
		changed[step] = inner
		return changed, err
	case float64:
		list, ok := value.([]any)
		i := int(step)
		if !ok || i < 0 || i >= len(list) {
			return nil, fmt.Errorf("the path %v leads nowhere", item.Path)
		}
		changed := slices.Clone(list)
		inner, err := patch(changed[i], path[1:], item)
		changed[i] = inner
		return changed, err
	}
	return nil, fmt.Errorf("the path %v leads nowhere", item.Path)
}

// patchList adds a member to a list, or takes one away. Both are told from the
// last one on, so that a list grows by its end first.
func patchList(value any, item Item) (any, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("the path %v leads to no list", item.Path)
	}
	changed := slices.Clone(list)
	switch {
	case item.Item.Kind == "D" && item.Index < len(list):
		return slices.Delete(changed, item.Index, item.Index+1), nil
	case item.Item.Kind == "N" && item.Index < maxList:
		for len(changed) <= item.Index {
			changed = append(changed, nil)
		}
		changed[item.Index] = item.Item.RHS
		return changed, nil
	}
	return nil, fmt.Errorf("the difference of the list at %v is not understood", item.Path)
}

// maxList bounds how long a list a server can ask for.
const maxList = 1 << 20
