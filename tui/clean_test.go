package tui

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/steps"
)

func TestCleanText(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"plain":             {"posts.title", "posts.title"},
		"clear screen":      {"a\x1b[2Jb", "ab"},
		"colour":            {"\x1b[31mred\x1b[0m", "red"},
		"hyperlink":         {"\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"},
		"clipboard":         {"x\x1b]52;c;ZXZpbA==\x07y", "xy"},
		"title":             {"\x1b]0;owned\x07name", "name"},
		"unended sequence":  {"name\x1b]52;c;AAAA", "name"},
		"device control":    {"a\x1bP+q544e\x1b\\b", "ab"},
		"eight bit control": {"a\u009b2Jb", "a2Jb"},
		"bare eight bit":    {"a\x9b2Jb", "a\uFFFD2Jb"},
		"carriage return":   {"10%\r50%\r100%", "100%"},
		"windows line":      {"one\r\ntwo\r\n", "one\ntwo\n"},
		"tabs":              {"a\tb\tcd\te", "a   b   cd  e"},
		"bell and null":     {"a\x07b\x00c\x7fd", "abcd"},
		"wide":              {"日本語 ＡＢ 👩‍👩‍👧 e\u0301", "日本語 ＡＢ 👩‍👩‍👧 e\u0301"},
		"right to left":     {"שלום עולם", "שלום עולם"},
		"override":          {"user\u202etxt.exe\u202c", "usertxt.exe"},
		"isolate":           {"\u2067abc\u2069", "abc"},
		"hidden":            {"ad\u200bmin\ufeff", "admin"},
		"line separator":    {"a\u2028b", "a b"},
		"two lines":         {"a\nb", "a\nb"},
		"not UTF-8":         {"caf\xe9", "caf\uFFFD"},
	} {
		if got := cleanText(tt.in); got != tt.want {
			t.Errorf("%s: cleanText(%q) = %q, want %q", name, tt.in, got, tt.want)
		}
	}
}

// TestCleanTextAlways: whatever comes in, nothing that a terminal acts on
// comes out, and cleaning twice changes nothing.
func TestCleanTextAlways(t *testing.T) {
	piece := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\x1b[", "\x1b]52;c;", "\x07", "\x1b\\", "\u009b", "\r", "\t", "\x1bP", "\x9d", "\u202e", "2J", "日本"}))
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "text"), "")
		out := cleanText(in)
		for _, r := range out {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Fatalf("cleanText(%q) = %q keeps %U", in, out, r)
			}
		}
		if again := cleanText(out); again != out {
			t.Fatalf("cleanText(%q) = %q, and then %q", in, out, again)
		}
	})
}

// TestCleanGoesEverywhere: strings are cleaned however deep they are, and the
// value that came in stays as it was.
func TestCleanGoesEverywhere(t *testing.T) {
	const dirty, tidy = "a\x1b[2Jb", "ab"
	in := steps.Gate{
		ID: dirty, Title: dirty, Choices: []steps.Choice{{Title: dirty}},
		Findings: []advisory.Finding{{Severity: dirty, Evidence: []string{dirty}}},
		Changes:  []change.Change{{Title: dirty, Requires: []string{dirty}}},
	}
	want := steps.Gate{
		ID: tidy, Title: tidy, Choices: []steps.Choice{{Title: tidy}},
		Findings: []advisory.Finding{{Severity: tidy, Evidence: []string{tidy}}},
		Changes:  []change.Change{{Title: tidy, Requires: []string{tidy}}},
	}
	if diff := cmp.Diff(want, clean(in)); diff != "" {
		t.Errorf("gate (-want +got):\n%s", diff)
	}
	if in.Changes[0].Requires[0] != dirty {
		t.Error("clean changed what came in")
	}
	result := steps.Result{Data: map[string]any{dirty: []any{dirty, 1.5, nil}}}
	if diff := cmp.Diff(map[string]any{tidy: []any{tidy, 1.5, nil}}, clean(result).Data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	home := Home{Unfinished: &steps.Summary{Error: dirty}}
	if got := clean(home).Unfinished.Error; got != tidy {
		t.Errorf("behind a pointer: %q", got)
	}
}

// ours matches the sequences that the screens themselves are drawn with:
// colours and bold, nothing else.
var ours = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// TestHostileTextReachesNoScreen plays the scenes with control sequences in
// every text that comes from outside.
func TestHostileTextReachesNoScreen(t *testing.T) {
	const evil = "\x1b[2J\x1b]8;;http://evil\x07\x1b]52;c;ZXZpbA==\x07\r\u202e"
	p := newPlayhouse(t, 120, 40, unicodeGlyphs)
	check := func(where string) {
		t.Helper()
		text := ours.ReplaceAllString(p.a.View().Content, "")
		for _, r := range text {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Errorf("%s: the screen holds %U", where, r)
				return
			}
		}
		p.screen()
	}
	home := sampleHome()
	home.Project, home.Root = home.Project+evil, evil+home.Root
	p.send(homeMsg{home: clean(home)})
	check("home")
	p.begin(newScript().upgrade())
	inspection := sampleInspection()
	inspection.Name, inspection.Database = evil+"news", evil
	inspection.Extensions[0].Name = evil
	p.start("inspect")
	p.events(learn("inspect", "inspection", inspection), steps.Output{Step: "inspect", Line: "a" + evil + "b"}, steps.Progress{Step: "inspect", Label: evil + "x", Done: 1, Total: 2})
	check("inspect")
	gate := sampleReview()
	for i := range gate.Changes {
		ch := &gate.Changes[i]
		ch.ID, ch.Title, ch.Detail, ch.Group, ch.Before = ch.ID+evil, evil+ch.Title, evil+"\nmore"+evil, ch.Group+evil, evil+ch.Before
		for j := range ch.Requires {
			ch.Requires[j] += evil
		}
	}
	p.start("review")
	p.events(steps.GateOpened{Step: "review", Gate: gate})
	check("review")
	p.press("]", "down", "space")
	check("review, a notice")
	p.press("r", "]", "r")
	review, ok := p.a.gate.(*reviewScreen)
	if !ok || review.missing() != "" {
		t.Fatalf("the review is not complete: %v", p.a.gate)
	}
	if err := gate.Validate(steps.Answer{Decisions: review.answer()}); err != nil {
		t.Errorf("the answer names cleaned IDs: %v", err)
	}
	p.events(steps.GateAnswered{Gate: gate.ID}, steps.StepFailed{Step: "review", Error: evil + "broken" + evil, Hint: evil, State: evil})
	check("failure")
	p.events(finished(steps.Result{Status: steps.Failed, Error: evil, Hint: evil + "hint", Manual: []string{evil + "mv"}, Data: map[string]any{"backup": evil}}))
	check("result")
}

func TestCutting(t *testing.T) {
	c := newCommon(unicodeGlyphs)
	for _, tt := range []struct {
		in   string
		w    int
		want string
	}{
		{"abcdef", 4, "abc…"}, {"日本語", 4, "日… "}, {"日本語", 6, "日本語"}, {"a\nb", 5, "a b  "}, {"", 3, "   "}, {"abc", 0, ""},
	} {
		if got := c.fit(tt.in, tt.w); got != tt.want {
			t.Errorf("fit(%q, %d) = %q, want %q", tt.in, tt.w, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s, w := cleanText(rapid.String().Draw(t, "s")), rapid.IntRange(0, 30).Draw(t, "w")
		if got := ansi.StringWidth(c.fit(s, w)); got != w {
			t.Fatalf("fit(%q, %d) is %d wide", s, w, got)
		}
	})
}
