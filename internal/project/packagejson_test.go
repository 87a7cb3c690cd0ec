package project

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSetDependency(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"plain", "{\n\t\"dependencies\": {\n\t\t\"directus\": \"10.13.4\"\n\t}\n}\n", "{\n\t\"dependencies\": {\n\t\t\"directus\": \"^11.17.4\"\n\t}\n}\n"},
		{"one line, no newline", `{"dependencies":{"a":"1","directus" : "10","z":"2"},"x":[1,{"directus":"3"}]}`, `{"dependencies":{"a":"1","directus" : "^11.17.4","z":"2"},"x":[1,{"directus":"3"}]}`},
		{"CRLF and a byte order mark", "\uFEFF{\r\n  \"dependencies\": {\"directus\": \"10\"}\r\n}", "\uFEFF{\r\n  \"dependencies\": {\"directus\": \"^11.17.4\"}\r\n}"},
		{"other sections", `{"devDependencies":{"directus":"1"},"overrides":{"dependencies":{"directus":"2"}},"dependencies":{"directus":"3"}}`, `{"devDependencies":{"directus":"1"},"overrides":{"dependencies":{"directus":"2"}},"dependencies":{"directus":"^11.17.4"}}`},
		{"the last of two", `{"dependencies":{"directus":"1"},"dependencies":{"directus":"2","directus":"3"}}`, `{"dependencies":{"directus":"1"},"dependencies":{"directus":"2","directus":"^11.17.4"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := SetDependency([]byte(c.content), "directus", "^11.17.4")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, content := range []string{``, `{`, `[]`, `{}`, `{"dependencies":{}}`, `{"dependencies":{"directus":1}}`, `{"dependencies":{"directus":"1"}`, `{"dependencies":{"directus":"1"},"dependencies":{}}`} {
		if got, err := SetDependency([]byte(content), "directus", "1"); err == nil {
			t.Errorf("%s gave %s", content, got)
		}
	}
}

func TestSetDependencyProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`@?[a-z]{1,4}(/[a-z]{1,4})?`)
		section := rapid.MapOfN(name, rapid.StringMatching(`[\^~]?[0-9]{1,2}\.[0-9]\.[0-9]`), 0, 5)
		deps := section.Draw(t, "dependencies")
		deps["directus"] = "10.13.4"
		document := map[string]any{"name": "x", "dependencies": deps, "devDependencies": section.Draw(t, "dev"), "nested": map[string]any{"dependencies": deps}}
		indent := rapid.SampledFrom([]string{"", "  ", "\t"}).Draw(t, "indent")
		before, err := json.MarshalIndent(document, "", indent)
		if err != nil {
			t.Fatal(err)
		}
		content := string(before) + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "end")
		version := rapid.SampledFrom([]string{"11.17.4", ">=11 <12", "^12.0.0", `odd"one`}).Draw(t, "version")
		out, err := SetDependency([]byte(content), "directus", version)
		if err != nil {
			t.Fatal(err)
		}
		var got packageJSON
		if err := json.Unmarshal(out, &got); err != nil || got.Dependencies["directus"] != version {
			t.Fatalf("%s: %v", out, err)
		}
		if strings.Contains(string(out), `\u003`) {
			t.Fatalf("escaped without need: %s", out)
		}
		back, err := SetDependency(out, "directus", "10.13.4")
		if err != nil || string(back) != content {
			t.Fatalf("there and back is not the same: %v\n%s\n%s", err, content, back)
		}
	})
}
