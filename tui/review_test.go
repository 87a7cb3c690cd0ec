package tui

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bunnyhop/internal/change"
	"bunnyhop/steps"
)

// TestReviewOfADataModel decides a data model's changes as a person does, in a
// real program on the real engine.
func TestReviewOfADataModel(t *testing.T) {
	s := newScript()
	gate := modelReview()
	s.changes = &gate
	d := drive(t, s.options(project(t)))
	d.Sees("Upgrade to 11.17.4").Press("enter").Sees("Which version?").Press("enter")
	d.Sees("2 warnings to acknowledge").Press("space", "space", "enter").Sees("13 to decide", "3 fixed", "302 differences are noise")
	d.Press("u").Sees("u: nothing was decided that could be taken back")
	d.Press("enter").Sees("enter: 13 changes are not decided; ] goes to the next")
	d.Press("]").Sees("▌   ? + name").Press("space").Sees("also accepted, since this needs it: table authors; u takes it back", "2 accepted")
	d.Press("[", "u").Sees("taken back for 2 changes: table authors, authors.name", "13 to decide")
	d.Press("A").Sees("8 accepted", "5 changes are not safe and still to be decided", "5 to decide")
	d.Press("A").Sees("A: no undecided change is safe")
	d.Press("home", "r").Sees("authors: 2 rejected, and 2 more that need these: posts.author and 1 more; u takes it back", "4 rejected")
	d.Press("u").Sees("taken back for 4 changes", "0 rejected")
	d.Press("]").Sees("▌   ? − table old_comments", "! rows", "48,211 · lost by this").Press("r").Sees("1 rejected")
	d.Press("f").Sees("only undecided: 4 of 16 changes").Sees("▌   ? ± body").Press("tab").Sees("▌ ▸ posts").Press("a")
	d.Sees("posts: 4 accepted, 2 destructive; u takes it back", "0 to decide")
	d.Press("esc").Gone("only undecided").Press("]").Sees("]: every change is decided; enter goes on").Press("enter").Sees("Upgrade done")
	want := change.Recommended(gate.Changes)
	for _, id := range []string{"field posts.body", "field posts.title schema.max_length", "field posts.teaser schema.is_nullable", "field posts.legacy_id"} {
		want[id] = true
	}
	if diff := cmp.Diff(want, s.answered["review"].Decisions); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}

func (p *playhouse) reviewing(gate steps.Gate) *reviewScreen {
	p.t.Helper()
	p.until("review")
	p.events(steps.GateOpened{Step: "review", Gate: gate})
	s, ok := p.a.gate.(*reviewScreen)
	if !ok {
		p.t.Fatalf("no review: %v", p.a.gate)
	}
	return s
}

// find is where a text stands on the screen.
func (p *playhouse) find(text string) (x, y int) {
	p.t.Helper()
	for y, line := range strings.Split(p.screen(), "\n") {
		if before, _, ok := strings.Cut(line, text); ok {
			return ansi.StringWidth(before), y
		}
	}
	p.t.Fatalf("%q is not on the screen:\n%s", text, p.screen())
	return 0, 0
}

func (p *playhouse) click(text string) {
	p.t.Helper()
	x, y := p.find(text)
	p.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
}

func (p *playhouse) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if screen := p.screen(); !strings.Contains(screen, text) {
			p.t.Fatalf("%q is not on the screen:\n%s", text, screen)
		}
	}
}

