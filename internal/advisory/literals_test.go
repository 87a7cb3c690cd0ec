package advisory

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// What a pattern matches always passes.
func TestMayMatchPassesEveryMatch(t *testing.T) {
	t.Parallel()
	patterns := []*regexp.Regexp{
		regexp.MustCompile(`\b(?:admin_access|app_access)\b|\baccountability\??\.permissions\b`),
		regexp.MustCompile(`\$\w*[iI]ds?\s*:\s*\[?String\b`),
		regexp.MustCompile(`(?i)\btinymce\b`), regexp.MustCompile(`['"](?:[\w-]+\.)?items\.create['"]`),
		regexp.MustCompile(`a{2,3}b*(?:cd|ce)?`), regexp.MustCompile(`x?`), goneStyles, goneWords,
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern := patterns[rapid.IntRange(0, len(patterns)-1).Draw(t, "pattern")]
		text := rapid.String().Draw(t, "before") + rapid.StringMatching(pattern.String()).Draw(t, "match") + rapid.String().Draw(t, "after")
		if pattern.MatchString(text) && !mayMatch(pattern, text) {
			t.Fatalf("%s matches %q, which does not pass", pattern, text)
		}
	})
}

func TestMayMatchStopsTheRest(t *testing.T) {
	t.Parallel()
	for pattern, text := range map[string]string{`\bpreRegisterCheck\b`: "const a=1", `(?:foo|bar)\s+x`: "fox bat", `x?yz+`: "xxz"} {
		if mayMatch(regexp.MustCompile(pattern), text) {
			t.Errorf("%s passes %q", pattern, text)
		}
	}
}
