package project

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// secretKey matches keys whose value is a secret, notSecret those of them
// that only talk about one: names of fields, cookies, times, paths.
var (
	secretKey = regexp.MustCompile(`(?i)SECRET|PASSWORD|PASSWD|_PASS$|TOKEN|(^|_)KEY$|_KEYS?$|APIKEY|CREDENTIAL|` +
		`CONNECTION_?STRING|CONNECT_STRING|PRIVATE|AUTHORIZATION|(^|_)DSN$|SERVICE_ROLE|LICENSE_KEY|PASSPHRASE`)
	notSecret = regexp.MustCompile(`(?i)^AUTH_.+_(IDENTIFIER|EMAIL|FIRST_NAME|LAST_NAME|MAIL|GROUP)_KEY$|` +
		`_(TTL|LIMIT|PATH|FILENAME|NAME|DOMAIN|SECURE|SAME_SITE|ALLOW_LIST|ENABLED|NAMESPACE|URL)$|PUBLIC_KEY$|` +
		`^MARKETPLACE_TRUST$|KMS_KEY_ID$`)
	// withPassword matches keys whose value is a URL that may hold a password.
	withPassword = regexp.MustCompile(`(?i)^REDIS$|_REDIS$|_URL$|_URI$|ENDPOINT|CONNECTION_?STRING|^(HTTPS?|ALL)_PROXY$`)
)

// minSecret is the shortest value that is worth hiding, in bytes; hiding
// shorter ones would garble every text.
const minSecret = 4

// Secrets returns every secret in the effective configuration, the whole
// process environment included, for hiding them in texts: longest first, none
// twice, none shorter than 4 bytes. Lines of a long secret and passwords
// inside URLs stand for themselves too.
func (c *Config) Secrets() []string {
	found := map[string]bool{}
	add := func(text string) {
		for _, s := range []string{text, strings.TrimSpace(text)} {
			switch strings.ToLower(s) {
			case "true", "false", "null", "none", "local":
				continue
			}
			if len(s) >= minSecret {
				found[s] = true
			}
		}
	}
	for key, v := range c.values {
		if secretKey.MatchString(key) && !notSecret.MatchString(key) {
			eachSecret(v.raw, add)
		}
		if withPassword.MatchString(key) {
			if password, raw := urlPassword(valueText(v.raw)); password != "" {
				add(password)
				add(raw)
			}
		}
		nestedSecrets(v.raw, add)
	}
	d := c.Database()
	add(d.Password)
	if d.TLS != nil {
		eachSecret(d.TLS.Key, add)
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
}

// eachSecret adds a secret value in every form in which it may show up.
func eachSecret(raw any, add func(string)) {
	switch v := raw.(type) {
	case string:
		_, rest := castFlag(v)
		add(v)
		add(rest)
		if lines := strings.Split(rest, "\n"); len(lines) > 1 {
			for _, line := range lines {
				// Armour lines of a PEM file are no secret.
				if line = strings.TrimSpace(line); len(line) >= 16 && !strings.HasPrefix(line, "-----") {
					add(line)
				}
			}
		}
	case []any:
		for _, item := range v {
			eachSecret(item, add)
		}
	case map[string]any:
		nestedSecrets(v, add)
	default:
		add(valueText(raw))
	}
}

// nestedSecrets looks for secrets inside objects, such as the JSON of a
// service account.
func nestedSecrets(raw any, add func(string)) {
	switch v := raw.(type) {
	case string:
		_, rest := castFlag(v)
		if !strings.HasPrefix(strings.TrimSpace(rest), "{") {
			return
		}
		var object map[string]any
		if json.Unmarshal([]byte(rest), &object) == nil {
			nestedSecrets(object, add)
		}
	case map[string]any:
		for key, item := range v {
			if secretKey.MatchString(key) && !notSecret.MatchString(key) {
				eachSecret(item, add)
			} else {
				nestedSecrets(item, add)
			}
		}
	}
}

// urlPassword returns the password in a URL, decoded and as written.
func urlPassword(text string) (decoded, raw string) {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return "", ""
	}
	decoded, _ = u.User.Password()
	if _, rest, ok := strings.Cut(text, "://"); ok {
		if userinfo, _, ok := cutLast(rest, "@"); ok {
			_, raw, _ = strings.Cut(userinfo, ":")
		}
	}
	return decoded, raw
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