func TestReviewWithTheMouse(t *testing.T) {
	for _, size := range append(sizes, struct{ w, h int }{58, 24}) {
		t.Run(fmt.Sprintf("%dx%d", size.w, size.h), func(t *testing.T) {
			p := newPlayhouse(t, size.w, size.h, unicodeGlyphs)
			s := p.reviewing(modelReview())
			if p.a.View().MouseMode != tea.MouseModeCellMotion {
				t.Error("the mouse is off")
			}
			p.click("table old_comments")
			p.sees("▌   ? − table old_comments")
			p.click("? − table old_comments")
			p.sees("▌   ● − table old_comments", "1 accepted")
			p.click("● − table old_comments")
			p.sees("▌   ○ − table old_comments", "1 rejected")
			p.click("▾ authors")
			p.sees("▌ ▸ authors")
			p.click("▸ authors")
			p.sees("▌ ▾ authors", "? + name")
			if p.click("▾ posts"); s.here().in.name != "posts" {
				t.Errorf("the cursor is on %+v", s.here())
			}
			p.click("▸ posts")
			x, y := p.find("authors")
			from, at := s.list.from, s.about.from
			p.send(tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown})
			if (s.list.from == from) != (s.list.n <= s.list.rows) || s.about.from != at {
				t.Errorf("the list is at %d, the detail at %d", s.list.from, s.about.from)
			}
			p.screen()
			p.press("/")
			p.typed("old_comments")
			p.press("enter", "down")
			x, y = p.find("deletes the collection old_comments")
			from, at = s.list.from, s.about.from
			p.send(tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown})
			if s.list.from != from || (s.about.from == at) != (len(s.about.lines) <= s.about.h) {
				t.Errorf("the list is at %d, the detail at %d", s.list.from, s.about.from)
			}
			p.press("?")
			if p.a.View().MouseMode != tea.MouseModeNone {
				t.Error("the mouse is on in a dialog")
			}
			p.send(tea.MouseClickMsg{X: 3, Y: 3, Button: tea.MouseLeft})
		})
	}
}

func TestReviewFixedChangesSayWhy(t *testing.T) {
	p := newPlayhouse(t, 200, 60, unicodeGlyphs)
	p.reviewing(modelReview())
	p.click("schema.is_unique")
	p.press("space")
	p.sees("space: cannot be accepted: 3 values stand in more than one row")
	p.click("⊘ ~ meta.required")
	p.sees("cannot be accepted: it needs posts · slug · schema.is_unique, which cannot be accepted")
	p.click("package.json")
	p.sees("◆ cannot be rejected: the new version is installed from it")
	p.press("space")
	p.sees("space: cannot be rejected: the new version is installed from it")
	p.press("up", "up", "up", "f", "f", "f", "f", "f", "f", "f", "f")
	p.sees("only fixed: 3 of 16 changes")
	p.press("f")
	p.sees("13 to decide")
	p.press("F")
	p.sees("only fixed")
}

func TestReviewRefusalNamesWhatStandsInTheWay(t *testing.T) {
	p := newPlayhouse(t, 120, 40, unicodeGlyphs)
	p.reviewing(steps.Gate{ID: "review", Kind: steps.GateReview, Title: "Review", Changes: []change.Change{
		{ID: "a", Group: "g", Title: "one", Requires: []string{"b"}, After: "x"},
		{ID: "b", Group: "g", Title: "two", Blocked: "the table is full"},
		{ID: "c", Group: "g", Title: "three", Locked: "the code needs it", Requires: []string{"d"}},
		{ID: "d", Group: "g", Title: "four"},
	}})
	p.click("one")
	p.press("space")
	p.sees("one cannot be accepted: it needs two, which cannot be accepted: the table is full")
	p.press("n")
	p.sees("n: there is no noise between versions here")
	p.click("four")
	p.press("space")
	p.sees("four cannot be rejected: it is needed by three, which cannot be rejected: the code needs it")
	p.press("a")
	p.sees("! one cannot be accepted: it needs two")
}

func TestReviewFilterFindsCleanedText(t *testing.T) {
	gate := modelReview()
	gate.Changes[5].Title = "ti\x1b[31mtle\u202e · schema.max_length"
	p := newPlayhouse(t, 120, 40, unicodeGlyphs)
	p.reviewing(gate)
	p.press("/")
	p.typed("title max")
	p.sees("1 of 16 changes", "title · schema.max_length")
}

func TestReviewLongValuesScroll(t *testing.T) {
	gate := modelReview()
	gate.Changes[6].After = strings.Replace(choicesAfter, "\"#6644FF\"", "\""+strings.Repeat("very long ", 12000)+"the end\"", 1)
	p := newPlayhouse(t, 80, 24, unicodeGlyphs)
	s := p.reviewing(gate)
	p.press("/")
	p.typed("options")
	p.press("enter", "down")
	p.sees("more")
	for range len(s.about.lines) {
		p.press("pgdown")
		p.screen()
	}
	p.sees("kB more are not shown here", "above")
}

