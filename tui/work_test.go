package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/key"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

func TestRate(t *testing.T) {
	var r rate
	at := noon
	if _, ok := r.perSecond(); ok {
		t.Error("a speed without a count")
	}
	for i := range 21 { // 100 a second for two seconds
		r.add(int64(i*10), at.Add(time.Duration(i)*100*time.Millisecond))
	}
	speed, ok := r.perSecond()
	if !ok || speed < 99 || speed > 101 {
		t.Errorf("speed = %v, %v", speed, ok)
	}
	at = at.Add(2 * time.Second)
	for i := range 21 { // then nothing for two: it falls, and not at once
		r.add(200, at.Add(time.Duration(i)*100*time.Millisecond))
	}
	if slow, _ := r.perSecond(); slow > speed*0.8 || slow < speed*0.4 {
		t.Errorf("speed after a pause = %v", slow)
	}
}

func TestProgressLine(t *testing.T) {
	for _, tt := range []struct {
		p    steps.Progress
		want string
	}{
		{steps.Progress{Label: "files", Unit: progress.Bytes, Done: 500_000_000, Total: 1_000_000_000}, "500 MB of 1.0 GB · 250 MB/s · about 2 s left"},
		{steps.Progress{Label: "rows", Unit: progress.Rows, Done: 12_000}, "12,000 rows · 6,000 rows/s"},
		{steps.Progress{Label: "tables", Unit: progress.Tables, Done: 4, Total: 4}, "4 of 4 tables · 2 tables/s"},
	} {
		w := newWork()
		for i := range int64(9) {
			p := tt.p
			p.Done = p.Done * i / 8
			w.progress(p, noon.Add(time.Duration(i)*250*time.Millisecond))
		}
		c := newCommon(unicodeGlyphs)
		if got := w.about(c); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestOutputKeepsTheLastLines(t *testing.T) {
	w, c := newWork(), newCommon(unicodeGlyphs)
	for i := range 700 {
		w.output(fmt.Sprintf("line %d", i))
	}
	if len(w.lines) != keptOutput || w.lines[0] != "line 200" {
		t.Fatalf("kept %d lines from %q", len(w.lines), w.lines[0])
	}
	shown := func() string { return ansi.Strip(strings.Join(w.pane(c, 40, 11), "\n")) }
	if got := shown(); !strings.Contains(got, "line 699") || !strings.Contains(got, "following") {
		t.Errorf("the end is not shown:\n%s", got)
	}
	w.Update(keyPress("pgup"))
	w.output("line 700")
	if got := shown(); strings.Contains(got, "line 700") || !strings.Contains(got, "f follows again") {
		t.Errorf("scrolled up, but the end is shown:\n%s", got)
	}
	w.Update(keyPress("f"))
	if got := shown(); !strings.Contains(got, "line 700") {
		t.Errorf("f does not follow again:\n%s", got)
	}
}

func TestSpans(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "< 0.1 s", 400 * time.Millisecond: "0.4 s", 9940 * time.Millisecond: "9.9 s", 12 * time.Second: "12 s", 125 * time.Second: "2 min 5 s", 62 * time.Minute: "1 h 2 min",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{7 * time.Second: "0:07", 760 * time.Second: "12:40", 3723 * time.Second: "1:02:03"} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestGlyphsFollowTheLocale(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		utf8 bool
	}{
		{map[string]string{"LANG": "de_DE.UTF-8"}, true},
		{map[string]string{"LANG": "C.utf8"}, true},
		{map[string]string{"LANG": "C"}, false},
		{nil, false},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"}, false},
		{map[string]string{"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, true},
	} {
		g := glyphsFor(func(name string) string { return tt.env[name] })
		if got := g.done == unicodeGlyphs.done; got != tt.utf8 {
			t.Errorf("%v: UTF-8 signs = %v", tt.env, got)
		}
	}
}

// TestKeysHaveHelp goes through every scene: each key that a screen names
// says what it does, and no two keys of a screen are the same.
func TestKeysHaveHelp(t *testing.T) {
	for name, play := range scenes {
		p := newPlayhouse(t, 120, 40, unicodeGlyphs)
		play(p)
		seen := map[string]string{}
		for _, group := range p.a.top().FullHelp() {
			for _, b := range group {
				if b.Help().Key == "" || b.Help().Desc == "" {
					t.Errorf("%s: a key without help: %v", name, b.Keys())
				}
				for _, k := range b.Keys() {
					if k == " " {
						t.Errorf("%s: a blank never matches, it is called space", name)
					}
					if other, twice := seen[k]; twice {
						t.Errorf("%s: %s is both %q and %q", name, k, other, b.Help().Desc)
					}
					seen[k] = b.Help().Desc
				}
			}
		}
	}
	if !key.Matches(keyPress("space"), keyMark) {
		t.Error("space does not match")
	}
}
