package snapshot

import (
	"errors"
	"fmt"
)

// entry takes an object apart and keeps the first error. What was not taken is
// the rest.
type entry struct {
	where  string // "fields[12]"
	object Object
	taken  []string
	err    error
}

func (e *entry) fail(key, format string, args ...any) {
	if e.err != nil {
		return
	}
	if e.where != "" {
		key = e.where + "." + key
	}
	e.err = fmt.Errorf("%s %s", key, fmt.Sprintf(format, args...))
}

func (e *entry) take(key string) any {
	e.taken = append(e.taken, key)
	return e.object[key]
}

func (e *entry) text(key string) string {
	value := e.take(key)
	text, ok := value.(string)
	switch {
	case value == nil:
		e.fail(key, "is missing")
	case !ok:
		e.fail(key, "is %s, not text", kindOf(value))
	}
	return text
}

// name is a text that must not be empty.
func (e *entry) name(key string) string {
	name := e.text(key)
	if name == "" {
		e.fail(key, "is empty")
	}
	return name
}

func (e *entry) optionalText(key string) string {
	if e.object[key] == nil {
		e.taken = append(e.taken, key)
		return ""
	}
	return e.text(key)
}

// part is an object, or nil.
func (e *entry) part(key string) Object {
	value := e.take(key)
	part, ok := value.(Object)
	if value != nil && !ok {
		e.fail(key, "is %s, not an object", kindOf(value))
	}
	return part
}

// version is the format's, not Directus'.
func (e *entry) version() int {
	value := e.take("version")
	switch value {
	case 1.0:
		return 1
	case 2.0:
		return 2
	case nil:
		e.fail("version", "is missing")
	default:
		e.fail("version", "is %v; 1 and 2 are known", cut(fmt.Sprint(value)))
	}
	return 0
}

func (e *entry) rest() Object {
	var rest Object
	for key, value := range e.object {
		known := false
		for _, taken := range e.taken {
			known = known || taken == key
		}
		if known {
			continue
		}
		if rest == nil {
			rest = Object{}
		}
		rest[key] = value
	}
	return rest
}

// each reads a list of objects.
func each[T any](e *entry, key string, into *[]T, read func(*entry) T) {
	value := e.take(key)
	list, ok := value.([]any)
	switch {
	case value == nil:
		e.fail(key, "is missing")
	case !ok:
		e.fail(key, "is %s, not a list", kindOf(value))
	}
	all := make([]T, 0, len(list))
	for i, value := range list {
		one := entry{where: fmt.Sprintf("%s[%d]", key, i)}
		if one.object, ok = value.(Object); !ok {
			one.err = errors.New(one.where + " is " + kindOf(value) + ", not an object")
		} else {
			all = append(all, read(&one))
		}
		if one.err != nil && e.err == nil {
			e.err = one.err
		}
		if e.err != nil {
			return
		}
	}
	*into = all
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "text"
	case []any:
		return "a list"
	}
	return "an object"
}