// TestReviewCounts decides, undoes, folds and filters at random: the counts
// that are kept are those that there are, and the cursor is never lost.
func TestReviewCounts(t *testing.T) {
	keys := []string{
		"space", "a", "r", "A", "R", "u", "u", "]", "[", "f", "F", "esc", "tab", "left", "right", "down", "up", "down", "up", "home", "end", "d", "n", "/", "p", "o",
		"enter", "pgdown", "g", "G", "?",
	}
	rapid.Check(t, func(rt *rapid.T) {
		gate := modelReview()
		for i := range gate.Changes {
			gate.Changes[i].Requires = nil
			for _, need := range rapid.SliceOfN(rapid.IntRange(0, len(gate.Changes)-1), 0, 2).Draw(rt, "requires") {
				gate.Changes[i].Requires = append(gate.Changes[i].Requires, gate.Changes[need].ID)
			}
		}
		p := newPlayhouse(t, 80, 24, unicodeGlyphs)
		s := p.reviewing(gate)
		for _, k := range rapid.SliceOfN(rapid.SampledFrom(keys), 1, 25).Draw(rt, "keys") {
			p.press(k)
			p.screen()
			n := s.review.Count()
			if diff := cmp.Diff(tally{n.Open, n.Accepted, n.Rejected, n.Locked, n.Blocked}, s.tree.total); diff != "" {
				rt.Fatalf("after %s (-there is +kept):\n%s", k, diff)
			}
			var groups tally
			for _, group := range s.tree.groups {
				for state, n := range group.tally {
					groups[state] += n
				}
			}
			if groups != s.tree.total {
				rt.Fatalf("after %s the groups have %v, all %v", k, groups, s.tree.total)
			}
			safe := 0
			for i, ch := range gate.Changes {
				if _, decided := s.review.State(i); !decided && !ch.Fixed() && ch.Risk == change.Safe {
					safe++
				}
			}
			if safe != s.tree.safe {
				rt.Fatalf("after %s %d are safe, kept %d", k, safe, s.tree.safe)
			}
			if len(s.rows) > 0 && (s.list.at < 0 || s.list.at >= len(s.rows)) {
				rt.Fatalf("after %s the cursor is at %d of %d", k, s.list.at, len(s.rows))
			}
		}
	})
}

// TestAccessibleReview decides a data model line by line.
func TestAccessibleReview(t *testing.T) {
	s := newScript()
	gate := modelReview()
	s.changes = &gate
	opts := s.options(project(t))
	opts.First = &Job{Kind: JobUpgrade}
	var out bytes.Buffer
	in := strings.Join([]string{
		"", "y", "y",
		"a", "u", // the table authors, taken back
		"r",      // it again: its fields go with it
		"r",      // the table old_comments
		"a",      // posts.body
		"A", "u", // all that is left of posts, taken back
		"r",      // posts.title
		"A", "a", // all that is left of posts, then site
	}, "\n") + "\n"
	result, err := runAccessible(context.Background(), opts, strings.NewReader(in), &out)
	if err != nil || result == nil || result.Status != steps.Done {
		t.Fatalf("got %+v, %v\n%s", result, err, out.String())
	}
	for _, want := range []string{
		"302 differences are noise between versions; nothing is asked about them:", "  214: one version does not have the attribute",
		"authors: 2 changes, 2 to be decided, the worst is safe", "A or R for all 2 that are left in authors", "u to take the last decision back", "Taken back: table authors",
		"With it rejected: authors.name, posts.author, posts.author -> authors",
		"old_comments: table old_comments (deleted, destructive)", "seen: rows: 48,211; lost by this", "before        255", "after         100",
		"6 accepted: posts.title · schema.max_length, posts.status · meta.options, posts.teaser · meta.note and 3 more",
		"Cannot be accepted: 3 values stand in more than one row", "Cannot be rejected: the new version is installed from it",
	} {
		if !strings.Contains(strings.ReplaceAll(out.String(), "→", "->"), want) {
			t.Errorf("it was not said: %s\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("there are control sequences in it")
	}
	d := s.answered["review"].Decisions
	for id, want := range map[string]bool{
		"collection authors": false, "field authors.name": false, "field posts.author": false, "collection old_comments": false, "field posts.body": true,
		"field posts.title schema.max_length": false, "field posts.legacy_id": true, "collection site meta.note": true, "file:package.json": true,
		"field posts.slug schema.is_unique": false,
	} {
		if d[id] != want {
			t.Errorf("%s: %v", id, d[id])
		}
	}
}
