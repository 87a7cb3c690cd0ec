package project

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// stringKeys are the keys of the database that Directus keeps as text, and
// numberKeys those it makes numbers (@directus/env, TYPE_MAP).
var (
	stringKeys = map[string]bool{"DB_NAME": true, "DB_USER": true, "DB_PASSWORD": true, "DB_DATABASE": true}
	numberKeys = map[string]bool{"DB_PORT": true}
)

// castValue casts a database value as Directus does: by its prefix, else by
// its key, else by what it looks like (@directus/env 1.3.2 of Directus
// 10.13.4, cast and guessType). The result is a string, float64, bool, []any,
// map[string]any or nil, as in JavaScript.
func castValue(key string, raw any) any {
	kind := ""
	if text, ok := raw.(string); ok {
		kind, text = castFlag(text)
		raw = text
	}
	switch {
	case kind != "":
	case stringKeys[key]:
		kind = "string"
	case numberKeys[key]:
		kind = "number"
	default:
		kind = guessType(raw)
	}
	switch kind {
	case "string", "regex":
		return valueTextOf(raw)
	case "number":
		return castNumber(raw)
	case "boolean":
		n, isNumber := asNumber(raw)
		return raw == true || raw == "true" || raw == "1" || isNumber && n == 1
	case "array":
		return castList(raw)
	}
	return tryJSON(raw)
}

func guessType(raw any) string {
	switch v := raw.(type) {
	case bool:
		return "boolean"
	case []any:
		return "array"
	case string:
		if v == "true" || v == "false" {
			return "boolean"
		}
		if n, ok := number(v); ok && v != "" && !strings.HasPrefix(v, "0") && math.Abs(n) <= 1<<53-1 {
			return "number"
		}
		if strings.Contains(v, ",") {
			return "array"
		}
	default:
		if _, ok := asNumber(raw); ok {
			return "number"
		}
	}
	return "json"
}

// number is JavaScript's Number() of decimal text; white space is 0.
func number(text string) (float64, bool) {
	text = strings.TrimFunc(text, isJSSpace)
	if text == "" {
		return 0, true
	}
	if strings.ContainsAny(text, "_xXpPnN") { // Go reads more than JavaScript does
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// castNumber is a number, or the text as it stands where JavaScript has NaN.
func castNumber(raw any) any {
	if n, ok := asNumber(raw); ok {
		return n
	}
	if n, ok := number(valueTextOf(raw)); ok {
		return n
	}
	return valueTextOf(raw)
}

func castList(raw any) any {
	items, ok := raw.([]any)
	if !ok {
		if text, isText := raw.(string); isText {
			for item := range strings.SplitSeq(text, ",") {
				items = append(items, item)
			}
		} else {
			items = []any{raw}
		}
	}
	list := []any{}
	for _, item := range items {
		if v := castValue("", item); v != "" {
			list = append(list, v)
		}
	}
	return list
}

func tryJSON(raw any) any {
	text, ok := raw.(string)
	if !ok {
		return raw
	}
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}

// valueTextOf is valueText without the reading of cast prefixes.
func valueTextOf(raw any) string {
	if text, ok := raw.(string); ok {
		return text
	}
	return valueText(raw)
}

// camelCase writes the name of a variable as the camelcase package does
// (8.0.0 of Directus 10.13.4): REJECT_UNAUTHORIZED is rejectUnauthorized.
func camelCase(name string) string {
	var b strings.Builder
	upper, lastLower := false, false
	for _, r := range name {
		c := string(r)
		switch {
		case strings.ContainsRune("_.- ", r):
			upper, lastLower = b.Len() > 0, false
			continue
		case lastLower && strings.ToLower(c) != c:
			upper = true
		}
		lastLower = strings.ToUpper(c) != c
		if upper {
			b.WriteString(strings.ToUpper(c))
		} else {
			b.WriteString(strings.ToLower(c))
		}
		upper = false
	}
	return b.String()
}
