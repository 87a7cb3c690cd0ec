package tui

import (
	"strings"
	"testing"

	"bunnyhop/steps/facts"
)

func TestPathsAreWrappedBetweenTheirElements(t *testing.T) {
	for in, want := range map[string]string{
		"/var/backups/bunnyhop/news/20261121-060814-upgrade":      "/var/backups/bunnyhop/news/|20261121-060814-upgrade",
		"kept in /srv/.bunnyhop-news/20261121-060814-upgrade now": "kept in /srv/.bunnyhop-news/|20261121-060814-upgrade now",
		"it is in /srv/bunny-hop/data and stays":                  "it is in /srv/bunny-hop/data|and stays",
		"put back: bunnyhop restore 20261121-a1b2c3":              "put back: bunnyhop restore|20261121-a1b2c3",
		"it is said to be in /srv/bunny-hop/data":                 "it is said to be in|/srv/bunny-hop/data",
		"20261001-090000-upgrade-a1b2c3-before-restore":           "20261001-090000-upgrade-|a1b2c3-before-restore",
		"/a/20261001-090000-upgrade-a1b2c3-before":                "/a/20261001-090000-upgrade-|a1b2c3-before",
	} {
		if got := strings.Join(wrap(in, 30), "|"); got != want {
			t.Errorf("wrap(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWay(t *testing.T) {
	c := &common{g: unicodeGlyphs}
	for _, one := range []struct {
		target facts.Target
		want   string
	}{
		{facts.Target{From: "10.13.4", To: "11.17.4"}, "10.13.4 → 11.17.4"},
		{facts.Target{From: "11.17.4", To: "11.17.4"}, "11.17.4"}, // a restore
	} {
		if got := c.way(&one.target); got != one.want {
			t.Errorf("%+v: %q, want %q", one.target, got, one.want)
		}
	}
}
