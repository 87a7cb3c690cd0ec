package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

func TestStripControls(t *testing.T) {
	tests := map[string]string{
		"plain":                          "plain",
		"\x1b[31mred\x1b[0m":             "red",
		"\x1b]0;title\x07text":           "text",
		"\x1b]8;;http://x\x1b\\link":     "link",
		"a\rb":                           "a b",
		"a\tb\r\nc":                      "a b\nc",
		"bell\x07 and \x00nul":           "bell and nul",
		"c1 \u009b31m":                   "c1 31m",
		"turn \u202eback\u2066":          "turn back",
		"bad \xff utf8":                  "bad \uFFFD utf8",
		"line\u2028separator":            "lineseparator",
		"größe ✔ 日本":                     "größe ✔ 日本",
		"\x1bPdevice control\x1b\\after": "after",
	}
	for in, want := range tests {
		got := stripControls(in)
		if in == "c1 \u009b31m" {
			// A C1 introducer may be taken as the start of a sequence or be
			// dropped alone; it must not come through.
			if strings.ContainsRune(got, '\u009b') {
				t.Errorf("%q: %q", in, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestHideSecrets(t *testing.T) {
	environ := []string{"DB_PASSWORD=hunter22", "SECRET=abcdefgh", "TOKEN=x1", "HOME=/root/some", "KEY=kkkkkkkk"}
	got := hideSecrets("connect postgres://me:pa55@db/x with hunter22, abcdefgh, x1, kkkkkkkk in /root/some", environ)
	want := "connect postgres://me:[secret]@db/x with [secret], [secret], x1, [secret] in /root/some"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestExitCode(t *testing.T) {
	tests := []struct {
		err  error
		want fault.Code
	}{
		{nil, fault.Done},
		{errors.New("x"), fault.Failed},
		{fmt.Errorf("wrapped: %w", fault.New("x", "").WithCode(fault.Busy)), fault.Busy},
		{fmt.Errorf("asking: %w", context.Canceled), fault.Interrupted},
		{fault.Wrap(context.Canceled, "x", "").WithCode(fault.NeedsPerson), fault.NeedsPerson},
		{&resultError{steps.Result{Code: fault.RolledBack}}, fault.RolledBack},
		{errors.Join(&resultError{steps.Result{Code: fault.RolledBack}}, errors.New("late")), fault.RolledBack},
	}
	for _, test := range tests {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%v: %d, want %d", test.err, got, test.want)
		}
	}
}

func TestWithProject(t *testing.T) {
	a := &app{flags: globalFlags{project: "."}}
	hint := "`bunnyhop resume` goes on, `bunnyhop rollback` goes back, `npm ls` lists"
	if got := a.withProject(hint); got != hint {
		t.Errorf("in the project's folder: %s", got)
	}
	a.flags.project = "/srv/my blog"
	want := "`bunnyhop resume --project '/srv/my blog'` goes on, `bunnyhop rollback --project '/srv/my blog'` goes back, `npm ls` lists"
	if got := a.withProject(hint); got != want {
		t.Errorf("got %s", got)
	}
}

func TestShellQuote(t *testing.T) {
	for in, want := range map[string]string{
		"/srv/blog": "/srv/blog", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "~x": "'~x'", "$(rm)": "'$(rm)'",
	} {
		if got := shellQuote(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestReadDecisions(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name, text string
		want       change.Decisions
		bad        bool
	}{
		{"yaml", "\"file:package.json:directus\": accept\nenv:X: reject\n", change.Decisions{"file:package.json:directus": true, "env:X": false}, false},
		{"json", `{"a": true, "b": "rejected"}`, change.Decisions{"a": true, "b": false}, false},
		{"yes and no", "a: yes\nb: 'no'\n", change.Decisions{"a": true, "b": false}, false},
		{"empty", "", change.Decisions{}, false},
		{"a word of neither", "a: maybe\n", nil, true},
		{"a number", "a: 1\n", nil, true},
		{"a list", "- a\n", nil, true},
		{"twice", "a: accept\na: reject\n", nil, true},
		{"torn", `{"a": tr`, nil, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(dir, strings.ReplaceAll(test.name, " ", "-"))
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := readDecisions(path)
			if test.bad {
				if fault.CodeOf(err) != fault.Usage {
					t.Errorf("error %v, want one of usage", err)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestMeter(t *testing.T) {
	var m meter
	start := time.Unix(1000, 0)
	m.update(steps.Progress{Label: "database", Unit: progress.Bytes, Done: 0, Total: 100e6}, start)
	if got, want := m.String(), "database 0 B of 100 MB (0 %)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	m.update(steps.Progress{Label: "database", Unit: progress.Bytes, Done: 40e6, Total: 100e6}, start.Add(4*time.Second))
	if got, want := m.String(), "database 40 MB of 100 MB (40 %), 10 MB/s, 6 s left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	m.update(steps.Progress{Label: "migrations", Unit: progress.Steps, Done: 3, Total: 21}, start.Add(4*time.Second))
	if got, want := m.String(), "migrations 3 of 21 steps (14 %)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	m.update(steps.Progress{Label: "files", Unit: progress.Files, Done: 1200}, start.Add(5*time.Second))
	if got, want := m.String(), "files 1,200 files"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What a change becomes once another one is accepted is told with it.
func TestGateTextTellsRelief(t *testing.T) {
	got := gateText(steps.Gate{Title: "Review", Kind: steps.GateReview, Changes: []change.Change{{
		ID: "field:tags.colour", Group: "tags", Title: "- colour", Risk: change.Destructive, Detail: "its values are lost",
		Evidence: []change.Evidence{{Label: "values", Value: "3", Loss: true}},
		Relief: &change.Relief{
			By: "values:tags.shade", Risk: change.Caution, Detail: "its values are in shade",
			Evidence: []change.Evidence{{Label: "values", Value: "3, copied"}},
		},
	}}})
	const want = `? Review
  tags
    1. - colour  (destructive, not recommended)
       id field:tags.colour
       its values are lost
       values: 3
       if values:tags.shade is accepted: caution
         its values are in shade
         values: 3, copied
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
