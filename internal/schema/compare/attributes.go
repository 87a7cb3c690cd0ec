package compare

import (
	"slices"

	"bunnyhop/internal/schema/snapshot"
)

// judgement of two values of an attribute that differ: the reason why that is
// noise, or "".
type judgement func(key string, a, b any) Reason

func with(change Change, path ...string) Change {
	change.Path = append(change.Path[:len(change.Path):len(change.Path)], path...)
	return change
}

func valued(change Change, before, after any) Change {
	change.Before, change.After = before, after
	return change
}

// judged adds a change, or the noise that it is.
func (c *comparison) judged(change Change, a, b any, reason Reason) {
	change = valued(change, a, b)
	if reason != "" {
		c.noise(change, reason)
		return
	}
	c.result.Changes = append(c.result.Changes, change)
}

// part compares the meta or the schema of an entity.
func (c *comparison) part(change Change, part string, a, b snapshot.Object, judge judgement) {
	if a == nil && b == nil {
		return
	}
	if a == nil || b == nil {
		c.result.Changes = append(c.result.Changes, valued(with(change, part), whole(a), whole(b)))
		return
	}
	before := len(c.result.Noise)
	defer func() {
		if found := c.result.Noise[before:]; len(found) > 1 {
			slices.SortFunc(found, func(a, b Noise) int { return slices.Compare(a.Path, b.Path) })
		}
	}()
	both := 0
	for key, av := range a {
		bv, ok := b[key]
		if !ok {
			c.unstated(with(change, part, key), av, Missing)
			continue
		}
		if both++; same(av, bv) {
			continue
		}
		c.differ(with(change, part, key), key, av, bv, judge)
	}
	if both == len(b) {
		return
	}
	for key, bv := range b {
		if _, ok := a[key]; !ok {
			c.unstated(with(change, part, key), Missing, bv)
		}
	}
}

func whole(o snapshot.Object) any {
	if o == nil {
		return nil
	}
	return o
}

// differ looks at two values of an attribute of meta or schema.
func (c *comparison) differ(change Change, key string, a, b any, judge judgement) {
	reason := c.listOrder(a, b)
	if reason == "" && judge != nil {
		reason = judge(key, a, b)
	}
	if reason == "" && change.Path[0] == "meta" {
		if ao, ok := a.(snapshot.Object); ok {
			if bo, ok := b.(snapshot.Object); ok {
				c.within(change, ao, bo)
				return
			}
		}
	}
	c.judged(change, a, b, reason)
}

// within goes into objects such as options; lists are looked at whole.
func (c *comparison) within(change Change, a, b snapshot.Object) {
	add := func(key string, av, bv any) {
		inner := with(change, key)
		ao, aOK := av.(snapshot.Object)
		bo, bOK := bv.(snapshot.Object)
		if aOK && bOK {
			c.within(inner, ao, bo)
			return
		}
		c.judged(inner, av, bv, c.listOrder(av, bv))
	}
	for key, av := range a {
		if bv, ok := b[key]; !ok {
			add(key, av, Missing)
		} else if !same(av, bv) {
			add(key, av, bv)
		}
	}
	for key, bv := range b {
		if _, ok := a[key]; !ok {
			add(key, Missing, bv)
		}
	}
}

// unstated judges an attribute that only one side has. The other side means
// the default, in as far as it can mean anything.
func (c *comparison) unstated(change Change, a, b any) {
	key := change.Path[len(change.Path)-1]
	stated := a
	if a == Missing {
		stated = b
	}
	if change.Path[0] == "schema" {
		reason := NotStated
		if key == "is_indexed" && c.base.features.Indexes != c.target.features.Indexes {
			reason = UnknownIndex
		}
		c.judged(change, a, b, reason)
		return
	}
	standard := defaults[change.Entity][key]
	if same(stated, standard) {
		reason := NotStated
		if c.base.Directus != c.target.Directus {
			reason = UnknownAttribute
		}
		c.judged(change, a, b, reason)
		return
	}
	if b == Missing {
		b = standard
	}
	c.judged(change, a, b, "")
}

// extra compares keys that no version is known to have.
func (c *comparison) extra(change Change, a, b snapshot.Object) {
	if a != nil || b != nil {
		c.within(change, a, b)
	}
}

// listOrder: the same members, where one of the versions sorts lists.
func (c *comparison) listOrder(a, b any) Reason {
	if c.base.features.Indexes == c.target.features.Indexes {
		return ""
	}
	if same(sorted(a), sorted(b)) {
		return ListOrder
	}
	return ""
}

// defaults are those of the columns of directus_collections, directus_fields
// and directus_relations that are not null (@directus/api 12.4.0,
// dist/database/seeds and dist/database/migrations).
var defaults = map[Entity]snapshot.Object{
	Collection: {
		"hidden": false, "singleton": false, "archive_app_filter": true, "accountability": "all", "collapse": "open", "versioning": false, "status": "active",
	},
	Field:    {"readonly": false, "hidden": false, "required": false, "width": "full", "searchable": true},
	Relation: {"one_deselect_action": "nullify"},
}
