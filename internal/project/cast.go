package project

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// castFlags are the prefixes by which a value names its own type
// (@directus/env, ENV_TYPES).
var castFlags = []string{"string", "number", "regex", "array", "json", "boolean"}

// castFlag splits a cast prefix off a value.
func castFlag(text string) (flag, rest string) {
	flag, rest, ok := strings.Cut(text, ":")
	if !ok || !slices.Contains(castFlags, flag) {
		return "", text
	}
	return flag, rest
}

// valueText is a value as a person would write it.
func valueText(raw any) string {
	switch v := raw.(type) {
	case nil:
		return ""
	case string:
		_, rest := castFlag(v)
		return rest
	case bool:
		return strconv.FormatBool(v)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = valueText(item)
		}
		return strings.Join(items, ",")
	}
	if n, ok := asNumber(raw); ok {
		return numberText(n)
	}
	return jsonText(raw)
}

// textKeys match the keys whose value Directus keeps as text, among those that
// a file may leave empty (@directus/env, TYPE_MAP).
var textKeys = regexp.MustCompile(`^(HOST|PORT|DB_NAME|DB_USER|DB_PASSWORD|DB_DATABASE|REDIS_PASSWORD|ADMIN_PASSWORD|ADMIN_TOKEN|` +
	`KEY|SECRET|EMAIL_SMTP_PASSWORD|STORAGE_.+_SECRET|AUTH_.+_BIND_PASSWORD)$`)

// rawText is a value as a string that Directus casts to the same.
func rawText(key string, raw any) string {
	switch v := raw.(type) {
	case nil:
		// Number(null) is 0, and Directus takes that path.
		if textKeys.MatchString(key) {
			return ""
		}
		return "number:0"
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case []any:
		// Directus casts the elements of a list one by one, whatever it is
		// written as.
		items := make([]string, len(v))
		for i, item := range v {
			switch item.(type) {
			case []any, map[string]any, nil:
				return "json:" + jsonText(raw)
			}
			if items[i] = rawText("", item); strings.Contains(items[i], ",") {
				return "json:" + jsonText(raw)
			}
		}
		return "array:" + strings.Join(items, ",")
	}
	if n, ok := asNumber(raw); ok {
		// "5" becomes a number again by itself, and stays a string for the keys
		// that Directus keeps as strings.
		return numberText(n)
	}
	return "json:" + jsonText(raw)
}

// listText splits a list as toArray of @directus/utils and the filter in
// cast() do: at commas, empty elements dropped. Elements are trimmed, as their
// readers do.
func listText(text string) []string {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		_, item = castFlag(item)
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

func asNumber(raw any) (float64, bool) {
	switch v := raw.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	}
	return 0, false
}

// numberText writes a number as JavaScript's String() does, for all but very
// large and very small ones.
func numberText(n float64) string {
	switch {
	case math.IsInf(n, 1):
		return "Infinity"
	case math.IsInf(n, -1):
		return "-Infinity"
	case math.Abs(n) >= 1e21:
		return strconv.FormatFloat(n, 'e', -1, 64)
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

func jsonText(raw any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(raw) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}
